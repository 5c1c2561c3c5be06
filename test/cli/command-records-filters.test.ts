import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { replayInProcess } from '../golden/replay-in-process.ts';
import {
  linesOf,
  objectsOf,
  PATHS,
  SHOP,
  splitLines,
  TEXT_LINES,
} from './command-records-capture.ts';
import { folder } from './run-replay.ts';

const TEMPLATE = ['--format', 'template:{path}'];
const capture = join(folder, SHOP);

describe('the exchanges that are written', () => {
  test.each([
    [['--include-path', '^/shop/'], [0]],
    [['--include-path', '^/SHOP/'], []],
    [
      ['--include-path', '^/shop/', '--include-path', 'login$'],
      [0, 1],
    ],
    [
      ['--include-path', '!^/shop/'],
      [1, 2, 3],
    ],
    [['--exclude-path', 'a+'], [1]],
    [['--exclude-path', '^/', '--exclude-path', '!cart'], [0]],
    [['--method', 'POST,PUT'], [1]],
    [
      ['--method', '!POST'],
      [0, 2, 3],
    ],
    [['--status', '500-599'], [1]],
    [['--status', '!200,!404'], [1]],
    [
      ['--status', '2xx,5xx'],
      [0, 1],
    ],
    [
      ['--host', 'SHOP.example'],
      [0, 1],
    ],
    [['--host', 'shop.example:8080'], [1]],
    [
      ['--host', '!*.example'],
      [2, 3],
    ],
    [
      ['--client', '192.0.2.0/24'],
      [0, 1],
    ],
    [
      ['--client', '!192.0.2.2'],
      [2, 3],
    ],
    [
      ['--server', '198.51.100.1,fd00::/8'],
      [0, 1, 2, 3],
    ],
    [['--server', '10.0.0.0/8'], []],
    [
      ['--header-filter', 'x-tenant'],
      [0, 1],
    ],
    [['--header-filter', 'X-Tenant=Blue, Green'], [0]],
    [
      ['--header-filter', '!x-tenant'],
      [2, 3],
    ],
    [
      ['--slower-than', '20.5'],
      [0, 1],
    ],
    [['--slower-than', '601'], []],
    [
      ['--sample', '1'],
      [0, 1, 2, 3],
    ],
    [['--status', '404', '--include-path', '!$'], []],
    [['--status', '4xx', '--client', '203.0.113.9', '--include-path', '!a!$'], [3]],
  ])('%j', async (args, indexes) => {
    const { text, failures } = await replayInProcess([capture, ...TEMPLATE, ...args]);
    expect(failures).toEqual([]);
    expect(splitLines(text)).toEqual(indexes.map((index) => PATHS[index]));
  });
});

describe('filters of the real command', () => {
  test('with a pattern that other engines never finish are no danger', async () => {
    expect(await linesOf(...TEMPLATE, '--include-path', '^/(a+)+$')).toEqual(['/aaa']);
    expect(await linesOf(...TEMPLATE, '--exclude-path', '(a+)+$')).toEqual([
      '/shop/cart',
      '/login',
      '/aaa!',
    ]);
  });

  test('choose connections as a whole by --sample', async () => {
    for (const count of ['2', '3', '4294967295']) {
      const ports = await linesOf('--format', 'template:{client_port}', '--sample', count);
      for (const port of ['40000', '40001']) {
        expect([0, 2]).toContain(ports.filter((other) => other === port).length);
      }
      expect(count.length === 1 || ports.length === 0).toBe(true);
    }
  });

  test('choose messages of text by the exchange that they belong to, both of them', async () => {
    expect(await linesOf('--status', '503')).toEqual(TEXT_LINES.slice(2, 4));
    expect(await linesOf('--include-path', '^/shop')).toEqual(TEXT_LINES.slice(0, 2));
    expect(await linesOf('--method', '!GET,!POST')).toEqual([]);
    expect(await linesOf('--sample', '1')).toEqual(TEXT_LINES);
  });

  test('choose messages of other formats in the same way', async () => {
    const args = ['--format', 'json', '--records', 'messages', '--slower-than', '500'];
    const messages = await objectsOf(...args);
    expect(messages.map(({ type, path, status }) => [type, path, status])).toEqual([
      ['CQ', '/login', undefined],
      ['CR', undefined, 503],
    ]);
  });
});
