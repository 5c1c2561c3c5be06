import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DateTime } from 'luxon';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openServiceLog } from '../../src/daemon/service-log.ts';
import { formatServiceLogLine } from '../../src/daemon/service-log-line.ts';
import {
  fillDisk,
  findReasonNotToMount,
  makeDirectory,
  mountSmallDisk,
  removeDirectory,
  unmountSmallDisk,
} from '../log/small-disk.ts';
import { PATIENCE_MS } from '../patience.ts';
import type { ServiceLogTask } from './service-log-main.ts';

const NOBODY_UID = 65534;
/** Exit code of service-log-main.ts. */
const TOO_LATE = 75;
const MAIN_PATH = join(import.meta.dirname, 'service-log-main.ts');
const REASON_NOT_TO_MOUNT = findReasonNotToMount();
const reason = REASON_NOT_TO_MOUNT === undefined ? '' : ` [skipped: ${REASON_NOT_TO_MOUNT}]`;
const TIME = String.raw`2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}`;

let directory = '';
beforeEach(() => {
  directory = makeDirectory();
});
afterEach(() => removeDirectory(directory));

function speak(
  task: Partial<ServiceLogTask>,
  redirection = '',
): { stderr: string; status: number } {
  const { stderr, status } = spawnSync(
    'bash',
    [
      '-c',
      `"$0" "$1" "$2" ${redirection}`,
      process.execPath,
      MAIN_PATH,
      JSON.stringify({ messageCount: 0, quiet: false, ...task }),
    ],
    { encoding: 'utf8', timeout: PATIENCE_MS },
  );
  return { stderr, status: status ?? -1 };
}

function removeFiles(): void {
  for (const name of readdirSync(directory)) {
    rmSync(join(directory, name));
  }
}

function readRecords(): Array<Record<string, unknown>> {
  return readdirSync(directory)
    .filter((name) => name.startsWith('httplog-service.'))
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').trimEnd().split('\n'))
    .map((line) => JSON.parse(line));
}

const notRoot = process.getuid?.() === 0 ? '' : ' [skipped: not root]';

