import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { FILTER_SPELLINGS } from '../../src/config/filter-spellings.ts';
import type { Spelling } from '../../src/config/value-spelling.ts';
import { HttplogError } from '../../src/errors.ts';
import { readAddressAnonymization, readOwnPatterns } from '../../src/plan/redaction-files.ts';

type Name = keyof typeof FILTER_SPELLINGS;

const yes = { isNegated: false };
const no = { isNegated: true };
const network = (text: string, address: number[], prefixBits: number) => ({
  network: text,
  address: Uint8Array.from(address),
  prefixBits,
});

const ALLOWED: [Name, string, unknown][] = [
  ['path-patterns', '^/a{1,2}$', [{ pattern: '^/a{1,2}$', ...yes }]],
  [
    'path-patterns',
    '^/a\n!b|c',
    [
      { pattern: '^/a', ...yes },
      { pattern: 'b|c', ...no },
    ],
  ],
  ['path-patterns', '\\!', [{ pattern: '\\!', ...yes }]],
  ['path-patterns', 'a'.repeat(1000), [{ pattern: 'a'.repeat(1000), ...yes }]],
  [
    'method-filter',
    'GET, POST',
    [
      { method: 'GET', ...yes },
      { method: 'POST', ...yes },
    ],
  ],
  [
    'method-filter',
    '!GET\n!HEAD',
    [
      { method: 'GET', ...no },
      { method: 'HEAD', ...no },
    ],
  ],
  ['status-filter', '404', [{ first: 404, last: 404, ...yes }]],
  [
    'status-filter',
    '500-599,!503',
    [
      { first: 500, last: 599, ...yes },
      { first: 503, last: 503, ...no },
    ],
  ],
  [
    'status-filter',
    '5xx\n4XX',
    [
      { first: 500, last: 599, ...yes },
      { first: 400, last: 499, ...yes },
    ],
  ],
  ['host-filter', 'Shop.Example', [{ host: 'shop.example', isSuffix: false, port: '', ...yes }]],
  ['host-filter', '!*.a.b:8080', [{ host: 'a.b', isSuffix: true, port: '8080', ...no }]],
  ['host-filter', '[::1]:80', [{ host: '[::1]', isSuffix: false, port: '80', ...yes }]],
  ['address-filter', '10.0.0.0/8', [{ ...network('10.0.0.0/8', [10, 0, 0, 0], 8), ...yes }]],
  ['address-filter', '! 10.0.0.1', [{ ...network('10.0.0.1', [10, 0, 0, 1], 32), ...no }]],
  ['header-filter', 'X-A', [{ name: 'x-a', value: undefined, ...yes }]],
  [
    'header-filter',
    'X-A = b=c, d\n!y=',
    [
      { name: 'x-a', value: 'b=c, d', ...yes },
      { name: 'y', value: '', ...no },
    ],
  ],
  ['milliseconds', '500', 500],
  ['milliseconds', ' 0.25 ', 0.25],
  ['sample', '1', 1],
  ['sample', '4294967295', 4_294_967_295],
  ['field-modes', 'drop', { default: 'drop', byName: [] }],
  [
    'field-modes',
    'redact, theme=keep,Sid=drop',
    {
      default: 'redact',
      byName: [
        ['theme', 'keep'],
        ['Sid', 'drop'],
      ],
    },
  ],
  [
    'field-modes',
    'api%20key=redact\nb=keep',
    {
      default: undefined,
      byName: [
        ['api%20key', 'redact'],
        ['b', 'keep'],
      ],
    },
  ],
  ['redact-patterns', 'email,phone, email', ['email', 'phone']],
  ['anonymize-ip', 'truncate', { method: 'truncate' }],
  ['anonymize-ip', 'hash:/etc/a:b', { method: 'hash', keyFile: '/etc/a:b' }],
];

