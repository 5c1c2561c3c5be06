import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { startProcess, waitUntil } from '../live/child-process.ts';
import { canCaptureLive, missingTool, titleWithReason } from '../live/requirements.ts';
import { PATIENCE_MS } from '../patience.ts';
import { PROJECT } from '../structure/source-files.ts';
import { createWorkplace, isRunning, type Workplace } from './start-script.ts';

const notRoot = process.getuid?.() === 0 ? undefined : 'not root';
const noAttack = notRoot ?? missingTool('setpriv', 'flock');
const noStart = noAttack ?? canCaptureLive();
/** Of nobody on this machine: who owns the log directory and means harm. */
const ATTACKER = 64_321;
/** Linux: a descriptor of a file that one may not read. */
const O_PATH = 0o10000000;

let place: Workplace;
let script: Workplace['script'];
/** What is root's, and must stay as it is. */
let victim: string;
let theirs: string;

beforeEach(() => {
  place = createWorkplace();
  ({ script } = place);
  chmodSync(place.folder, 0o755);
  const ours = join(place.folder, 'ours');
  mkdirSync(ours, { mode: 0o755 });
  victim = join(ours, 'victim');
  theirs = join(place.folder, 'theirs');
  mkdirSync(theirs);
  chownSync(theirs, ATTACKER, ATTACKER);
});

afterEach(() => place.remove());

/** A process that looks like a daemon, as the attacker, and does what that source says. */
async function startLookalike(source: string): Promise<number> {
  const program = join(place.folder, 'cli/httplog.js');
  mkdirSync(dirname(program));
  writeFileSync(program, `${source}\nsetInterval(() => {}, 1000);\n`);
  const become = [`--reuid=${ATTACKER}`, `--regid=${ATTACKER}`, '--clear-groups'];
  const child = await startProcess('setpriv', [...become, process.execPath, program, 'run']);
  onTestFinished(async () => void (await child.stop()));
  const isNode = () => readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').includes('httplog.js');
  await waitUntil('it has its command line', isNode, PATIENCE_MS);
  return child.pid;
}

/** Undefined while there is none. */
function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

describe.skipIf(noStart)(titleWithReason('root starts a daemon', noStart), () => {
  const options = ['-i', 'lo', '-p', '65000', '--user', 'root'];

  test.each([
    ['the log directory', () => ['-d', theirs]],
    [
      'the directory of --service-log',
      () => ['-d', join(place.folder, 'logs'), '--service-log', theirs],
    ],
  ])('and follows no link in %s, which another user owns', async (_, places) => {
    symlinkSync(victim, join(theirs, 'httplog-service.out'));
    await script(['start', ...options, ...places()]);
    await script(['stop']);
    expect(existsSync(victim)).toBe(false);
  });

  test('and writes no pid file through a link', async () => {
    writeFileSync(victim, 'precious');
    const pidFile = join(theirs, 'httplog.pid');
    symlinkSync(victim, pidFile);
    const args = ['start', ...options, '-d', place.logs];
    const exit = await script(args, { env: { HTTPLOG_PIDFILE: pidFile } });
    expect(exit).toMatchObject({
      code: 1,
      stdout: '',
      stderr:
        `httplog does not trust its pid file ${pidFile}: others may write its directory, or one` +
        ' above it; name another one in HTTPLOG_PIDFILE\n',
    });
    expect(readFileSync(victim, 'utf8')).toBe('precious');
  });

  test.each(['httplog.pid', 'httplog.out', 'httplog.lock'])(
    'and refuses a link with the name of its own %s',
    async (name) => {
      writeFileSync(victim, 'precious');
      symlinkSync(victim, join(place.folder, name));
      const exit = await script(['start', ...options, '-d', place.logs]);
      expect(exit).toMatchObject({ code: 1, stdout: '' });
      expect(exit.stderr).toBe(
        `httplog does not use ${join(place.folder, name)}: it is a link, no file, or another user's\n`,
      );
      expect(readFileSync(victim, 'utf8')).toBe('precious');
    },
  );

  test('and makes no directory where another user leads it', async () => {
    const target = join(place.folder, 'ours');
    symlinkSync(target, join(theirs, 'link'));
    const exit = await script(['start', ...options, '-d', join(theirs, 'link/deep/logs')]);
    expect(exit.code).toBe(3);
    expect(exit.stderr).toContain('does not exist');
    expect(readdirSync(target)).toEqual([]);
    // A link of root's to theirs is no better.
    symlinkSync(join(theirs, 'link'), join(place.folder, 'own-link'));
    const own = await script(['start', ...options, '-d', join(place.folder, 'own-link/logs')]);
    expect(own.code).toBe(3);
    expect(readdirSync(target)).toEqual([]);
    const direct = await script(['start', ...options, '-d', join(theirs, 'logs')]);
    expect(direct.code).toBe(3);
    expect(readdirSync(theirs)).toEqual(['link']);
  });

  test('and makes one through its own links, and in a directory for everybody', async () => {
    const shared = join(place.folder, 'shared');
    mkdirSync(shared);
    chmodSync(shared, 0o1777);
    symlinkSync(shared, join(place.folder, 'link'));
    const logs = join(place.folder, 'link', 'deep', 'logs');
    expect((await script(['start', ...options, '-d', logs])).stdout).toContain(`created ${logs}\n`);
    expect(existsSync(join(shared, 'deep/logs'))).toBe(true);
  });

  test('and is not kept from it by who has the number of one that was killed', async () => {
    const start = ['start', ...options, '-d', place.logs];
    expect(await script(start)).toMatchObject({ code: 0 });
    const killed = place.readPid();
    process.kill(killed, 'SIGKILL');
    await waitUntil('it has ended', () => !isRunning(killed), PATIENCE_MS);
    const pid = await startLookalike('');
    // The kernel gives numbers out again; here the file stands for that.
    writeFileSync(place.pidFile, `${pid}\n`);
    expect(await script(['status'])).toMatchObject({ code: 3 });
    expect(await script(['stop'])).toMatchObject({ code: 2 });
    expect(isRunning(pid)).toBe(true);
    writeFileSync(place.pidFile, `${pid}\n`);
    expect(await script(start)).toMatchObject({ code: 0 });
    expect(await script(['status'])).toMatchObject({ code: 0 });
    expect(await script(['stop'])).toMatchObject({ code: 0 });
  });
});

