import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canCaptureLive } from '../live/requirements.ts';
import { createWorkplace, isRunning, START_SCRIPT, type Workplace } from './start-script.ts';

const SYSTEM_FILE = '/etc/sysconfig/httplog';

let place: Workplace;
let script: Workplace['script'];

beforeEach(() => {
  place = createWorkplace();
  ({ script } = place);
});

afterEach(() => place.remove());

describe('a call that starts nothing', () => {
  test.each([[[]], [['begin']], [['stop', 'now']], [['status', '-v']], [['--help']]])(
    'with %j the usage is printed, exit code 1',
    async (args) => {
      const exit = await script(args);
      expect(exit).toMatchObject({ code: 1, stdout: '' });
      expect(exit.stderr).toContain('{start|restart|force-reload}');
    },
  );

  test('stop ends with 2 and status with 3 when nothing runs', async () => {
    const message = `httplog does not run (pid file ${place.pidFile})\n`;
    expect(await script(['stop'])).toMatchObject({ code: 2, stdout: '', stderr: message });
    expect(await script(['status'])).toMatchObject({ code: 3, stdout: '', stderr: message });
  });

  test.each(['', '\n', 'x\n', '-1\n', '1\n', '999999999\n'])(
    'a pid file with %j is no daemon',
    async (text) => {
      writeFileSync(place.pidFile, text);
      expect((await script(['status'])).code).toBe(3);
      expect((await script(['stop'])).code).toBe(2);
      expect(existsSync(place.pidFile)).toBe(false);
    },
  );

  test('a pid that is another process by now is left alone', async () => {
    const other = spawn('sleep', ['60']);
    try {
      writeFileSync(place.pidFile, `${other.pid}\n`);
      expect((await script(['status'])).code).toBe(3);
      expect((await script(['stop'])).code).toBe(2);
      expect(isRunning(other.pid as number)).toBe(true);
    } finally {
      other.kill();
    }
  });

  test.skipIf(existsSync(SYSTEM_FILE))(
    'a wrong httplog.conf gives every mistake and exit code 2',
    async () => {
      writeFileSync(join(place.folder, 'httplog.conf'), 'HTTPLOG_PORT=htp\nHTTPLOG_SNAPLEN=big\n');
      const exit = await script(['start', '-d', place.logs]);
      expect(exit).toMatchObject({ code: 2, stdout: '' });
      expect(exit.stderr).toMatch(/HTTPLOG_PORT|-p cannot be "htp"/);
      expect(exit.stderr).toMatch(/HTTPLOG_SNAPLEN|-s cannot be "big"/);
      expect(existsSync(place.logs)).toBe(false);
    },
  );

  test('an interface that is not there: the words of httplog and its exit code 3', async () => {
    const exit = await script(['start', '-i', 'no-such-device', '-d', place.logs]);
    expect(exit.code).toBe(3);
    expect(exit.stderr).toContain('Interface no-such-device is not there');
    expect(exit.stderr).toContain('httplog has ended at its start (exit code 3)');
    expect(existsSync(place.pidFile)).toBe(false);
    expect((await script(['status'])).code).toBe(3);
  });

  test('a log directory that cannot be created: the words of httplog, exit code 3', async () => {
    const exit = await script(['start', '-i', 'lo', '-d', '/proc/httplog']);
    expect(exit.code).toBe(3);
    expect(exit.stderr).toContain('Directory /proc/httplog does not exist');
  });

  test('without CAP_NET_RAW: the words of httplog and its exit code 4', async () => {
    const without = [
      '--bounding-set=-net_raw',
      '--inh-caps=-net_raw',
      START_SCRIPT,
      'start',
      '-i',
      'lo',
      '-d',
      place.logs,
    ];
    const exit =
      canCaptureLive() === undefined
        ? await script(without, { program: 'setpriv' })
        : await script(['start', '-i', 'lo', '-d', place.logs]);
    expect(exit.code).toBe(4);
    expect(exit.stderr).toContain('CAP_NET_RAW');
  });

  test('standard output and a pid file that cannot be written are refused', async () => {
    const output = await script(['start', '-i', 'lo', '-o', '-']);
    expect(output).toMatchObject({ code: 1 });
    expect(output.stderr).toContain('cannot write to standard output');
    const wrong = join(place.folder, 'missing/httplog.pid');
    const pid = await script(['start', '-i', 'lo', '-d', place.logs], {
      env: { HTTPLOG_PIDFILE: wrong },
    });
    expect(pid).toMatchObject({
      code: 1,
      stderr: `httplog cannot write its pid file ${wrong}: name another one in HTTPLOG_PIDFILE\n`,
    });
    expect(existsSync(place.logs)).toBe(false);
  });
});
