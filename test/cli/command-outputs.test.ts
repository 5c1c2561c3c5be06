import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { runCommand } from '../live/child-process.ts';
import { runHttplog } from '../live/httplog-process.ts';
import { missingTool, titleWithReason } from '../live/requirements.ts';
import {
  fixturePath,
  folder,
  IPV4,
  IPV4_LINES,
  IPV6,
  isRoot,
  REPLAY,
  replay,
  runAsNobody,
  writeTemporary,
} from './run-replay.ts';

/** The real command with outputs that cannot be written. */

const noUser = isRoot ? missingTool('setpriv') : undefined;
// Written to and never read: it has no end.
const noFull = existsSync('/dev/full') ? undefined : 'no /dev/full';

describe('lines whose place nobody has named', () => {
  test('are printed', async () => {
    const utc = ['--timezone', 'UTC'];
    const text = await runHttplog(['replay', IPV4, ...utc], { cwd: folder });
    expect(text).toMatchObject({ code: 0, stdout: IPV4_LINES, stderr: '' });
    const json = await runHttplog(['replay', IPV4, '--output', 'format=json'], { cwd: folder });
    expect(json.stdout).toMatch(/^\{.*\}\n$/s);
    expect(json).toMatchObject({ code: 0, stderr: '' });
  });

  test('go to the directory that the environment names', async () => {
    const directory = join(folder, 'named');
    mkdirSync(directory);
    const env = { HTTPLOG_DIR: directory, HTTPLOG_TIMEZONE: 'UTC' };
    const exit = await runHttplog(['replay', IPV4], { cwd: folder, env });
    expect(exit).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(readdirSync(directory).join()).toMatch(/^http-\d{8}\.log$/);
  });
});

describe('an output that cannot be written', () => {
  test('because its directory is not there gives exit 3 and says how to make it', async () => {
    const stderr = (option: string) =>
      'httplog: Directory /no/such does not exist\n' +
      `  Create it with mkdir -p /no/such, or name another one with ${option}\n`;
    expect(await replay([IPV4], '-d', '/no/such')).toMatchObject({ code: 3, stderr: stderr('-d') });
    const file = await replay([IPV4], '-o', '/no/such/file');
    expect(file).toMatchObject({ code: 3, stderr: stderr('-o') });
  });

  test.each([
    ['the one that is read', IPV4, 'nginx-ipv4.pcap', undefined],
    ['another one', IPV6, 'other.pcap', undefined],
    ['compressed', IPV4, 'packed.pcap.gz', gzipSync],
  ])('because it is a capture, %s, gives exit 2 and leaves it whole', async (_, from, to, pack) => {
    const bytes = readFileSync(from);
    const file = writeTemporary(to, pack === undefined ? bytes : pack(bytes));
    const before = readFileSync(join(folder, file));
    expect(await replay([file], '-o', file)).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        `httplog: ${file} is a capture or compressed: lines behind its bytes would damage it\n` +
        '  Name another file with -o\n',
    });
    expect(readFileSync(join(folder, file))).toEqual(before);
  });

  test('whose name is so long that none beside it can be longer is written', async () => {
    const file = 'l'.repeat(253);
    expect(await replay([IPV4], '-o', file)).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(folder, file), 'utf8')).toContain(' CQ GET ');
  });

  test('because it is a directory, or is none, gives exit 2', async () => {
    expect(await replay([IPV4], '-o', folder)).toMatchObject({
      code: 2,
      stderr:
        `httplog: ${folder} is a directory, not a file\n` +
        '  Name a file with -o, or use -d for daily files in a directory\n',
    });
    const exit = await replay([IPV4], '-d', 'text.txt');
    expect(exit.code).toBe(2);
    expect(exit.stderr).toMatch(/^httplog: .*text\.txt.*\n {2}.*\n$/);
  });

  test.skipIf(noUser)(
    titleWithReason('because this user may not gives exit 4', noUser),
    async () => {
      const directory = join(folder, 'locked');
      mkdirSync(directory, { mode: 0o755 });
      writeFileSync(join(directory, 'file'), '', { mode: 0o600 });
      const locked = isRoot ? directory : '/';
      const daily = await runAsNobody(['replay', IPV4, '-d', locked]);
      expect(daily.stderr).toBe(
        `httplog: Directory ${locked} is not writable: permission denied (EACCES)\n` +
          `  Let this user write to ${locked}, or name another one with -d\n`,
      );
      expect(daily.code).toBe(4);
      if (isRoot) {
        const file = await runAsNobody(['replay', IPV4, '-o', join(directory, 'file')]);
        expect(file.stderr).toMatch(/^httplog: File \S+ is not writable: permission denied/);
        expect(file.code).toBe(4);
      }
    },
  );

  test.skipIf(noFull)(
    titleWithReason('because the disk is full gives exit 1, whatever the number of files', noFull),
    async () => {
      const stderr =
        'httplog: Cannot write /dev/full: no space left on device (ENOSPC); 0 lines were written\n' +
        '  Free some space on the disk that holds /dev/full and start again\n';
      expect(await replay([IPV4], '-o', '/dev/full')).toMatchObject({ code: 1, stderr });
      const several = [IPV4, IPV6, fixturePath('browser.pcap')];
      expect(await replay(several, '-o', '/dev/full')).toMatchObject({ code: 1, stderr });
      const script = `exec ${REPLAY} ${IPV4} -o - > /dev/full`;
      const redirected = await runCommand('sh', ['-c', script]);
      expect(redirected.code).toBe(1);
      expect(redirected.stderr).toMatch(/^httplog: Cannot write standard output: no space left/);
    },
  );

  test('because its reader has gone ends quietly, exit 0', async () => {
    const files = Array(20).fill(fixturePath('browser.pcap')).join(' ');
    const script = `set -o pipefail; ${REPLAY} ${files} -o - | head -n 1`;
    const exit = await runCommand('bash', ['-c', script]);
    expect(exit).toMatchObject({ code: 0, stderr: '' });
    expect(exit.stdout.split('\n')).toHaveLength(2);
  });

  test('because the profile cannot be gives exit 3 before anything is read', async () => {
    const exit = await replay([IPV4], '-cpuprofile', '/no/such/profile');
    expect(exit).toMatchObject({
      code: 3,
      stdout: '',
      stderr:
        'httplog: Cannot write the profile /no/such/profile: no such file or directory (ENOENT)\n' +
        '  Name a file in a directory that exists and may be written, with -cpuprofile\n',
    });
  });
});
