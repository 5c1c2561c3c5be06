import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { loadConfiguration } from '../../src/config/configuration.ts';
import type { Configuration } from '../../src/config/settings.ts';
import { readProjectFile } from '../structure/source-files.ts';

/** Values that could be taken and would then do nothing, or something else than was meant. */

const directory = mkdtempSync(join(tmpdir(), 'httplog-mistakes-'));
const localFile = join(directory, 'httplog.conf');

afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(() => rmSync(localFile, { force: true }));

function load(argv: string[], environment: Record<string, string> = {}): Configuration {
  const systemFile = join(directory, 'none');
  const commandLine = parseArguments(argv);
  return loadConfiguration({ commandLine, environment, directory, systemFile });
}

describe('mistakes', () => {
  test.each([
    ['get', 'GET'],
    ['GET,Post', 'POST'],
    ['!options', 'OPTIONS'],
    ['propfind', 'PROPFIND'],
  ])('--method %s: methods are compared with regard to case', (text, meant) => {
    expect(() => load(['--method', text])).toThrow(
      expect.objectContaining({
        exitCode: 2,
        message: `Option --method cannot be "${text}" (from option --method), methods are case-sensitive, did you mean ${meant}`,
      }),
    );
  });

  test('--method of what --methods names is none, whatever its case', () => {
    expect(load(['--methods', 'GET,get', '--method', 'get']).warnings).toEqual([]);
  });

  test.each([
    ['X Tenant', 'a field name holds no space, and names stand apart by commas'],
    ['Accept X-Tenant', 'a field name holds no space, and names stand apart by commas'],
    ['X-Tenant:', 'the colon behind it is not part of a field name'],
    ['a,b c', 'a field name holds no space, and names stand apart by commas'],
  ])('--header %s', (text, reason) => {
    const message = `Option --header cannot be "${text}" (from environment HTTPLOG_HEADERS), ${reason}`;
    expect(() => load([], { HTTPLOG_HEADERS: text })).toThrow(
      expect.objectContaining({ exitCode: 2, message }),
    );
    expect(() => load(['--header', text])).toThrow(/^Option --header cannot be /);
  });

  test.each(['X(', 'X/Y', 'X"', 'é', 'X\tY'])('--header %s is refused', (text) => {
    expect(() => load(['--header', text])).toThrow(/^Option --header cannot be /);
  });

  test.each(['x:y=drop', 'keep,x(=redact', 'é=drop'])('--header-mode %s names no field', (text) => {
    expect(() => load(['--header-mode', text])).toThrow(
      /^Option --header-mode cannot be .*, ".*" is no name of a header field$/,
    );
    expect(load(['--cookie-mode', text]).warnings).toEqual([]);
  });

  test.each([
    [['--host', 'http://shop.example'], 'neither a scheme nor a path belong to a host'],
    [['--host', 'a,shop.example/cart'], 'neither a scheme nor a path belong to a host'],
    [
      ['--server', '10.0.0.1,web.example'],
      '"web.example" is no address, and names are not looked up',
    ],
    [['--client', '!web'], '"web" is no address, and names are not looked up'],
    [['--local', 'web.example'], '"web.example" is no address, and names are not looked up'],
  ])('%j says why', (argv, reason) => {
    const [flag, text] = argv;
    expect(() => load(argv)).toThrow(
      `Option ${flag} cannot be "${text}" (from option ${flag}), ${reason}`,
    );
  });

  test.each([
    ...['-p', '--local', '--methods', '--vxlan-port', '--header', '--method', '--status', '--host'],
    ...['--client', '--server', '--header-filter', '--redact', '--header-mode', '--output'],
  ])('an empty list of %s', (flag) => {
    expect(() => load([flag, ','])).toThrow(`Option ${flag} cannot be "," (from option ${flag}), `);
    expect(() => load([flag, ' '])).toThrow(`Option ${flag} cannot be " " (from option ${flag}), `);
  });

  test.each([
    ['--status', ['6000', '2x', '20', '99', '500-400', '200-']],
    ['--sample', ['0', '1/10', '10%']],
    ['--slower-than', ['-1', 'slow', '']],
  ])('%s refuses %j', (flag, texts) => {
    for (const text of texts) {
      expect(() => load([`${flag}=${text}`])).toThrow(new RegExp(`^Option ${flag} `));
    }
    expect(load(['--status', '2XX']).settings.statusFilter).toMatchObject([
      { first: 200, last: 299 },
    ]);
  });
});

