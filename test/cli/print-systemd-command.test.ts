import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { runPrintSystemdCommand } from '../../src/cli/print-systemd-command.ts';
import { DEFAULT_UNIT, quoteWord, renderSystemdUnit } from '../../src/cli/systemd-unit.ts';
import { SETTING_OPTIONS } from '../../src/config/option-table.ts';
import { SYSTEMD_NOTIFY_INTERVAL_MS } from '../../src/daemon/limits.ts';
import { HEARTBEAT_SILENCE_MAX_MS } from '../../src/worker/limits.ts';
import { titleWithReason } from '../live/requirements.ts';
import { PROJECT, readProjectFile } from '../structure/source-files.ts';

const directory = mkdtempSync(join(tmpdir(), 'httplog-unit-'));
const systemFile = join(directory, 'none');
/** What `systemd-analyze security` may say at most, times ten, as its option counts. */
const EXPOSURE_MAX = 17;
const noAnalyzer = existsSync('/usr/bin/systemd-analyze') ? undefined : 'no systemd-analyze';

afterAll(() => rmSync(directory, { recursive: true }));

function printUnit(argv: string[], file = systemFile): { unit: string; lines: string[] } {
  let unit = '';
  const commandLine = parseArguments(['print-systemd', ...argv]);
  const input = {
    commandLine,
    environment: { HTTPLOG_DIR: '/from-the-shell', HTTPLOG_PORT: '99999' },
    directory,
    systemFile: file,
  };
  const exitCode = runPrintSystemdCommand(
    input,
    (text) => {
      unit += text;
    },
    () => {},
  );
  expect(exitCode).toBe(0);
  return { unit, lines: unit.split('\n') };
}

/** The values of a key, in their order. */
function valuesOf({ lines }: { lines: string[] }, key: string): string[] {
  return lines
    .filter((line) => line.startsWith(`${key}=`))
    .map((line) => line.slice(key.length + 1));
}