const REFUSED: [Name, string][] = [
  ...['', '(', '(a)\\1', '(?!a)', 'a\n', '!', 'a'.repeat(1001), `${'a\n'.repeat(32)}a`].map(
    (text): [Name, string] => ['path-patterns', text],
  ),
  ...['', 'GET,', 'GE T', '!', 'G\u00c9T'].map((text): [Name, string] => ['method-filter', text]),
  ...['', '99', '1000', '0xx', 'xx', '500-', '599-500', '5xx-6xx', '!!200'].map(
    (text): [Name, string] => ['status-filter', text],
  ),
  ...['', '*', 'a*b', 'a:b', 'a:65536', 'a b', 'http://a', '::1', '[x]'].map(
    (text): [Name, string] => ['host-filter', text],
  ),
  ...['', '10.0.0', '10.0.0.1/33', '::1/129', '10.0.0.1/', '::1/8/8', 'fe80::1%eth0'].map(
    (text): [Name, string] => ['address-filter', text],
  ),
  ...['', '=a', 'a b', 'a:b', '-a', '\u00e4=b'].map((text): [Name, string] => [
    'header-filter',
    text,
  ]),
  ...['', '-1', '1.', '1e3', 'x'].map((text): [Name, string] => ['milliseconds', text]),
  ...['', '0', '-1', '1.5', '4294967296'].map((text): [Name, string] => ['sample', text]),
  ...['', 'hide', 'keep,drop', 'a=hide', 'a=', '=keep', 'keep,'].map((text): [Name, string] => [
    'field-modes',
    text,
  ]),
  ...['', 'email,', 'Email', 'ipv4'].map((text): [Name, string] => ['redact-patterns', text]),
  ...['', 'hash', 'hash:', 'cut'].map((text): [Name, string] => ['anonymize-ip', text]),
];

function format(name: Name): Spelling<unknown> {
  return FILTER_SPELLINGS[name];
}

test.each(ALLOWED)('%s takes %j as %j', (name, text, value) => {
  expect(format(name).parse(text)).toEqual(value);
});

test.each(REFUSED)('%s refuses %j', (name, text) => {
  expect(format(name).parse(text)).toBeNull();
});

test.each(ALLOWED)('%s prints %j so that it can be read again', (name, text, value) => {
  const { parse, print } = format(name);
  expect(parse(print(parse(text)))).toEqual(value);
});

test('lists may have as many values as the limit, and not one more', () => {
  const codes = Array.from({ length: 257 }, (_, index) => 100 + index);
  expect(FILTER_SPELLINGS['status-filter'].parse(codes.slice(1).join())).toHaveLength(256);
  expect(FILTER_SPELLINGS['status-filter'].parse(codes.join())).toBeNull();
  expect(FILTER_SPELLINGS['path-patterns'].parse(`${'a\n'.repeat(31)}a`)).toHaveLength(32);
});

