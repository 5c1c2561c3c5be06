import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findReasonNotToMount } from '../log/small-disk.ts';
import { PATIENCE_MS } from '../patience.ts';
import { type HttplogProcess, runHttplog, startHttplog } from './httplog-process.ts';
import { CAPTURING, makeLogDirectory, removeLogDirectory } from './log-lines.ts';
import { canCaptureLive, titleWithReason } from './requirements.ts';

const CAPTURE = fileURLToPath(new URL('../fixtures/pcaps/browser.pcap', import.meta.url));
const noLive = canCaptureLive();
/** Starts of several processes, on a machine that may have much else to do. */
const TIMEOUT_MS = 3 * PATIENCE_MS;
const noMount = findReasonNotToMount();

function newDirectory(): string {
  const directory = makeLogDirectory();
  onTestFinished(() => removeLogDirectory(directory));
  return directory;
}

/** Nothing talks to that port: it is the start alone that is looked at. */
const liveArgs = (...args: string[]) => ['-i', 'lo', '-p', '1', ...args];

async function start(...args: string[]): Promise<HttplogProcess> {
  const httplog = await startHttplog({ args: liveArgs(...args), ready: CAPTURING });
  onTestFinished(async () => void (await httplog.stop()));
  return httplog;
}

const startToEnd = (...args: string[]) => runHttplog(liveArgs(...args));

/** It is told who writes there, and ends with exit code 1. */
async function expectRefused(first: HttplogProcess, args: string[], place: string, option = '-d') {
  const { code, stderr } = await startToEnd(...args);
  expect(stderr).toBe(
    `httplog: Another httplog, pid ${first.pid}, writes to ${place}\n` +
      `  Stop that one first, or name another place with ${option}\n`,
  );
  expect(code).toBe(1);
  expect(first.hasExited()).toBe(false);
}

describe.skipIf(noLive)(titleWithReason('two daemons', noLive), { timeout: TIMEOUT_MS }, () => {
  test('do not write the daily files of one directory, by whatever name it is called', async () => {
    const [directory, other] = [newDirectory(), newDirectory()];
    const first = await start('-d', directory);
    await expectRefused(first, ['-d', directory], `daily files *.log in ${directory}`);
    const link = join(other, 'link');
    symlinkSync(directory, link);
    await expectRefused(first, ['-d', link], `daily files *.log in ${link}`);
    const second = ['--output', `path=${directory}/`];
    await expectRefused(first, second, `daily files *.log in ${directory}/`, '--output');
    expect((await first.end()).code).toBe(0);
    expect(readdirSync(directory)).toEqual([]);
    expect((await (await start('-d', directory)).end()).code).toBe(0);
  });

  test.skipIf(noMount)('are noticed through a bind mount', async () => {
    const [directory, other] = [newDirectory(), newDirectory()];
    execFileSync('mount', ['--bind', directory, other]);
    onTestFinished(() => void execFileSync('umount', ['-l', other]));
    const first = await start('-d', directory);
    await expectRefused(first, ['-d', other], `daily files *.log in ${other}`);
  });

  test('write different formats into one directory', async () => {
    const directory = newDirectory();
    const first = await start('-d', directory);
    const second = await start('-d', directory, '--format', 'json');
    await expectRefused(
      second,
      ['-d', directory, '--format', 'json'],
      `daily files *.json in ${directory}`,
    );
    expect((await first.end()).code).toBe(0);
    expect((await second.end()).code).toBe(0);
  });

  test('one that was killed keeps nobody away', async () => {
    const directory = newDirectory();
    await (await start('-d', directory)).end('SIGKILL');
    const next = await start('-d', directory);
    await expectRefused(next, ['-d', directory], `daily files *.log in ${directory}`);
    expect((await next.end()).code).toBe(0);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('do not write one file, nor one database; a named pipe has as many writers as it likes', async () => {
    const directory = newDirectory();
    const [file, database, pipe] = ['out.log', 'out.sqlite', 'pipe'].map((name) =>
      join(directory, name),
    );
    const first = await start('--output', `path=${file}`, '--output', `sqlite=${database}`);
    await expectRefused(first, ['-o', file], file, '-o');
    await expectRefused(first, ['--output', `sqlite=${database}`], database, '--output');
    execFileSync('mkfifo', [pipe]);
    await start('-o', pipe);
    await start('-o', pipe);
    expect((await first.end()).code).toBe(0);
    expect(readdirSync(directory)).toEqual(['pipe']);
  });

  test('a replay does not write where a daemon does, and needs no lock of its own', async () => {
    const directory = newDirectory();
    const logs = join(directory, 'logs');
    mkdirSync(logs);
    const replay = (...args: string[]) => runHttplog(['replay', CAPTURE, ...args]);
    const first = await start('-d', logs);
    const refused = await replay('-d', logs);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      `httplog: Another httplog, pid ${first.pid}, writes to daily files *.log in ${logs}\n`,
    );
    expect(readdirSync(logs)).toEqual(['.http-log.lock']);
    await first.end();
    expect((await replay('-d', logs)).code).toBe(0);
    // What a killed daemon has left is no lock.
    writeFileSync(join(logs, '.http-log.lock'), '');
    expect((await replay('-d', logs)).code).toBe(0);
  });
});
