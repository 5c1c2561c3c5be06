import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { runChecked, startProcess, waitUntil } from '../live/child-process.ts';
import { titleWithReason } from '../live/requirements.ts';
import { PATIENCE_MS } from '../patience.ts';
import { PROJECT } from '../structure/source-files.ts';
import { createWorkplace, START_SCRIPT } from './start-script.ts';

const PROGRAM = join(PROJECT, 'bin/httplog');
const notRoot = process.getuid?.() === 0 ? undefined : 'not root';
/** Of nobody on this machine. */
const OWN_ID = '64321';
/** Programs that the scripts call by their names. */
const CALLED = ['readlink', 'id', 'dirname', 'node', 'sed', 'flock', 'cat', 'grep', 'setsid'];

let folder: string;
/** Touched by whatever of the environment is run. */
let trace: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'httplog-environment-'));
  chmodSync(folder, 0o755);
  trace = join(folder, 'trace');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** An environment that a start would run code of, if it took it over. */
function hostileEnvironment(): Record<string, string> {
  const evil = join(folder, 'evil');
  const home = join(folder, 'home');
  mkdirSync(join(home, '.node_modules/@napi-rs/nice'), { recursive: true });
  mkdirSync(evil);
  for (const name of CALLED) {
    writeFileSync(join(evil, name), `#!/bin/sh\necho ${name} >>'${trace}'\nexit 1\n`);
    chmodSync(join(evil, name), 0o755);
  }
  const preload = join(folder, 'preload.cjs');
  const source = `require('fs').appendFileSync(${JSON.stringify(trace)}, 'preload\\n');`;
  writeFileSync(preload, source);
  writeFileSync(join(home, '.node_modules/@napi-rs/nice/index.js'), source);
  return {
    PATH: `${evil}:${process.env.PATH}`,
    HOME: home,
    NODE_OPTIONS: `--require ${preload}`,
    NODE_PATH: join(home, '.node_modules'),
    NODE_COMPILE_CACHE: join(folder, 'cache'),
    NODE_V8_COVERAGE: join(folder, 'coverage'),
    NODE_REPL_EXTERNAL_MODULE: preload,
    OPENSSL_CONF: join(folder, 'openssl.cnf'),
    GCONV_PATH: evil,
    LD_LIBRARY_PATH: evil,
    ENV: preload,
    BASH_ENV: preload,
    // Functions of bash, which it takes over as sh, too.
    'BASH_FUNC_readlink%%': `() { echo function >>'${trace}'; }`,
    'BASH_FUNC_id%%': `() { echo function >>'${trace}'; echo 1000; }`,
    'BASH_FUNC_declare%%': `() { echo function >>'${trace}'; }`,
    LINES_OF_IT: 'one\nPATH=/evil\nprogram=/evil\nUID=1\nx y=z',
  };
}

