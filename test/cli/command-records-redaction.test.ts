import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { linesOf, objectsOf, printed, readOutput } from './command-records-capture.ts';
import { folder } from './run-replay.ts';

/** The real command, asked to hide what a capture shows. */

const COOKIES = ['--header', 'cookie,set-cookie,authorization'];
const SECRETS = /s3cr3t|abc123|dark|YW5uOnBhc3N3b3Jk|password|abc\.def/;

describe('without any option', () => {
  test('cookies keep their names, and Authorization its scheme and user', async () => {
    const [first, second] = await objectsOf('--format', 'json', ...COOKIES);
    expect(first.request_headers).toEqual({
      cookie: 'sid=REDACTED; theme=REDACTED',
      authorization: `Basic ${Buffer.from('ann:REDACTED').toString('base64')}`,
    });
    expect(first.response_headers).toEqual({ 'set-cookie': 'sid=REDACTED; Path=/' });
    expect(first.user).toBe('ann');
    expect(second.request_headers).toEqual({ authorization: 'Bearer REDACTED' });
  });

  test('the query and everything else stays', async () => {
    const [first] = await objectsOf('--format', 'json', '--header', 'x-tenant');
    expect(first).toMatchObject({
      target: '/shop/cart?item=7&token=s3cr3t',
      forwarded_for: '203.0.113.77',
      client_ip: '192.0.2.2',
      request_headers: { 'x-tenant': 'blue, green' },
    });
  });
});

describe('--query-mode', () => {
  const target = '/shop/cart?item=7&token=REDACTED';

  test('hides a parameter in text, json and combined, in the Referer too', async () => {
    const mode = ['--query-mode', 'token=redact'];
    const text = await linesOf(...mode);
    expect(text[0]).toContain(` CQ GET ${target} HTTP/1.1 shop.example `);
    const [object] = await objectsOf('--format', 'json', ...mode);
    expect(object).toMatchObject({
      target,
      path: '/shop/cart',
      query: 'item=7&token=REDACTED',
      referer: 'http://shop.example/?token=REDACTED',
    });
    const combined = await linesOf('--format', 'combined', ...mode);
    expect(combined[0]).toContain(
      `"GET ${target} HTTP/1.1" 200 - "http://shop.example/?token=REDACTED" `,
    );
  });

  test('drops a parameter, keeps one, and redacts all others', async () => {
    const queries = async (mode: string) => {
      const [object] = await objectsOf('--format', 'json', '--query-mode', mode);
      return object.query;
    };
    expect(await queries('token=drop')).toBe('item=7');
    expect(await queries('redact,item=keep')).toBe('item=7&token=REDACTED');
    expect(await queries('redact')).toBe('item=REDACTED&token=REDACTED');
  });
});

describe('--cookie-mode and --header-mode', () => {
  test('keep, redact and drop by name', async () => {
    const [first] = await objectsOf(
      ...['--format', 'json', ...COOKIES, '--header', 'x-tenant'],
      ...['--cookie-mode', 'drop,theme=keep'],
      ...['--header-mode', 'authorization=drop,x-tenant=redact,user-agent=drop'],
    );
    expect(first.request_headers).toEqual({ cookie: 'theme=dark', 'x-tenant': 'REDACTED' });
    expect(first).not.toHaveProperty('user');
    expect(first).not.toHaveProperty('user_agent');
  });

  test('keep everything when told so', async () => {
    const [first, second] = await objectsOf(
      ...['--format', 'json', ...COOKIES, '--cookie-mode', 'keep'],
      ...['--header-mode', 'authorization=keep'],
    );
    expect(first.request_headers).toEqual({
      cookie: 'sid=abc123; theme=dark',
      authorization: 'Basic YW5uOnBhc3N3b3Jk',
    });
    expect(second.request_headers).toEqual({ authorization: 'Bearer abc.def' });
  });
});