describe.skipIf(noAttack)(titleWithReason('root asks for a daemon, or ends it', noAttack), () => {
  test('and kills nothing that a pid file of another user names', async () => {
    const pid = await startLookalike('');
    const pidFile = join(theirs, 'httplog.pid');
    writeFileSync(pidFile, `${pid}\n`);
    const env = { HTTPLOG_PIDFILE: pidFile };
    expect((await script(['stop'], { env })).code).toBe(1);
    expect((await script(['status'], { env })).code).toBe(1);
    // In a directory of root's a file can still be another's.
    writeFileSync(place.pidFile, `${pid}\n`);
    chownSync(place.pidFile, ATTACKER, ATTACKER);
    const exit = await script(['stop']);
    expect(exit.code).toBe(1);
    expect(exit.stderr).toContain(
      `does not use ${place.pidFile}: it is a link, no file, or another`,
    );
    expect(isRunning(pid)).toBe(true);
  });

  test("and reads nothing that only root may, whatever the daemon's standard error is", async () => {
    writeFileSync(victim, 'Capturing on SECRET\n', { mode: 0o600 });
    const path = JSON.stringify(victim);
    const pid = await startLookalike(
      `fs = require('fs'); fs.closeSync(2); fs.openSync(${path}, ${O_PATH});`,
    );
    const secret = () => readLink(`/proc/${pid}/fd/2`) === victim;
    await waitUntil('it has opened the file', secret, PATIENCE_MS);
    writeFileSync(place.pidFile, `${pid}\n`);
    const status = await script(['status']);
    expect(status.code).toBe(0);
    expect(status.stdout + status.stderr).not.toContain('SECRET');
    const stop = await script(['stop']);
    expect(stop.code).toBe(0);
    expect(stop.stdout + stop.stderr).not.toContain('SECRET');
  });

  test('and its terminal gets no sequences of the daemon', async () => {
    const pid = await startLookalike('');
    writeFileSync(place.pidFile, `${pid}\n`);
    writeFileSync(join(place.folder, 'httplog.out'), 'Capturing on \x1b]0;owned\x07\u009blo\n');
    const { stdout } = await script(['status']);
    expect(stdout).toContain('Capturing on ]0;ownedlo\n');
    expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  test('and nobody who may read the program can hold it up', async () => {
    const holder = await startProcess('flock', [join(PROJECT, 'bin/httplog'), 'sleep', '60']);
    onTestFinished(async () => void (await holder.stop()));
    const locks = () => readFileSync('/proc/locks', 'utf8').includes(` ${holder.pid} `);
    await waitUntil('the lock is held', locks, PATIENCE_MS);
    const exit = await script(['start', '-i', 'no-such-device'], {
      env: { HTTPLOG_STOP_SECONDS: '0' },
    });
    expect(exit.code).toBe(3);
  });
});
