import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  fillDisk,
  findReasonNotToMount,
  makeDirectory,
  mountSmallDisk,
  removeDirectory,
  unmountSmallDisk,
} from '../log/small-disk.ts';
import { PATIENCE_MS } from '../patience.ts';
import { runCommand, startProcess, waitUntil } from './child-process.ts';
import { type HttplogProcess, startHttplog } from './httplog-process.ts';
import {
  CAPTURING,
  countTypes,
  parseLines,
  parseSummary,
  readLogDirectory,
  waitForLines,
} from './log-lines.ts';
import { ownSettings } from './own-settings.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { keepAliveRequests } from './web-client.ts';
import { useWebScene } from './web-scene.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx');
const noMount = noLive ?? findReasonNotToMount();
const PROGRAM = fileURLToPath(new URL('../../bin/httplog', import.meta.url));
const FAULT_TIMEOUT_MS = PATIENCE_MS;

describe.skipIf(noLive)(titleWithReason('a log that cannot be written', noLive), () => {
  const { hosts } = useWebScene();

  function newDirectory(): string {
    const directory = makeDirectory();
    onTestFinished(() => removeDirectory(directory));
    return directory;
  }

  function newSmallDisk(): string {
    const directory = newDirectory();
    mountSmallDisk(directory);
    onTestFinished(() => unmountSmallDisk(directory));
    return directory;
  }

  async function startDaemon(directory: string): Promise<HttplogProcess> {
    const { namespace, device } = hosts().server;
    const args = ['-i', device, '-d', directory];
    const httplog = await startHttplog({ namespace, args, ready: CAPTURING });
    onTestFinished(async () => void (await httplog.stop()));
    return httplog;
  }

  /** Sends requests to /NAME?n=0 and so on. */
  async function ask(name: string, count: number): Promise<void> {
    const url = `http://${hosts().server.ipv4}/${name}`;
    const report = await keepAliveRequests({ namespace: hosts().client.namespace, url, count });
    expect(report.answered).toBe(count);
  }

  const namesIn = (directory: string) =>
    readLogDirectory(directory)
      .filter(({ type }) => type === 'CQ')
      .map(({ message }) => message.split(/[ ?]/)[1]);

  test.skipIf(noMount)(
    titleWithReason('on a full disk waits, is told once, and is whole when there is room', noMount),
    async () => {
      const directory = newSmallDisk();
      const httplog = await startDaemon(directory);
      await ask('before', 3);
      await waitForLines(() => readLogDirectory(directory), 6);
      const filler = fillDisk(directory, 0);
      // More than the rest of the page that the file has already.
      await ask('meanwhile', 60);
      await httplog.waitForOutput('stderr', /ERROR Cannot write .*no space left/, FAULT_TIMEOUT_MS);
      await ask('still-full', 2);
      rmSync(filler);
      await httplog.waitForOutput('stderr', /INFO .*is written again/, FAULT_TIMEOUT_MS);
      await ask('after', 2);
      const { code, stderr } = await httplog.end();
      expect(code).toBe(0);
      expect(stderr.match(/ERROR/g)).toHaveLength(1);
      expect(stderr).toMatch(/its lines wait for it\. Free some space on the disk that holds/);
      const counts = { '/before': 3, '/meanwhile': 60, '/still-full': 2, '/after': 2 };
      const expected = Object.entries(counts).flatMap(([name, count]) => Array(count).fill(name));
      expect(namesIn(directory)).toEqual(expected);
      const summary = parseSummary(stderr);
      expect(summary).toMatchObject({ dropped: 0, written: 134, linesDropped: 0 });
    },
  );

  test.skipIf(noMount)(
    titleWithReason('until the stop gives lines up: exit 1, and they are counted', noMount),
    async () => {
      const directory = newSmallDisk();
      const httplog = await startDaemon(directory);
      await ask('before', 1);
      await waitForLines(() => readLogDirectory(directory), 2);
      fillDisk(directory, 0);
      await ask('lost', 60);
      await httplog.waitForOutput('stderr', /Cannot write/, FAULT_TIMEOUT_MS);
      // It waits five seconds for the disk.
      const { code, stderr } = await httplog.end();
      expect(code).toBe(1);
      const lines = readLogDirectory(directory);
      const summary = parseSummary(stderr);
      expect(summary.messages).toMatchObject({ CQ: 61, CR: 61 });
      expect(summary.written).toBe(lines.length);
      expect(summary.linesDropped).toBeGreaterThan(0);
      expect(summary.written + summary.linesDropped).toBe(122);
    },
  );

  test('because its directory was removed goes on when the directory is there again', async () => {
    const directory = join(newDirectory(), 'logs');
    mkdirSync(directory);
    const httplog = await startDaemon(directory);
    await ask('before', 1);
    await waitForLines(() => readLogDirectory(directory), 2);
    rmSync(directory, { recursive: true });
    await ask('meanwhile', 1);
    const fault = /ERROR Cannot write .*no such file or directory \(ENOENT\)/;
    await httplog.waitForOutput('stderr', fault, FAULT_TIMEOUT_MS);
    expect(httplog.stderr()).toContain(`Create the directory again with mkdir -p ${directory}`);
    mkdirSync(directory);
    await httplog.waitForOutput('stderr', /is written again/, FAULT_TIMEOUT_MS);
    await ask('after', 1);
    const { code, stderr } = await httplog.end();
    expect(code).toBe(0);
    expect(namesIn(directory)).toEqual(['/meanwhile', '/after']);
    expect(stderr.match(/ERROR/g)).toHaveLength(1);
  });

  test('because it was removed, or moved away, is made anew at once', async () => {
    const directory = newDirectory();
    const httplog = await startDaemon(directory);
    await ask('first', 1);
    const lines = await waitForLines(() => readLogDirectory(directory), 2);
    const file = `http-${lines[0].text.slice(0, 10).replaceAll('-', '')}.log`;
    rmSync(join(directory, file));
    await ask('second', 1);
    await waitForLines(() => readLogDirectory(directory), 2);
    const { code, stderr } = await httplog.end();
    expect(code).toBe(0);
    expect(namesIn(directory)).toEqual(['/second']);
    expect(stderr).not.toMatch(/ERROR|WARN/);
  });

  test('because nobody reads standard output any more ends quietly, exit 0', async () => {
    const { namespace, device } = hosts().server;
    const told = join(newDirectory(), 'stderr');
    const pipeline = `${PROGRAM} ${ownSettings(['-i', device, '-o', '-']).join(' ')} 2>${told} | head -n 1; echo $PIPESTATUS`;
    const piped = runCommand('bash', ['-c', pipeline], { namespace });
    const isReady = () => CAPTURING.test(readIfThere(told));
    await waitUntil('it captures', isReady, FAULT_TIMEOUT_MS);
    let isOver = false;
    const exit = piped.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await ask('piped', 1);
    }
    const [line, status] = (await exit).stdout.split('\n');
    expect(countTypes(parseLines(`${line}\n`))).toEqual({ CQ: 1 });
    expect(status).toBe('0');
    expect(readFileSync(told, 'utf8')).not.toMatch(/ERROR|WARN|EPIPE/);
  });

  test('because the reader of standard output has stopped reading does not hold up a stop for ever', async () => {
    const { namespace, device } = hosts().server;
    const told = join(newDirectory(), 'stderr');
    // More lines than a pipe takes, and nobody who takes them out of it.
    const args = ownSettings(['-i', device, '-o', '-']).join(' ');
    const daemon = `echo $$ >&2; exec ${PROGRAM} ${args} 2>${told}`;
    const pipeline = `sh -c '${daemon}' | (echo $BASHPID; exec sleep 600)`;
    const shell = await startProcess('bash', ['-c', pipeline], { namespace });
    onTestFinished(async () => {
      process.kill(Number(shell.stdout()), 'SIGKILL');
      await shell.stop();
    });
    await waitUntil('it captures', () => CAPTURING.test(readIfThere(told)), FAULT_TIMEOUT_MS);
    await ask('nobody-reads', 1000);
    const pid = Number(shell.stderr());
    process.kill(pid, 'SIGTERM');
    await waitUntil('httplog ends', () => !existsSync(`/proc/${pid}`), FAULT_TIMEOUT_MS);
    const { messages, written, linesDropped } = parseSummary(readFileSync(told, 'utf8'));
    expect(messages).toMatchObject({ CQ: 1000, CR: 1000 });
    expect(linesDropped).toBeGreaterThan(0);
    expect(written + linesDropped).toBe(2000);
  });
});

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