describe('unknown variables', () => {
  test('of the environment are told with the nearest name', () => {
    expect(load([], { HTTPLOG_PROT: '80', HTTPLOG_PIDFIL: 'x', HTTPLOG_XYZ: '' }).warnings).toEqual(
      [
        'Unknown option HTTPLOG_PROT (from environment), did you mean HTTPLOG_PORT',
        'Unknown option HTTPLOG_PIDFIL (from environment), did you mean HTTPLOG_PIDFILE',
        'Unknown option HTTPLOG_XYZ (from environment)',
      ],
    );
    expect(load(['replay', 'a'], { HTTPLOG_PROT: '80' }).warnings).toHaveLength(1);
    expect(load(['demo'], { HTTPLOG_PROT: '80' }).warnings).toEqual([]);
  });

  test('with strange names play no tricks', () => {
    const [warning] = load([], { 'HTTPLOG_\x1b[2J': '1' }).warnings;
    expect(warning).toBe(String.raw`Unknown option "HTTPLOG_\u001b[2J" (from environment)`);
  });

  test('are told once where systemd hands over the file as environment too', () => {
    writeFileSync(localFile, 'HTTPLOG_PROT=80\n');
    expect(load([], { HTTPLOG_PROT: '80' }).warnings).toEqual([
      'Unknown option HTTPLOG_PROT (from ./httplog.conf line 1), did you mean HTTPLOG_PORT',
    ]);
  });

  test('are not those of the start script, which the file however cannot set', () => {
    const environment = { HTTPLOG_PIDFILE: 'x', HTTPLOG_STOP_SECONDS: '3', OTHER_PROT: '1' };
    expect(load([], environment).warnings).toEqual([]);
    const names = readProjectFile('scripts/start_httplog.sh').match(/\bHTTPLOG_[A-Z_]+/g) ?? [];
    expect(load([], Object.fromEntries(names.map((name) => [name, '1']))).warnings).toEqual([]);
    writeFileSync(localFile, 'HTTPLOG_PIDFILE=x\n');
    expect(load([]).warnings).toEqual([
      'Option HTTPLOG_PIDFILE (from ./httplog.conf line 1) is not used, the start script reads it from its environment',
    ]);
  });

  test('a key that a later line of the file replaces is told', () => {
    writeFileSync(localFile, 'HTTPLOG_PORT=80\nHTTPLOG_PORT=80\nHTTPLOG_PORT=81\n');
    expect(load([]).warnings).toEqual([
      'Option HTTPLOG_PORT (from ./httplog.conf line 2) is not used, line 3 takes its place',
    ]);
  });
});

describe('options without an effect', () => {
  test.each([
    [
      ['-d', '/a', '-o', '-'],
      'Option -d (from option -d) is not used, -o (from option -o) takes its place',
    ],
    [
      ['-d', '/a', '--output', 'path=b'],
      'Option -d (from option -d) is not used, every --output (from option --output) has its own',
    ],
    [
      ['--header', 'Accept'],
      'Option --header (from option --header) is not used, no output has a place for header fields (json, ecs, otel, tsv, har and databases have)',
    ],
    [
      [
        '--header',
        'Accept',
        '--output',
        "format=template:'{path}'",
        '--output',
        'format=combined,path=x',
      ],
      'Option --header (from option --header) is not used, no output has a place for header fields (json, ecs, otel, tsv, har and databases have)',
    ],
    [
      ['--vxlan-port', '4790'],
      'Option --vxlan-port (from option --vxlan-port) is not used, without --tunnels the kernel lets no tunnel pass',
    ],
    [
      ['--method', 'GET,PROPFIND'],
      'Option --method (from option --method) names PROPFIND, which is not among --methods: no request begins with it',
    ],
    [
      ['--methods', 'get,PUT'],
      'Option --methods (from option --methods) names get, which is another method than GET: methods are case-sensitive',
    ],
  ])('%j are told', (argv, warning) => {
    expect(load(argv).warnings).toEqual([warning]);
  });

  test.each([
    [['-d', '/a', '--output', 'format=json', '--output', 'path=b']],
    [['-d', '/a']],
    [['--header', 'Accept', '--format', 'tsv']],
    [['--header', 'Accept', '--output', 'path=a', '--output', 'sqlite=b']],
    [['--vxlan-port', '4790', '--tunnels']],
    [['--vxlan-port', '4790', '-f', 'udp port 4790']],
    [['replay', 'a', '--vxlan-port', '4790']],
    [['--method', 'PROPFIND', '--methods', 'all']],
    [['--methods', 'get,GET,hello']],
    [['--method', '!PROPFIND']],
  ])('%j have one', (argv) => {
    expect(load(argv).warnings).toEqual([]);
  });
});
