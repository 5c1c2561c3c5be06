import { chmodSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runHttplog, startHttplog } from '../live/httplog-process.ts';
import { canCaptureLive } from '../live/requirements.ts';
import { PATIENCE_MS } from '../patience.ts';
import { folder, IPV4, IPV4_LINES, PROGRAM } from './run-replay.ts';

/** The real command in a directory where somebody has left a configuration file. */

const hasSystemFile = existsSync('/etc/sysconfig/httplog');
const WAIT_MS = PATIENCE_MS;
/** With its arguments as they are: what it finds by itself is what these tests are about. */
const AS_IT_IS = { program: PROGRAM };

/** A directory with `httplog.conf`, whatever the umask. */
function directoryWith(text: string, mode: number): string {
  const directory = mkdtempSync(join(folder, 'working-'));
  writeFileSync(join(directory, 'httplog.conf'), text);
  chmodSync(join(directory, 'httplog.conf'), mode);
  return directory;
}

describe('./httplog.conf', () => {
  test('says nothing to a replay, which writes where it was told to', async () => {
    const cwd = directoryWith('HTTPLOG_OUTPUTS=path=stolen/\nHTTPLOG_TIMEZONE=Asia/Seoul\n', 0o644);
    mkdirSync(join(cwd, 'stolen'));
    const args = ['replay', IPV4, '--timezone', 'UTC', '-o', '-'];
    expect(await runHttplog(args, { ...AS_IT_IS, cwd })).toMatchObject({
      code: 0,
      stdout: IPV4_LINES,
    });
    const env = { HTTPLOG_OUTPUTS: 'path=stolen/' };
    expect(await runHttplog(args, { ...AS_IT_IS, cwd, env })).toMatchObject({
      code: 0,
      stdout: IPV4_LINES,
    });
  });

  test.skipIf(hasSystemFile)('that others may write ends a start, exit 4', async () => {
    const cwd = directoryWith('HTTPLOG_USER=root\n', 0o666);
    const message =
      'httplog: Configuration file ./httplog.conf is not read: others may write it (mode 0666): ' +
      'name it with --config, or start in another directory\n';
    for (const args of [['check-config'], ['-i', 'lo', '-o', '-']]) {
      const exit = await runHttplog(args, { ...AS_IT_IS, cwd });
      expect(exit).toMatchObject({ code: 4, stdout: '' });
      expect(exit.stderr).toContain(message);
    }
    expect((await runHttplog(['check-config', '--config', '/dev/null'], { cwd })).code).toBe(0);
  });

  test.skipIf(hasSystemFile || canCaptureLive() !== undefined)(
    'that is read is told, though it asks for silence',
    async () => {
      const cwd = directoryWith('HTTPLOG_QUIET=true\nHTTPLOG_PORT=9\n', 0o644);
      const httplog = await startHttplog({
        ...AS_IT_IS,
        args: ['-i', 'lo', '-o', '-', '--user', 'root'],
        cwd,
      });
      onTestFinished(async () => void (await httplog.stop()));
      const said = `Configuration file ./httplog.conf was read in ${cwd}\n`;
      await httplog.waitForOutput('stderr', new RegExp(said), WAIT_MS);
    },
  );

  test.skipIf(hasSystemFile || canCaptureLive() !== undefined)(
    'that others may write by now changes nothing on SIGHUP',
    async () => {
      const cwd = directoryWith('HTTPLOG_PORT=9\n', 0o644);
      const args = ['-i', 'lo', '-o', '-', '--user', 'root'];
      const httplog = await startHttplog({ ...AS_IT_IS, args, cwd, ready: /Capturing on / });
      onTestFinished(async () => void (await httplog.stop()));
      writeFileSync(join(cwd, 'httplog.conf'), 'HTTPLOG_QUIET=true\n');
      chmodSync(join(cwd, 'httplog.conf'), 0o666);
      httplog.signal('SIGHUP');
      const kept = /The configuration stays as it was, because of what is wrong in it now/;
      await httplog.waitForOutput('stderr', kept, WAIT_MS);
      expect(httplog.stderr()).toContain('is not read: others may write it (mode 0666)');
    },
  );
});