/** What `sh` is on other distributions. */
async function runAsBash(args: string[], env: Record<string, string>): Promise<string> {
  const child = spawn('/bin/bash', args, { argv0: 'sh', env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await once(child, 'close');
  return output;
}

/** The variables that a process was started with. */
function environmentOf(pid: number): Map<string, string> {
  const pairs = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
  return new Map(pairs.map((pair) => pair.split(/=(.*)/s) as [string, string]));
}

/** httplog, once it is Node and waits. */
async function startWaiting(command: string, before: string[], env: Record<string, string>) {
  const pipe = join(folder, 'pipe');
  await runChecked('mkfifo', ['-m', '666', pipe]);
  const args = [...before, 'replay', pipe, '-o', '/dev/null'];
  const httplog = await startProcess(command, args, { env });
  onTestFinished(async () => void (await httplog.stop()));
  const isNode = () => /httplog\.[jt]s/.test(readFileSync(`/proc/${httplog.pid}/cmdline`, 'utf8'));
  await waitUntil('the shell has become node', isNode, PATIENCE_MS);
  return httplog;
}

describe.skipIf(notRoot)(titleWithReason('the environment of a start as root', notRoot), () => {
  test('runs nothing of it, and keeps what httplog looks at', async () => {
    const kept = {
      HTTPLOG_QUIET: 'true',
      NOTIFY_SOCKET: '/run/no-such',
      TZ: 'Asia/Seoul',
      LANG: 'C.UTF-8',
      NO_COLOR: '1',
      XDG_RUNTIME_DIR: folder,
    };
    const httplog = await startWaiting(PROGRAM, [], { ...hostileEnvironment(), ...kept });
    const environment = environmentOf(httplog.pid);
    const allowed = [...Object.keys(kept), 'PATH', 'PWD', 'TERM', 'NODE_COMPILE_CACHE'];
    expect([...environment.keys()].filter((name) => !/^(HTTPLOG|LC)_/.test(name))).toEqual(
      expect.not.arrayContaining(['HOME', 'NODE_OPTIONS', 'NODE_PATH', 'LINES_OF_IT']),
    );
    for (const name of environment.keys()) {
      expect(allowed.includes(name) || /^(HTTPLOG|LC)_|^(_|COLORTERM)$/.test(name), name).toBe(
        true,
      );
    }
    expect(Object.fromEntries(environment)).toMatchObject(kept);
    expect(environment.get('PATH')).toMatch(/^\/usr\/sbin:/);
    expect(environment.get('NODE_COMPILE_CACHE') ?? '').not.toContain(folder);
    expect(existsSync(trace)).toBe(false);
  });

  test('is told where it would have loaded code', async () => {
    const httplog = await startWaiting(PROGRAM, [], hostileEnvironment());
    await httplog.stop();
    const names = ['LD_LIBRARY_PATH', 'NODE_OPTIONS', 'NODE_PATH', 'OPENSSL_CONF'];
    const [said] = httplog.stderr().split('\n');
    expect(said).toMatch(/^httplog: not taken from the environment at a start as root: /);
    expect(said.split(': ')[2].split(' ').sort()).toEqual(names);
  });

  test('leaves no function of bash, where that is sh', async () => {
    const env = hostileEnvironment();
    expect(await runAsBash([PROGRAM, '-v'], env)).toMatch(/^httplog \d/);
    expect(
      await runAsBash([START_SCRIPT, 'status'], { ...env, HTTPLOG_PIDFILE: '/run/x.pid' }),
    ).toBe('');
    expect(existsSync(trace)).toBe(false);
  });

  test('runs nothing of it in the start script either', async () => {
    const place = createWorkplace();
    onTestFinished(() => place.remove());
    const env = hostileEnvironment();
    expect((await place.script(['status'], { env })).code).toBe(3);
    expect((await place.script(['start', '-i', 'no-such-device'], { env })).code).toBe(3);
    expect(existsSync(trace)).toBe(false);
  });
});

test('others than root keep their environment, NODE_OPTIONS included', async () => {
  const preload = join(folder, 'own.cjs');
  writeFileSync(preload, '');
  chmodSync(preload, 0o644);
  // Where the checkout is, not everybody may be.
  const copy = join(folder, 'copy');
  mkdirSync(join(copy, 'src/cli'), { recursive: true });
  // Without the packages of sources these are not begun.
  mkdirSync(join(copy, 'node_modules/pino'), { recursive: true });
  cpSync(join(PROJECT, 'bin'), join(copy, 'bin'), { recursive: true });
  writeFileSync(join(copy, 'src/cli/httplog.ts'), 'setInterval(() => {}, 1000);\n');
  const env = { NODE_OPTIONS: `--require ${preload}`, OWN: 'kept' };
  const become =
    notRoot === undefined ? ['setpriv', `--reuid=${OWN_ID}`, '--clear-groups'] : ['env'];
  const [command, ...words] = [...become, join(copy, 'bin/httplog')];
  const httplog = await startWaiting(command, words, env);
  expect(Object.fromEntries(environmentOf(httplog.pid))).toMatchObject({
    ...env,
    PATH: process.env.PATH,
  });
});
