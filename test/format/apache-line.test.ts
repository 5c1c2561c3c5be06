import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWriter } from '../../src/format/format-table.ts';
import {
  FORMAT_OPTIONS_DEFAULT,
  type RecordFormatOptions,
} from '../../src/format/record-format.ts';
import { type ExchangeParts, makeExchange } from '../exchange/make-exchange.ts';
import {
  type HostileValues,
  hostileValues,
  letters,
  linesOf,
  makeHostileExchange,
} from './hostile-values.ts';

const OPTIONS: RecordFormatOptions = FORMAT_OPTIONS_DEFAULT;
const common = createWriter('common', 'exchange', OPTIONS);
const combined = createWriter('combined', 'exchange', OPTIONS);
const timed = createWriter('combined-timed', 'exchange', OPTIONS);

const lineOf = (parts: ExchangeParts = {}, format = common) =>
  linesOf(format, makeExchange(parts))[0];
const withAuthorization = (value: string, ...headers: string[]) =>
  ['GET / HTTP/1.1', `Authorization: ${value}`, ...headers, '', ''].join('\r\n');
const basic = (user: string) => `Basic ${Buffer.from(`${user}:secret`).toString('base64')}`;

describe('common, combined and combined-timed: exact lines', () => {
  it('common is Apache %h %l %u %t "%r" %>s %b', () => {
    expect(lineOf()).toBe(
      '203.0.113.9 - - [01/Sep/2019:14:16:51 +0000] "GET /shop/cart?item=7&user=ann HTTP/1.1" 200 512',
    );
  });

  it('combined adds Referer and User-Agent, combined-timed the microseconds', () => {
    expect(lineOf({}, combined)).toBe(`${lineOf()} "http://shop.example/start" "curl/8.5.0"`);
    expect(lineOf({}, timed)).toBe(`${lineOf({}, combined)} 6250`);
  });

  it('microseconds are cut, and are 0 when nobody knows', () => {
    expect(lineOf({ totalNs: 1999 }, timed)).toMatch(/" 1$/);
    expect(lineOf({ totalNs: 2 ** 53 }, timed)).toMatch(/" 9007199254740$/);
    expect(lineOf({ totalNs: -1 }, timed)).toMatch(/" 0$/);
  });

  it('IPv6 clients are written without brackets', () => {
    const line = lineOf({ clientAddress: '2001:db8::7', serverAddress: '2001:db8::1' });
    expect(line).toMatch(/^2001:db8::7 - - \[/);
  });

  it('a response that was not seen is 000, a size that is 0 or unknown a dash', () => {
    expect(lineOf({ responseHead: null, responseBodyBytes: -1 })).toMatch(/ HTTP\/1\.1" 000 -$/);
    expect(lineOf({ responseBodyBytes: 0 })).toMatch(/ 200 -$/);
    expect(lineOf({ responseHead: 'HTTP/1.1 99' })).toMatch(/ 000 512$/);
    expect(lineOf({ responseHead: 'HTTP/1.1 099 Odd' })).toMatch(/ 099 512$/);
  });

  it('a request that was not seen is a dash everywhere', () => {
    expect(lineOf({ requestHead: null }, combined)).toBe(
      '203.0.113.9 - - [01/Sep/2019:14:16:51 +0000] "-" 200 512 "-" "-"',
    );
  });

  it('a header that is there and empty is empty, as with Apache', () => {
    const requestHead = 'GET / HTTP/1.1\r\nReferer:\r\nUser-Agent: \r\n\r\n';
    expect(lineOf({ requestHead }, combined)).toMatch(/ 200 512 "" ""$/);
  });

  it.each([
    ['ann', 'ann'],
    ['', '""'],
    ['-', '\\x2d'],
    ['""', '\\"\\"'],
    ['a b', 'a\\x20b'],
    ['a[10/Oct]', 'a\\x5b10/Oct\\x5d'],
    ['j\u00fcrg', 'j\\xc3\\xbcrg'],
  ])('user %j is %s', (user, expected) => {
    expect(lineOf({ requestHead: withAuthorization(basic(user)) })).toContain(
      ` - ${expected} [01/`,
    );
  });

  it('other credentials than Basic give no user', () => {
    expect(lineOf({ requestHead: withAuthorization('Bearer abc') })).toContain(' - - [01/');
  });

  it('what is written of each byte is what ap_escape_logitem writes', () => {
    const named = new Map([
      [8, '\\b'],
      [9, '\\t'],
      [11, '\\v'],
      [13, '\\r'],
      [0x22, '\\"'],
      [0x5c, '\\\\'],
    ]);
    for (let byte = 0; byte < 256; byte++) {
      if (byte === 10) {
        continue;
      }
      const hex = `\\x${byte.toString(16).padStart(2, '0')}`;
      const printed = byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : hex;
      const requestHead = Buffer.from(`GET /a\0b HTTP/1.1\r\n\r\n`);
      requestHead[6] = byte;
      expect(lineOf({ requestHead })).toContain(`"GET /a${named.get(byte) ?? printed}b HTTP/1.1"`);
    }
  });
});

const FIELD = '"((?:[^"\\\\]|\\\\.)*)"';
const LINE = new RegExp(
  `^203\\.0\\.113\\.9 - (\\S+) \\[01/Sep/2019:14:16:51 \\+0000\\] ${FIELD} (\\d{3}) (\\d+|-) ${FIELD} ${FIELD} (\\d+)$`,
);
const LETTERS: Record<string, string> = { b: '\b', n: '\n', r: '\r', t: '\t', v: '\v' };

/** Apache's escapes back to the bytes, one letter a byte. */
function unescapeLogItem(escaped: string): string {
  return escaped.replaceAll(/\\(?:x([0-9a-f]{2})|(.))/g, (_sequence, hex, letter) =>
    hex === undefined ? (LETTERS[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function expectedUser({ hasRequest, user }: HostileValues): string {
  return !hasRequest || user === null ? '-' : user.length === 0 ? '""' : letters(user);
}

describe('common, combined and combined-timed: hostile values', () => {
  it('are one line whose columns give the values back', () => {
    fc.assert(
      fc.property(hostileValues, (given) => {
        const [line] = linesOf(timed, makeHostileExchange(given));
        expect(line).toMatch(/^[ -~]*$/);
        const columns = LINE.exec(line);
        expect(columns).not.toBeNull();
        const [, user, request, status, size, referer, agent, duration] = columns ?? [];
        const { hasRequest, hasResponse, method, target } = given;
        const requestLine = `${letters(method)} ${letters(target)} HTTP/1.1`;
        const shown = (value: Uint8Array | null) =>
          hasRequest && value !== null ? letters(value) : '-';
        expect(user === '""' ? user : unescapeLogItem(user)).toBe(expectedUser(given));
        expect(unescapeLogItem(request)).toBe(hasRequest ? requestLine : '-');
        expect(unescapeLogItem(referer)).toBe(shown(given.referer));
        expect(unescapeLogItem(agent)).toBe(shown(given.userAgent));
        expect([status, size, duration]).toEqual([hasResponse ? '404' : '000', '512', '6250']);
      }),
      { numRuns: 300 },
    );
  });

  it('fit into the room asked for when every byte becomes four', () => {
    const long = '\x01'.repeat(4000);
    const requestHead = [
      `GET /${long} HTTP/1.1`,
      `Referer: ${long}`,
      `User-Agent: ${long}`,
      `Authorization: ${basic('\x02'.repeat(300))}`,
      '\r\n',
    ].join('\r\n');
    const parts = {
      requestHead,
      clientAddress: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
      serverAddress: '::1',
      timestampSec: 2 ** 60,
      totalNs: 2 ** 53,
      responseBodyBytes: 2 ** 53,
    };
    for (const format of [common, combined, timed]) {
      expect(lineOf(parts, format).length).toBeGreaterThan(16_000);
    }
  });
});

const goaccess = spawnSync('goaccess', ['--version']);
const reason = goaccess.error === undefined ? '' : ' (skipped: goaccess is not installed)';

interface Report {
  general: { valid_requests: number; failed_requests: number };
}

/** What goaccess makes of the lines. */
function readWithGoaccess(lines: string[], logFormat: string, ...more: string[]): Report {
  const directory = mkdtempSync(join(tmpdir(), 'httplog-goaccess-'));
  try {
    const logPath = join(directory, 'access.log');
    const reportPath = join(directory, 'report.json');
    writeFileSync(logPath, lines.map((line) => `${line}\n`).join(''), 'latin1');
    const options = ['--date-format=%d/%b/%Y', '--time-format=%T', '--no-global-config', ...more];
    const child = spawnSync(
      'goaccess',
      [logPath, `--log-format=${logFormat}`, ...options, '-o', reportPath],
      { timeout: 15_000, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    expect(existsSync(reportPath), String(child.stderr)).toBe(true);
    return JSON.parse(readFileSync(reportPath, 'utf8'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe.skipIf(goaccess.error !== undefined)(`goaccess reads them${reason}`, () => {
  const LINES_COUNT = 50;
  const hostile = fc.sample(hostileValues, { seed: 7, numRuns: LINES_COUNT });
  const whole = hostile.map((given) =>
    makeHostileExchange({ ...given, hasRequest: true, hasResponse: true }),
  );
  const TIMED_FORMAT = '%h %^[%d:%t %^] "%r" %s %b "%R" "%u" %D';

  it('combined, all of 50 hostile exchanges', () => {
    const lines = whole.map((exchange) => linesOf(combined, exchange)[0]);
    const { general } = readWithGoaccess(lines, 'COMBINED');
    expect([general.valid_requests, general.failed_requests]).toEqual([LINES_COUNT, 0]);
  });

  it('combined-timed with its own format', () => {
    const lines = whole.map((exchange) => linesOf(timed, exchange)[0]);
    const { general } = readWithGoaccess(lines, TIMED_FORMAT);
    expect([general.valid_requests, general.failed_requests]).toEqual([LINES_COUNT, 0]);
  });

  it('incomplete ones with --no-strict-status, which allows the status 000', () => {
    const lines = hostile.map((given) => linesOf(combined, makeHostileExchange(given))[0]);
    expect(lines.some((line) => line.includes('" 000 '))).toBe(true);
    const { general } = readWithGoaccess(lines, 'COMBINED', '--no-strict-status');
    expect([general.valid_requests, general.failed_requests]).toEqual([LINES_COUNT, 0]);
  });
});