describe('openServiceLog: files of another user', () => {
  const today = `httplog-service.${DateTime.now().toFormat('yyyy-MM-dd')}.1.jsonl`;

  test.skipIf(notRoot !== '')(
    `a link in a directory of theirs leads root nowhere${notRoot}`,
    async () => {
      const victim = join(directory, 'victim');
      const theirs = join(directory, 'theirs');
      mkdirSync(theirs);
      symlinkSync(victim, join(theirs, today));
      chownSync(theirs, NOBODY_UID, NOBODY_UID);
      await expect(openServiceLog({ directory: theirs, quiet: false })).rejects.toMatchObject({
        exitCode: 4,
        message: `Other users may write directory ${theirs} of the service log`,
      });
      // What was put there before the directory was taken from them stays what it is.
      chownSync(theirs, 0, 0);
      await expect(openServiceLog({ directory: theirs, quiet: false })).rejects.toMatchObject({
        exitCode: 4,
        message: `${join(theirs, today)} is a link, no file, or another user's`,
      });
      expect(existsSync(victim)).toBe(false);
    },
  );

  test.each([0o777, 0o1777])('a directory of mode %o is refused', async (mode) => {
    chmodSync(directory, mode);
    await expect(openServiceLog({ directory, quiet: false })).rejects.toMatchObject({
      exitCode: 4,
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('a second name of a file of ours is none of the service log', async () => {
    const other = join(directory, 'other');
    writeFileSync(other, '');
    linkSync(other, join(directory, today));
    await expect(openServiceLog({ directory, quiet: false })).rejects.toMatchObject({
      exitCode: 4,
    });
    expect(readFileSync(other, 'utf8')).toBe('');
  });
});

describe('openServiceLog: standard error', () => {
  test('a message is one readable line with its fields', () => {
    const { stderr, status } = speak({ messageCount: 1 });
    expect(status).toBe(0);
    const lines = stderr.split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(new RegExp(`^${TIME} INFO  Capturing number=0$`));
    expect(lines[1]).toMatch(
      new RegExp(`^${TIME} WARN  Dropped by the kernel packets=3 interface="eth 0"$`),
    );
    expect(lines[2].slice(24)).toBe(
      String.raw`ERROR A name of "two"\u000alines name=\u001b[31mred\u009b isUp=false`,
    );
  });

  test('quiet leaves warnings and errors', () => {
    const { stderr } = speak({ messageCount: 5, quiet: true });
    expect(stderr.match(/ (INFO|WARN|ERROR) /g)).toEqual([' WARN ', ' ERROR ']);
  });

  test('nothing is lost when the process ends at once', () => {
    const { stderr } = speak({ messageCount: 2000, exitAtOnce: true });
    expect(stderr.split('\n')).toHaveLength(2003);
  });

  for (const [name, redirection] of [
    ['a full device', '2> /dev/full'],
    ['a reader that has gone', '2> >(exec true)'],
    ['no standard error at all', '2>&-'],
  ]) {
    test(`${name} does not end the process`, () => {
      expect(speak({ messageCount: 50 }, redirection).status).toBe(0);
    });
  }
});

describe('openServiceLog: a directory', () => {
  test('messages are JSON lines in the file of the day, 0640, and none on standard error', () => {
    const { stderr, status } = speak({ directory, messageCount: 1 });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    const now = new Date();
    const day = [now.getFullYear(), now.getMonth() + 1, now.getDate()]
      .map((part) => String(part).padStart(2, '0'))
      .join('-');
    const name = `httplog-service.${day}.1.jsonl`;
    expect(readdirSync(directory)).toEqual([name]);
    expect(statSync(join(directory, name)).mode & 0o777).toBe(0o640);
    expect(readRecords()).toMatchObject([
      { level: 'info', msg: 'Capturing', number: 0 },
      { level: 'warn', msg: 'Dropped by the kernel', packets: 3, interface: 'eth 0' },
      { level: 'error', msg: 'A name of "two"\nlines', isUp: false },
    ]);
    expect(Object.keys(readRecords()[0])).toEqual(['level', 'time', 'pid', 'number', 'msg']);
  });

  test('a second start goes on in the same file, also beside the log of the traffic', () => {
    writeFileSync(join(directory, 'http-20261121.log'), '');
    speak({ directory, quiet: true });
    speak({ directory, quiet: true });
    const names = readdirSync(directory).filter((name) => name.startsWith('httplog-service.'));
    expect(names).toHaveLength(1);
    expect(names[0]).toMatch(/\.1\.jsonl$/);
    expect(readRecords()).toHaveLength(4);
  });

  test('nothing is lost when the process ends at once', () => {
    speak({ directory, messageCount: 2000, exitAtOnce: true });
    expect(readRecords()).toHaveLength(2002);
  });

  test('a missing directory is exit code 3, one in whose place is a file 2', async () => {
    const missing = join(directory, 'missing');
    await expect(openServiceLog({ directory: missing, quiet: false })).rejects.toMatchObject({
      message: `Directory ${missing} does not exist`,
      hint: `Create it with mkdir -p ${missing}, or name another one with --service-log`,
      exitCode: 3,
    });
    writeFileSync(missing, '');
    await expect(openServiceLog({ directory: missing, quiet: false })).rejects.toMatchObject({
      exitCode: 2,
    });
    rmSync(missing);
  });

  test('a directory that this user may not write is exit code 4', () => {
    chmodSync(directory, 0o555);
    const user = process.getuid?.() === 0 ? { uid: NOBODY_UID } : {};
    expect(speak({ directory, ...user }).status).toBe(4);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('a new file begins at midnight', () => {
    // Earlier where the machine was too busy to begin in time.
    let beforeMidnightMs = 1000;
    let spoken = speak({ directory, beforeMidnightMs });
    while (spoken.status === TOO_LATE) {
      removeFiles();
      beforeMidnightMs *= 3;
      spoken = speak({ directory, beforeMidnightMs });
    }
    expect(spoken).toEqual({ stderr: '', status: 0 });
    expect(readdirSync(directory).sort()).toEqual([
      'httplog-service.2026-11-21.1.jsonl',
      'httplog-service.2026-11-22.1.jsonl',
    ]);
    expect(readRecords().map(({ msg }) => msg)).toEqual([
      'Dropped by the kernel',
      'A name of "two"\nlines',
      'A new day',
    ]);
  });

  test('a path that pino-roll does not take is one clear error', async () => {
    const odd = join(directory, 'a:b');
    spawnSync('mkdir', [odd]);
    await expect(openServiceLog({ directory: odd, quiet: false })).rejects.toMatchObject({
      code: 'HTTPLOG_SERVICE_LOG',
      exitCode: 1,
    });
  });

  test.skipIf(REASON_NOT_TO_MOUNT !== undefined)(
    `a full disk is said once on standard error and holds nothing up${reason}`,
    () => {
      mountSmallDisk(directory);
      try {
        fillDisk(directory, 0);
        const { stderr, status } = speak({ directory, messageCount: 100 });
        expect(status).toBe(0);
        expect(stderr).toBe('Cannot write the service log: no space left on device (ENOSPC)\n');
      } finally {
        unmountSmallDisk(directory);
      }
    },
  );
});

describe('formatServiceLogLine', () => {
  const format = (fields: object): string =>
    formatServiceLogLine(
      JSON.stringify({
        level: 'info',
        time: new Date(2026, 10, 21, 8, 0, 5, 7),
        pid: 1,
        ...fields,
      }),
    );

  test('time is local, to the millisecond', () => {
    expect(format({ msg: 'Started' })).toBe('2026-11-21 08:00:05.007 INFO  Started\n');
  });

  test('a value is quoted when it could be taken for more than one', () => {
    const fields = { a: 'x y', b: 'x=y', c: 'x"y', d: '', e: 'x/y:z', f: 1.5, g: true };
    expect(format({ ...fields, msg: 'M' })).toMatch(
      / M a="x y" b="x=y" c="x\\"y" d="" e=x\/y:z f=1.5 g=true\n$/,
    );
  });
});