describe('files of redaction', () => {
  const directory = mkdtempSync(join(tmpdir(), 'httplog-redaction-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  function write(text: string | Uint8Array): string {
    const path = join(directory, 'file');
    writeFileSync(path, text);
    return path;
  }

  /** Code, exit code and message of the error. */
  function failure(action: () => unknown): [string, number, string] {
    try {
      action();
    } catch (error) {
      expect(error).toBeInstanceOf(HttplogError);
      const { code, exitCode, message, hint } = error as HttplogError;
      expect(hint).toBeTypeOf('string');
      return [code, exitCode, message];
    }
    return expect.fail('nothing was thrown');
  }

  test('patterns are a list of names and regular expressions', () => {
    const path = write("# ours\n- name: ticket\n  pattern: 'T-\\d+'\n- {name: x, pattern: y}\n");
    expect(readOwnPatterns(path)).toEqual([
      { name: 'ticket', pattern: 'T-\\d+' },
      { name: 'x', pattern: 'y' },
    ]);
    expect(readOwnPatterns(write('[]'))).toEqual([]);
  });

  test.each([
    ['', 'is not a list'],
    ['name: x', 'is not a list'],
    ['- [', 'is not YAML'],
    ['- name: x', 'pattern 1 has no name and pattern'],
    ['- null', 'pattern 1 has no name and pattern'],
    ['- {name: 1, pattern: x}', 'pattern 1 has no name and pattern'],
    ['- {name: X, pattern: x}', 'cannot be called "X"'],
    ['- {name: email, pattern: x}', 'cannot be called "email"'],
    ['- {name: no_room, pattern: x}', 'cannot be called "no_room"'],
    ['- {name: x, pattern: (}', 'cannot be "("'],
    ["- {name: x, pattern: 'x*'}", 'cannot be "x*"'],
    ['- {name: x, pattern: x}\n- {name: x, pattern: y}', 'has the name x twice'],
    ['- {name: x, pattern: x}\n'.repeat(33), 'up to 32 patterns'],
    ['#'.repeat(256 * 1024 + 1), 'is too large'],
  ])('%j is refused', (text, reason) => {
    const [code, exitCode, message] = failure(() => readOwnPatterns(write(text.slice(0, 300_000))));
    expect([code, exitCode]).toEqual(['HTTPLOG_PATTERNS_FILE', 2]);
    expect(message).toContain(reason);
  });

  test('a file that is missing has exit code 3, a directory 2', () => {
    const missing = join(directory, 'missing');
    expect(failure(() => readOwnPatterns(missing)).slice(0, 2)).toEqual([
      'HTTPLOG_PATTERNS_FILE',
      3,
    ]);
    const sub = join(directory, 'sub');
    mkdirSync(sub);
    expect(failure(() => readOwnPatterns(sub)).slice(0, 2)).toEqual(['HTTPLOG_PATTERNS_FILE', 2]);
  });

  test.runIf(process.getuid?.() !== 0)('a file that must not be read has exit code 4', () => {
    const path = write('[]');
    chmodSync(path, 0);
    expect(failure(() => readOwnPatterns(path))[1]).toBe(4);
    chmodSync(path, 0o600);
  });

  test('a key is the bytes of its file but for a line end', () => {
    const read = (bytes: string | Uint8Array) =>
      readAddressAnonymization({ method: 'hash', keyFile: write(bytes) });
    const key = Uint8Array.from({ length: 16 }, (_, index) => 255 - index);
    expect(read(key)).toMatchObject({ method: 'hash', key });
    expect(read(Uint8Array.of(...key, 0x0d, 0x0a))).toEqual(read(key));
    expect(read(Uint8Array.of(...key, 0x0a, 0x0a))).toMatchObject({
      method: 'hash',
      key: Uint8Array.of(...key, 0x0a),
    });
    expect(failure(() => read('0123456789abcde\n')).slice(0, 2)).toEqual(['HTTPLOG_KEY_FILE', 2]);
    expect(failure(() => read('x'.repeat(4097)))[2]).toContain('too large');
    expect(readAddressAnonymization(undefined)).toBeUndefined();
  });

  function readInAnotherProcess(): string {
    const module = new URL('../../src/plan/redaction-files.ts', import.meta.url).href;
    const script = `import { readAddressAnonymization } from '${module}';
      const { idKey } = readAddressAnonymization({ method: 'truncate' });
      process.stdout.write(Buffer.from(idKey).toString('hex'));`;
    const argv = ['--input-type=module-typescript', '-e', script];
    const key = execFileSync(process.execPath, argv, { encoding: 'utf8' });
    expect(key).toMatch(/^[0-9a-f]{32}$/);
    return key;
  }

  test('ids have a key of the file, and none that can be known without one', () => {
    const idKeyOf = (option: Parameters<typeof readAddressAnonymization>[0]) =>
      Buffer.from(readAddressAnonymization(option)?.idKey ?? []).toString('hex');
    const fromFile = (bytes: string) => idKeyOf({ method: 'hash', keyFile: write(bytes) });
    expect(fromFile('x'.repeat(16))).toMatch(/^[0-9a-f]{32}$/);
    expect(fromFile('x'.repeat(16))).toBe(fromFile(`${'x'.repeat(16)}\n`));
    expect(fromFile('y'.repeat(16))).not.toBe(fromFile('x'.repeat(16)));
    expect(idKeyOf({ method: 'truncate' })).toMatch(/^[0-9a-f]{32}$/);
    // Of this process, for all times that its settings are read: a reload changes no id.
    expect(idKeyOf({ method: 'truncate' })).toBe(idKeyOf({ method: 'truncate' }));
    expect(readInAnotherProcess()).not.toBe(idKeyOf({ method: 'truncate' }));
  });
});
