import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { findDaemon } from '../../src/admin/process.ts';
import { startProcess } from '../live/child-process.ts';
import { createWorkplace, type Workplace } from './start-script.ts';

const PROGRAM = 'src/cli/httplog.ts';
const COMPILED = 'dist/cli/httplog.js';
const OTHER = 'src/cli/other.js';

let place: Workplace;

beforeEach(() => {
  place = createWorkplace();
});

afterEach(() => place.remove());

/** A process of Node with that command line, in which the names of programs are paths. */
async function startNode(words: readonly string[]): Promise<number> {
  for (const name of [PROGRAM, COMPILED, OTHER]) {
    const path = join(place.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'setInterval(() => {}, 1000);\n');
  }
  const args = words.map((word) => (word.includes('/') ? join(place.folder, word) : word));
  const node = await startProcess(process.execPath, args);
  onTestFinished(async () => void (await node.stop()));
  return node.pid;
}

test.each([
  ['this version', ['--disable-sigusr1', PROGRAM, 'run', '-i', 'lo'], true],
  ['this version, compiled', ['--disable-sigusr1', COMPILED, 'run'], true],
  ['the versions before', [PROGRAM, 'run', '-i', 'lo'], true],
  [
    'this version with more options of Node',
    ['--no-warnings', '--expose-gc', PROGRAM, 'run'],
    true,
  ],
  ['another command of httplog', ['--disable-sigusr1', PROGRAM, 'replay', 'run'], false],
  ['httplog with an option before the command', [PROGRAM, '-v', 'run'], false],
  ['no command', ['--disable-sigusr1', PROGRAM], false],
  ['another program that is told of httplog', ['--disable-sigusr1', OTHER, PROGRAM, 'run'], false],
])('start script and status know a daemon by its command line: %s', async (_, words, isDaemon) => {
  const pid = await startNode(words);
  writeFileSync(place.pidFile, `${pid}\n`);
  expect((await place.script(['status'])).code).toBe(isDaemon ? 0 : 3);
  expect(findDaemon(place.pidFile)?.pid).toBe(isDaemon ? pid : undefined);
});