function analyze(unit: string, ...args: string[]): { status: number | null; output: string } {
  const path = join(directory, 'httplog.service');
  writeFileSync(path, unit);
  const { status, stdout, stderr } = spawnSync('systemd-analyze', [...args, path], {
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

describe('the unit without options', () => {
  const plain = printUnit([]);

  test('is conf/httplog.service, but for the path of the program', () => {
    const program = valuesOf(plain, 'ExecStart')[0].replace(/ run$/, '');
    expect(program).toMatch(/^\/.*\/bin\/httplog$/);
    const unit = renderSystemdUnit({ ...DEFAULT_UNIT, program });
    expect(plain.unit).toBe(unit);
    expect(readProjectFile('conf/httplog.service')).toBe(renderSystemdUnit(DEFAULT_UNIT));
    expect(readProjectFile('conf/httplog.service')).toContain('ExecStart=/usr/bin/httplog run\n');
  });

  test('has one capability, and no way to more', () => {
    for (const key of ['CapabilityBoundingSet', 'AmbientCapabilities']) {
      expect(valuesOf(plain, key)).toEqual(['CAP_NET_RAW']);
    }
    expect(valuesOf(plain, 'NoNewPrivileges')).toEqual(['yes']);
    expect(valuesOf(plain, 'ProtectSystem')).toEqual(['strict']);
    expect(valuesOf(plain, 'User')).toEqual(['httplog']);
    // V8 could not compile, and a packet socket would not see the host's interfaces.
    expect(plain.unit).not.toMatch(/^(MemoryDenyWriteExecute|PrivateNetwork|PrivateUsers)=/m);
  });

  test('is told by httplog that it is ready and alive', () => {
    expect(valuesOf(plain, 'Type')).toEqual(['notify']);
    expect(valuesOf(plain, 'NotifyAccess')).toEqual(['main']);
    expect(valuesOf(plain, 'RestrictAddressFamilies')[0].split(' ')).toContain('AF_UNIX');
    const watchdogMs = Number(valuesOf(plain, 'WatchdogSec')[0]) * 1000;
    // One notice may be late or lost.
    expect(watchdogMs).toBeGreaterThan(2 * SYSTEMD_NOTIFY_INTERVAL_MS);
    expect(watchdogMs).toBeGreaterThan(HEARTBEAT_SILENCE_MAX_MS);
  });

  test('leaves every setting of the file to httplog itself, which reads it again on a reload', () => {
    expect(valuesOf(plain, 'EnvironmentFile')).toEqual(['-/etc/sysconfig/httplog']);
    const names = valuesOf(plain, 'UnsetEnvironment').join(' ').split(' ');
    expect(names).toEqual(SETTING_OPTIONS.map(({ environment }) => environment));
  });
});

describe('the unit with options', () => {
  test('runs with them in the order of the table, each one word', () => {
    const argv = ['--quiet', '-c', '-1', '--p=80,8080', '--local', '::1', '--local=fe80::/64'];
    expect(valuesOf(printUnit(argv), 'ExecStart')[0]).toMatch(
      /httplog run -p=80,8080 --local=::1 --local=fe80::\/64 -c=-1 --quiet$/,
    );
    expect(valuesOf(printUnit(['-log_split=false']), 'ExecStart')[0]).toMatch(/ -log_split=false$/);
  });

  test('quotes them as systemd reads them', () => {
    const argv = ['-f', 'host a and "b" or \\ $HOME %i', '-d', '/log/50% of it'];
    const printed = printUnit(argv);
    expect(valuesOf(printed, 'ExecStart')[0]).toContain(
      String.raw` "-f=host a and \"b\" or \\ $$HOME %%i" "-d=/log/50%% of it"`,
    );
    expect(valuesOf(printed, 'ReadWritePaths')).toEqual(['"-/log/50%% of it"']);
  });

  test('may write where outputs, service log, profile and socket are, and nowhere else', () => {
    const argv = [
      '--output=path=/log/json/',
      '--output=sqlite=/srv/db/http.sqlite',
      '--output=path=-',
      '--service-log=/log/service',
      '-cpuprofile=/srv/profile/a.cpuprofile',
      '--listen-admin=/srv/socket/admin',
    ];
    const paths = ['/log/json', '/srv/db', '/log/service', '/srv/profile', '/srv/socket'];
    expect(valuesOf(printUnit(argv), 'ReadWritePaths')).toEqual(paths.map((path) => `-${path}`));
    expect(valuesOf(printUnit(['-o', '-']), 'ReadWritePaths')).toEqual([]);
    const runtime = printUnit(['-o', '/a/b/c.log', '--listen-admin=/run/httplog/admin']);
    expect(valuesOf(runtime, 'ReadWritePaths')).toEqual(['-/a/b']);
    expect(valuesOf(runtime, 'RuntimeDirectory')).toEqual(['httplog']);
  });

  test('sees home directories and the real /tmp only where a path is there', () => {
    const homeOf = (...argv: string[]) => valuesOf(printUnit(argv), 'ProtectHome')[0];
    const unit = { ...DEFAULT_UNIT, writtenDirectories: ['/homework'] };
    expect(renderSystemdUnit(unit)).toContain('\nProtectHome=yes\nPrivateTmp=yes\n');
    expect(homeOf('-d', '/home/logs')).toBe('read-only');
    expect(homeOf('--redact-file', '/root/patterns.yaml')).toBe('read-only');
    expect(valuesOf(printUnit(['-d', '/var/tmp']), 'PrivateTmp')).toEqual(['no']);
  });

  test('runs as the user of --user', () => {
    expect(valuesOf(printUnit(['--user', 'sniffer']), 'User')).toEqual(['sniffer']);
    expect(printUnit(['--user', 'sniffer']).unit).not.toContain('useradd');
  });

  test('knows the directories of the configuration file, but not those of the environment', () => {
    const file = join(directory, 'sysconfig');
    writeFileSync(file, 'HTTPLOG_DIR=/log/elsewhere\n');
    const printed = printUnit([], file);
    expect(valuesOf(printed, 'ReadWritePaths')).toEqual(['-/log/elsewhere']);
    expect(valuesOf(printed, 'ExecStart')[0]).toMatch(/ run$/);
  });

  test('is refused with exit code 2 for relative paths and wrong values, all of them', () => {
    const wrong = ['-d', 'logs', '--redact-file', 'a.yaml', '--anonymize-ip', 'hash:key'];
    expect(() => printUnit(wrong)).toThrow(
      expect.objectContaining({
        exitCode: 2,
        message: expect.stringMatching(
          /^Option -d .*\nOption --redact-file .*\n.*--anonymize-ip .*$/,
        ),
      }),
    );
    expect(() => printUnit(['-p', 'x'])).toThrow(/Option -p cannot be "x"/);
  });
});

test.each([
  ['plain-1_2@a+b=c:d,e/f.g', 'plain-1_2@a+b=c:d,e/f.g'],
  ['', '""'],
  ['a b', '"a b"'],
  [';', '";"'],
  ['a"b\\', String.raw`"a\"b\\"`],
  ["it's", `"it's"`],
  ['100%', '"100%%"'],
  ['a\n\t\x7f\x85', String.raw`"a\u000a\u0009\u007f\u0085"`],
  ['한글', '"한글"'],
])('the word %j is %s in a unit', (word, quoted) => {
  expect(quoteWord(word)).toBe(quoted);
});

describe.skipIf(noAnalyzer)(titleWithReason('systemd', noAnalyzer), () => {
  // Its program has to be there, and the manual page is not installed.
  const unit = renderSystemdUnit({ ...DEFAULT_UNIT, program: join(PROJECT, 'bin/httplog') });
  const checked = unit.replace(/^Documentation=.*\n/m, '');

  test('takes the unit without a word, also with options that need quotes', () => {
    expect(analyze(checked, 'verify')).toEqual({ status: 0, output: '' });
    const { unit: quoted } = printUnit(['-f', 'a "b" \\ $x % ; 한', '-d', '/log/a b%']);
    const run = analyze(quoted.replace(/^Documentation=.*\n/m, ''), 'verify');
    expect(run).toEqual({ status: 0, output: '' });
  });

  test('would say if it did not', () => {
    const wrong = checked.replace('ProtectSystem=strict', 'ProtectSystem=stric');
    expect(analyze(wrong, 'verify').output).toContain('stric');
  });

  test('rates its exposure as low', () => {
    const args = ['security', '--offline=true', '--no-pager', `--threshold=${EXPOSURE_MAX}`];
    // The installed one: a program in somebody's home or in /tmp must be let see it.
    const installed = renderSystemdUnit(DEFAULT_UNIT);
    const { status, output } = analyze(installed, ...args);
    expect(output).toContain('Overall exposure level');
    expect(status).toBe(0);
    expect(analyze(installed.replaceAll('\nProtect', '\n#'), ...args).status).not.toBe(0);
  });
});