describe('--redact and --redact-file', () => {
  test('hide patterns in text, json and combined', async () => {
    writeFileSync(join(folder, 'patterns.yaml'), "- name: ticket\n  pattern: 'T-\\d{4}'\n");
    const patterns = ['--redact', 'email', '--redact-file', 'patterns.yaml'];
    const agent = 'Mozilla/5.0 [REDACTED:email] [REDACTED:ticket]';
    expect((await linesOf(...patterns))[0].endsWith(` shop.example ${agent}`)).toBe(true);
    const [object] = await objectsOf('--format', 'json', ...patterns);
    expect(object.user_agent).toBe(agent);
    const [combined] = await linesOf('--format', 'combined', ...patterns);
    expect(combined.endsWith(` "${agent}"`)).toBe(true);
  });

  test('hide nothing that they do not name', async () => {
    expect((await linesOf('--redact', 'ssn,jwt'))[0]).toContain('ann@example.org T-1234');
  });
});

describe('--anonymize-ip', () => {
  test('truncate zeroes the last bits of the client in every format', async () => {
    const truncate = ['--anonymize-ip', 'truncate'];
    const text = await linesOf(...truncate);
    expect(text[0]).toContain(' 192.0.2.0#40000 198.51.100.1#80 CQ ');
    expect(text[1]).toContain(' 198.51.100.1#80 192.0.2.0#40000 CR ');
    const [object] = await objectsOf('--format', 'json', ...truncate);
    expect(object).toMatchObject({ client_ip: '192.0.2.0', forwarded_for: '203.0.113.0' });
    expect((await linesOf('--format', 'combined', ...truncate))[0]).toMatch(/^192\.0\.2\.0 - ann /);
  });

  test('hash keeps clients apart, and is the same with the same key alone', async () => {
    writeFileSync(join(folder, 'one.key'), '0123456789abcdef0123456789abcdef\n');
    writeFileSync(join(folder, 'other.key'), 'fedcba9876543210fedcba9876543210\n');
    const addresses = (key: string) =>
      linesOf('--format', 'template:{client_ip}', '--anonymize-ip', `hash:${key}`);
    const one = await addresses('one.key');
    expect(one[0]).not.toBe('192.0.2.2');
    expect(one[1]).toBe(one[0]);
    expect(one[2]).not.toBe(one[0]);
    expect(await addresses('one.key')).toEqual(one);
    expect(await addresses('other.key')).not.toEqual(one);
    const text = await linesOf('--anonymize-ip', 'hash:one.key');
    expect(text[0]).toContain(` ${one[0]}#40000 198.51.100.1#80 CQ `);
  });
});

test('filters look at what was sent, not at what is written', async () => {
  const args = ['--format', 'template:{client_ip} {path}', '--anonymize-ip', 'truncate'];
  expect(await linesOf(...args, '--client', '192.0.2.2', '--header-filter', 'cookie')).toEqual([
    '192.0.2.0 /shop/cart',
  ]);
});

test('no output shows what is hidden, whatever its format', async () => {
  const formats = ['text', 'json', 'ecs', 'otel', 'combined-timed', 'audit', 'tsv'];
  const outputs = formats.map((format) => `--output=format=${format},path=hidden.${format}`);
  const options = [...COOKIES, '--query-mode', 'token=redact'];
  expect(await printed(...outputs, '--output=sqlite=hidden.sqlite', ...options)).toBe('');
  for (const format of formats) {
    const text = readOutput(`hidden.${format}`);
    expect(text).toContain('token=REDACTED');
    expect(text).not.toMatch(SECRETS);
  }
  const database = new DatabaseSync(join(folder, 'hidden.sqlite'), { readOnly: true });
  const rows = JSON.stringify(database.prepare('SELECT * FROM exchanges').all());
  database.close();
  expect(rows).toContain('token=REDACTED');
  expect(rows).not.toMatch(SECRETS);
});
