import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { loadConfiguration } from '../../src/config/configuration.ts';
import type { Configuration } from '../../src/config/settings.ts';

const directory = mkdtempSync(join(tmpdir(), 'httplog-warnings-'));
const localFile = join(directory, 'httplog.conf');

afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(() => rmSync(localFile, { force: true }));

function load(argv: string[], environment: Record<string, string> = {}): Configuration {
  const systemFile = join(directory, 'none');
  const commandLine = parseArguments(argv);
  return loadConfiguration({ commandLine, environment, directory, systemFile });
}

describe('warnings', () => {
  test('name unknown HTTPLOG_ keys of the file with the nearest one', () => {
    writeFileSync(localFile, 'HTTPLOG_PROT=80\nHTTPLOG_XYZ=1\nPATH=/bin\nHTTPLOG_PORT=80\n');
    expect(load([]).warnings).toEqual([
      'Unknown option HTTPLOG_PROT (from ./httplog.conf line 1), did you mean HTTPLOG_PORT',
      'Unknown option HTTPLOG_XYZ (from ./httplog.conf line 2)',
    ]);
  });

  test('tell that -f takes the place of -p', () => {
    expect(load(['-p', '80', '-f', 'udp']).warnings).toEqual([
      'Option -p (from option -p) is not used, -f "udp" (from option -f) takes its place',
    ]);
    expect(load(['-f', 'udp']).warnings).toEqual([]);
  });

  test('tell that --output takes the place of -o', () => {
    expect(load(['--output', 'path=b.log', '-o', 'a.log']).warnings).toEqual([
      'Option -o (from option -o) is not used, --output (from option --output) takes its place',
    ]);
    expect(load(['--output', 'path=b.log']).warnings).toEqual([]);
  });

  test('tell that each output has its own format and records', () => {
    const argv = ['--format', 'json', '--records', 'messages'];
    const own = ['format=tsv,records=messages,path=a', 'records=exchanges,sqlite=b'];
    expect(load([...argv, '--output', own[0], '--output', own[1]]).warnings).toEqual([
      'Option --format (from option --format) is not used, ' +
        'every --output (from option --output) has its own',
      'Option --records (from option --records) is not used, ' +
        'every --output (from option --output) has its own',
    ]);
    expect(load([...argv, '--output', own[0], '--output', 'path=c']).warnings).toEqual([]);
    expect(load(argv).warnings).toEqual([]);
  });

  test.each([
    ['exchanges', ['--format', 'combined']],
    ['a file', ['--output', 'path=a']],
    ['standard output', ['--output', 'path=-']],
    ['exchanges and a file', ['--output', 'format=json', '--output', 'path=a', '-o', 'b']],
    ['a database', ['--output', 'sqlite=a.sqlite,records=messages']],
    ['daily databases', ['--output', 'sqlite=a/,records=messages']],
  ])('tell that -log_split is not used with %s', (_, argv) => {
    const { warnings } = load([...argv], { HTTPLOG_LOG_SPLIT: 'yes' });
    expect(warnings.at(-1)).toBe(
      'Option -log_split (from environment HTTPLOG_LOG_SPLIT) is not used, ' +
        'only daily files of messages can be split',
    );
  });

  test.each([
    [['--records', 'messages', '--format', 'json']],
    [['--output', 'path=a/']],
    [['--output', 'path=.']],
    [['--output', 'format=json', '--output', 'records=messages,format=tsv']],
  ])('say nothing of -log_split where it splits something: %j', (argv) => {
    expect(load(['-log_split', ...argv]).warnings).toEqual([]);
  });

  test('tell that --admin-host is not used where no name is asked for', () => {
    expect(load(['--admin-host', 'a.example']).warnings).toEqual([
      'Option --admin-host (from option --admin-host) is not used, there is no admin server ' +
        'without --listen-admin',
    ]);
    expect(load(['--admin-host=a', '--listen-admin=/run/a.sock']).warnings).toEqual([
      'Option --admin-host (from option --admin-host) is not used, a Unix socket is asked by any name',
    ]);
    expect(load(['--admin-host=a', '--listen-admin=9090']).warnings).toEqual([]);
  });

  test('tell that --client-from is not used with text alone', () => {
    expect(load(['--client-from', 'proxy']).warnings).toEqual([
      'Option --client-from (from option --client-from) is not used, text lines show the connection as it is',
    ]);
    expect(load(['--client-from', 'peer']).warnings).toEqual([]);
    expect(load(['--client-from', 'proxy', '--format', 'json']).warnings).toEqual([]);
  });

  test('tell that -add_vlan is not used without text', () => {
    expect(load(['-add_vlan', '--format', 'json']).warnings).toEqual([
      'Option -add_vlan (from option -add_vlan) is not used, it is for the format text',
    ]);
    expect(load(['-add_vlan=no', '--format', 'json']).warnings).toEqual([]);
    expect(
      load(['-add_vlan', '--output', 'format=json,path=a/', '--output', 'path=b']).warnings,
    ).toEqual([]);
  });

  test.each([
    ['a file', ['-o', 'a']],
    ['a database', ['--output', 'sqlite=a.sqlite']],
  ])('tell that nothing looks after %s', (_, argv) => {
    expect(load(['--keep-days', '3', '--compress', 'gzip', ...argv]).warnings).toEqual([
      'Option --compress (from option --compress) is not used, it is for daily files',
      'Option --keep-days (from option --keep-days) is not used, it is for daily files',
    ]);
  });

  test.each([
    ['daily files', []],
    ['daily databases', ['--output', 'sqlite=a/']],
    ['a database and daily files', ['--output', 'sqlite=a.sqlite', '--output', 'path=a/']],
  ])('say nothing of options that look after %s', (_, argv) => {
    expect(load(['--keep-days', '3', '--rotate-size', '1MB', ...argv]).warnings).toEqual([]);
  });

  test('tell that -log_split is not used with -o', () => {
    expect(load(['-log_split', '-o', '-']).warnings).toEqual([
      'Option -log_split (from option -log_split) is not used with -o (from option -o)',
    ]);
    expect(load(['-log_split=false', '-o', '-']).warnings).toEqual([]);
    expect(load(['-log_split']).warnings).toEqual([]);
  });
});
