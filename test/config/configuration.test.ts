import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { loadConfiguration } from '../../src/config/configuration.ts';
import { SETTING_OPTIONS } from '../../src/config/option-table.ts';
import type { Configuration } from '../../src/config/settings.ts';
import { HttplogError } from '../../src/errors.ts';
import { METHODS_DEFAULT } from '../../src/http/grammar.ts';

const directory = mkdtempSync(join(tmpdir(), 'httplog-configuration-'));
const systemFile = join(directory, 'system');
const localFile = join(directory, 'httplog.conf');

afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(() => {
  rmSync(systemFile, { force: true });
  rmSync(localFile, { force: true });
});

function load(argv: string[], environment: Record<string, string> = {}): Configuration {
  return loadConfiguration({
    commandLine: parseArguments(argv),
    environment,
    directory,
    systemFile,
  });
}

function loadError(argv: string[], environment: Record<string, string> = {}): HttplogError {
  try {
    load(argv, environment);
  } catch (error) {
    if (error instanceof HttplogError) {
      return error;
    }
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** For each setting a value that is not its default, as text and as what it becomes. */
const OTHER_VALUES: Record<string, [text: string, value: unknown]> = {
  interfaceName: ['eth9', 'eth9'],
  ports: ['8080', [{ first: 8080, last: 8080 }]],
  filter: ['udp', 'udp'],
  localNetworks: ['10.0.0.0/8', ['10.0.0.0/8']],
  snaplen: ['96', 96],
  ringMegabytes: ['16', 16],
  packetCountMax: ['7', 7],
  workers: ['2', 2],
  engine: ['libpcap', 'libpcap'],
  promiscuous: ['true', true],
  directory: ['/tmp', '/tmp'],
  outputPath: ['-', '-'],
  splitByType: ['true', true],
  addVlan: ['true', true],
  timezone: ['Europe/Berlin', 'Europe/Berlin'],
  logEvery: ['0', 0],
  serviceLogDirectory: ['/tmp', '/tmp'],
  user: ['nobody', 'nobody'],
  quiet: ['true', true],
  methods: ['PROPFIND,GET', ['PROPFIND', 'GET']],
  completeHeads: ['true', true],
  noFold: ['true', true],
  tunnels: ['true', true],
  vxlanPorts: ['4790', [4790]],
  listenAdmin: ['[::1]:9090', { kind: 'tcp', host: '::1', port: 9090 }],
  adminHosts: ['Monitor.example,192.0.2.7', ['monitor.example', '192.0.2.7']],
  rotateBytes: ['100MB', 104_857_600],
  compression: ['zstd', 'zstd'],
  keepDays: ['30', 30],
  keepFiles: ['500', 500],
  diskBytesMax: ['5GB', 5_368_709_120],
  cpuProfilePath: ['a.cpuprofile', 'a.cpuprofile'],
  format: ['json', { name: 'json', template: undefined }],
  records: ['exchanges', 'exchanges'],
  outputs: ['format=json,path=/log/json/', [{ format: { name: 'json' }, path: '/log/json/' }]],
  headerNames: ['Accept,X-Tenant', ['accept', 'x-tenant']],
  includePaths: ['^/shop/', [{ pattern: '^/shop/', isNegated: false }]],
  excludePaths: ['!^/shop/', [{ pattern: '^/shop/', isNegated: true }]],
  methodFilter: ['POST', [{ method: 'POST', isNegated: false }]],
  statusFilter: ['5xx', [{ first: 500, last: 599, isNegated: false }]],
  hostFilter: ['a.example', [{ host: 'a.example', isSuffix: false, port: '', isNegated: false }]],
  clientFilter: [
    '10.0.0.0/8',
    [
      {
        network: '10.0.0.0/8',
        address: Uint8Array.of(10, 0, 0, 0),
        prefixBits: 8,
        isNegated: false,
      },
    ],
  ],
  serverFilter: [
    '!10.0.0.1',
    [{ network: '10.0.0.1', address: Uint8Array.of(10, 0, 0, 1), prefixBits: 32, isNegated: true }],
  ],
  headerFilter: ['X-Tenant=a', [{ name: 'x-tenant', value: 'a', isNegated: false }]],
  slowerThanMs: ['0.5', 0.5],
  topIntervalMs: ['2s', 2000],
  sampleOneIn: ['10', 10],
  color: ['never', 'never'],
  report: ['always', 'always'],
  headerModes: ['drop', { default: 'drop', byName: [] }],
  queryModes: ['token=redact', { byName: [['token', 'redact']] }],
  cookieModes: ['keep,sid=drop', { default: 'keep', byName: [['sid', 'drop']] }],
  redactPatterns: ['email,jwt', ['email', 'jwt']],
  redactFile: ['patterns.yaml', 'patterns.yaml'],
  anonymizeIp: ['hash:key', { method: 'hash', keyFile: 'key' }],
  withinConnect: ['hide', 'hide'],
  clientFrom: ['proxy:10.0.0.1', { source: 'proxy', trusted: ['10.0.0.1'] }],
};

test('without anything given every setting has its default', () => {
  const { settings, origins, warnings } = load([]);
  expect(settings).toEqual({
    interfaceName: undefined,
    ports: [{ first: 80, last: 80 }],
    filter: undefined,
    localNetworks: [],
    snaplen: 1560,
    ringMegabytes: 8,
    packetCountMax: -1,
    workers: 1,
    engine: 'afpacket',
    promiscuous: false,
    directory: '/log/httplog',
    outputPath: undefined,
    color: 'auto',
    report: 'auto',
    splitByType: false,
    addVlan: false,
    timezone: 'local',
    logEvery: 10000,
    serviceLogDirectory: undefined,
    user: undefined,
    quiet: false,
    methods: [...METHODS_DEFAULT],
    completeHeads: false,
    withinConnect: 'show',
    noFold: false,
    tunnels: false,
    vxlanPorts: [],
    listenAdmin: undefined,
    adminHosts: [],
    rotateBytes: 0,
    compression: 'none',
    keepDays: 0,
    keepFiles: 0,
    diskBytesMax: 0,
    cpuProfilePath: undefined,
    format: undefined,
    records: undefined,
    outputs: [],
    headerNames: [],
    includePaths: [],
    excludePaths: [],
    methodFilter: [],
    statusFilter: [],
    hostFilter: [],
    clientFilter: [],
    serverFilter: [],
    headerFilter: [],
    slowerThanMs: undefined,
    topIntervalMs: 1000,
    sampleOneIn: undefined,
    headerModes: { default: undefined, byName: [] },
    queryModes: { default: undefined, byName: [] },
    cookieModes: { default: undefined, byName: [] },
    redactPatterns: [],
    redactFile: undefined,
    anonymizeIp: undefined,
    clientFrom: { source: 'peer', trusted: undefined },
  });
  expect(new Set(Object.values(origins))).toEqual(new Set(['default']));
  expect(Object.keys(origins).toSorted()).toEqual(Object.keys(settings).toSorted());
  expect(warnings).toEqual([]);
});

describe.each(SETTING_OPTIONS.map((option) => [option.flags[0], option] as const))(
  '%s',
  (flag, { key, environment, commands }) => {
    const [text, value] = OTHER_VALUES[key];
    const [command] = commands;

    test('is taken from each layer, with its origin', () => {
      writeFileSync(localFile, `# first\n${environment}=${text}\n`);
      expect(load([]).settings[key]).toEqual(value);
      expect(load([]).origins[key]).toBe('./httplog.conf line 2');
      writeFileSync(systemFile, `${environment}='${text}'\n`);
      expect(load([]).settings[key]).toEqual(value);
      expect(load([]).origins[key]).toBe(`${systemFile} line 1`);
      expect(load([], { [environment]: text }).settings[key]).toEqual(value);
      expect(load([], { [environment]: text }).origins[key]).toBe(`environment ${environment}`);
      expect(load([command, `${flag}=${text}`]).settings[key]).toEqual(value);
      expect(load([command, `${flag}=${text}`], { [environment]: text }).origins[key]).toBe(
        `option ${flag}`,
      );
    });

    test('counts as not set if it is empty in the environment or in the file', () => {
      writeFileSync(systemFile, `${environment}=\n`);
      const empty = load([], { [environment]: '' });
      expect(empty.origins[key]).toBe('default');
      expect(empty.settings).toEqual(load([]).settings);
    });
  },
);

describe('precedence', () => {
  test('is option, environment, file, default, for the value too', () => {
    writeFileSync(systemFile, 'HTTPLOG_SNAPLEN=100\n');
    expect(load(['-s', '300'], { HTTPLOG_SNAPLEN: '200' }).settings.snaplen).toBe(300);
    expect(load([], { HTTPLOG_SNAPLEN: '200' }).settings.snaplen).toBe(200);
    expect(load([], { HTTPLOG_SNAPLEN: '' }).settings.snaplen).toBe(100);
    rmSync(systemFile);
    expect(load([]).settings.snaplen).toBe(1560);
  });

  test('holds for each option by itself', () => {
    writeFileSync(systemFile, 'HTTPLOG_BUFSIZE=16\nHTTPLOG_PORT=81\n');
    const { settings } = load(['-s', '300'], { HTTPLOG_PORT: '82' });
    expect(settings).toMatchObject({
      snaplen: 300,
      ports: [{ first: 82, last: 82 }],
      ringMegabytes: 16,
    });
  });

  test('a wrong value that a higher layer replaces is no mistake', () => {
    expect(load(['-s', '300'], { HTTPLOG_SNAPLEN: 'x' }).settings.snaplen).toBe(300);
  });

  test('a switch of the file is taken back by the command line', () => {
    writeFileSync(systemFile, 'HTTPLOG_LOG_SPLIT=yes\n');
    expect(load([]).settings.splitByType).toBe(true);
    expect(load(['-log_split=off']).settings.splitByType).toBe(false);
  });

  test('--config takes the place of the other files', () => {
    writeFileSync(systemFile, 'HTTPLOG_SNAPLEN=100\nHTTPLOG_BUFSIZE=16\n');
    writeFileSync(join(directory, 'named'), 'HTTPLOG_SNAPLEN=101\n');
    const { settings, origins } = load(['--config', 'named']);
    expect(settings).toMatchObject({ snaplen: 101, ringMegabytes: 8 });
    expect(origins.snaplen).toBe('named line 1');
  });

  test('demo hears its command line only', () => {
    writeFileSync(systemFile, 'HTTPLOG_CPUNO=wrong\n');
    const { settings } = load(['demo', '--engine', 'libpcap'], { HTTPLOG_TIMEZONE: 'wrong' });
    expect(settings).toMatchObject({ engine: 'libpcap', workers: 1, timezone: 'local' });
  });
});

test('--local can be repeated, and lists of the layers are not mixed', () => {
  const environment = { HTTPLOG_LOCAL: '192.168.0.1, 192.168.0.2 fd00::/8' };
  expect(load([], environment).settings.localNetworks).toEqual([
    '192.168.0.1',
    '192.168.0.2',
    'fd00::/8',
  ]);
  const argv = ['--local', '10.0.0.1', '-local=10.0.0.2,::1'];
  expect(load(argv, environment).settings.localNetworks).toEqual(['10.0.0.1', '10.0.0.2', '::1']);
});

test('options with lists of rules can be repeated, and commas belong to patterns', () => {
  const { settings } = load([
    ...['--include-path', 'a{1,2}', '--include-path=!b', '--method', 'GET,PUT', '--method', 'POST'],
    ...['--header', 'Accept', '-header', 'X-Tenant,accept', '--header-filter', 'A=1,2'],
    ...['--header-filter', '!B', '--redact', 'email', '--redact', 'jwt,email'],
  ]);
  expect(settings).toMatchObject({
    includePaths: [{ pattern: 'a{1,2}' }, { pattern: 'b', isNegated: true }],
    methodFilter: [{ method: 'GET' }, { method: 'PUT' }, { method: 'POST' }],
    headerNames: ['accept', 'x-tenant'],
    headerFilter: [
      { name: 'a', value: '1,2' },
      { name: 'b', isNegated: true },
    ],
    redactPatterns: ['email', 'jwt'],
  });
});

test('of a switch the last value counts', () => {
  expect(load(['-log_split', '-log_split=no']).settings.splitByType).toBe(false);
  expect(load(['-log_split=no', '-log_split']).settings.splitByType).toBe(true);
});

describe('mistakes', () => {
  test('of arguments, environment and file are told all at once', () => {
    writeFileSync(systemFile, 'nonsense\nHTTPLOG_CPUNO=65\nHTTPLOG_DIR=$HOME\n');
    const error = loadError(['-s', '65536', '--engin=x', '-c'], {
      HTTPLOG_PORT: '0',
      HTTPLOG_TIMEZONE: 'Mars/Olympus',
      HTTPLOG_LOCAL: '10.0.0.1,10.0.0.256',
    });
    expect(error).toMatchObject({ code: 'HTTPLOG_CONFIGURATION', exitCode: 2 });
    expect(error.message.split('\n')).toEqual([
      'Unknown option "--engin", did you mean --engine',
      'Option -c needs a value, as in -c=N',
      `${systemFile} line 1 is not of the form KEY=value, without spaces at the =`,
      `${systemFile} line 3: HTTPLOG_DIR holds a $ or a \`, and nothing is expanded here: ` +
        'put it in single quotes',
      'Option -p cannot be "0" (from environment HTTPLOG_PORT), allowed is a port (1-65535) or http, http-alt, http-proxy; ' +
        'up to 450 as in 80,8080,8000-8010, or any',
      'Option --local cannot be "10.0.0.1,10.0.0.256" (from environment HTTPLOG_LOCAL), ' +
        'allowed is up to 256 addresses or networks as in 10.0.0.1,10.1.0.0/16,fd00::/8',
      'Option --timezone cannot be "Mars/Olympus" (from environment HTTPLOG_TIMEZONE), ' +
        'allowed is local, UTC, an offset such as +02:00, or an IANA name such as Europe/Berlin',
      'Option -s cannot be "65536" (from option -s), allowed is a whole number up to 65535, ' +
        'decimal or 0x, or a size as in 4KB; 0 or less = 65535',
      `Option -cpu cannot be "65" (from ${systemFile} line 2), allowed is a whole number ` +
        'from 1 to 64',
    ]);
  });

  test('of every option at once are as many as there are options that can be wrong', () => {
    const wrong = SETTING_OPTIONS.map(({ environment }) => [environment, '\0']);
    const lines = loadError([], Object.fromEntries(wrong)).message.split('\n');
    expect(lines).toHaveLength(SETTING_OPTIONS.length);
    for (const [index, { flags, environment }] of SETTING_OPTIONS.entries()) {
      expect(lines[index]).toContain(
        `Option ${flags[0]} cannot be "\\u0000" (from environment ${environment}), allowed is `,
      );
    }
  });

  test('of the command line alone are told too', () => {
    expect(loadError(['replay']).message).toBe(
      'Command replay needs at least one FILE, - is standard input',
    );
  });

  test('a --config file that is not there is exit code 3, with others 2', () => {
    expect(loadError(['--config', 'gone']).exitCode).toBe(3);
    expect(loadError(['--config', 'gone', '-b', '0']).exitCode).toBe(2);
  });
});

test('hostile keys change nothing', () => {
  const hostile = JSON.parse('{"__proto__": {"HTTPLOG_PORT": "81", "polluted": "1"}}');
  writeFileSync(
    systemFile,
    'HTTPLOG___proto__=1\n__proto__=1\nconstructor=2\nHTTPLOG_constructor.prototype.x=1\n',
  );
  expect(loadError([], {}).message).toMatch(/line 4 is not of the form KEY=value/);
  writeFileSync(systemFile, 'HTTPLOG___proto__=1\n__proto__=1\nconstructor=2\n');
  const { settings, warnings } = load([], hostile);
  expect(warnings).toHaveLength(1);
  expect(settings.ports).toEqual([{ first: 80, last: 80 }]);
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  expect(loadError(['--__proto__=1', '--constructor=1']).message.split('\n')).toHaveLength(2);
});

test('two loads share nothing', () => {
  load([]).settings.localNetworks.push('10.0.0.1');
  expect(load([]).settings.localNetworks).toEqual([]);
});
