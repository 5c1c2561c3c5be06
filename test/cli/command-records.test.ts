import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { runHttplog } from '../live/httplog-process.ts';
import {
  linesOf,
  objectsOf,
  PATHS,
  printed,
  readOutput,
  runReplay,
  SHOP,
  TEXT_LINES,
} from './command-records-capture.ts';
import { folder } from './run-replay.ts';

/** The real command with its formats and its outputs. */

const TSV_START = '#separator \\x09\n';

describe('--format', () => {
  test('text is the default, a line a message', async () => {
    expect(await linesOf()).toEqual(TEXT_LINES);
    expect(await linesOf('--format', 'text', '--records', 'messages')).toEqual(TEXT_LINES);
  });

  test('json writes exchanges, or messages by --records', async () => {
    const exchanges = await objectsOf('--format', 'json');
    expect(exchanges.map(({ record, path, status }) => [record, path, status])).toEqual(
      PATHS.map((path, index) => ['exchange', path, [200, 503, 404, 404][index]]),
    );
    const messages = await objectsOf('--format', 'json', '--records', 'messages');
    expect(messages.map(({ type }) => type)).toEqual(TEXT_LINES.map((line) => line.split(' ')[4]));
  });

  test('ecs and otel write objects of their schemas', async () => {
    const [ecs] = await objectsOf('--format', 'ecs');
    expect(ecs).toMatchObject({
      '@timestamp': '2019-09-01T14:16:51.003000Z',
      http: { request: { method: 'GET' }, response: { status_code: 200 } },
      url: { path: '/shop/cart' },
    });
    const lines = await objectsOf('--format', 'otel');
    expect(lines).toHaveLength(PATHS.length);
    expect(lines[1]).toMatchObject({
      resourceLogs: [
        { scopeLogs: [{ logRecords: [{ body: { stringValue: 'POST /login 503' } }] }] },
      ],
    });
  });

  test('common, combined and combined-timed write lines as Apache does', async () => {
    const common = '192.0.2.2 - - [01/Sep/2019:14:16:51 +0000] "POST /login HTTP/1.1" 503 -';
    expect((await linesOf('--format', 'common'))[1]).toBe(common);
    expect((await linesOf('--format', 'combined'))[1]).toBe(`${common} "-" "-"`);
    expect((await linesOf('--format', 'combined-timed'))[1]).toBe(`${common} "-" "-" 601000`);
  });

  test('audit writes two lines an exchange under one id', async () => {
    const lines = await linesOf('--format', 'audit');
    expect(lines).toHaveLength(2 * PATHS.length);
    expect(lines[1]).toMatch(/^2019-09-01 14:16:51\.024 ID: \S+ User: ann Path: \/shop\/cart /);
    expect(lines[1]).toMatch(/ Status: 200 Duration: 0\.021000s Size: 0$/);
    expect(lines[0].split(' ')[3]).toBe(lines[1].split(' ')[3]);
  });

  test('template writes what it names, header fields too', async () => {
    const template = 'template:\'{method} {path}\\t{status} "{request.header.x-tenant}"\'';
    expect(await linesOf('--format', template)).toEqual([
      'GET /shop/cart\t200 "blue, green"',
      expect.stringMatching(/^POST \/login\t503 "/),
      expect.stringMatching(/^GET \/aaa!\t404 "/),
      expect.stringMatching(/^GET \/aaa\t404 "/),
    ]);
  });

  test('stands in the environment and in the configuration file too', async () => {
    writeFileSync(join(folder, 'format.conf'), "HTTPLOG_FORMAT='template:{status} {path}'\n");
    expect(await linesOf('--config', 'format.conf')).toContain('503 /login');
    const { stdout } = await runHttplog(['replay', SHOP, '-o', '-'], {
      cwd: folder,
      env: { HTTPLOG_FORMAT: 'template:{status}' },
    });
    expect(stdout).toBe('200\n503\n404\n404\n');
  });
});

describe('--header', () => {
  test('shows fields of requests and of responses, whatever the case of the name', async () => {
    const exchanges = await objectsOf('--format', 'json', '--header', 'X-TENANT,Accept');
    expect(exchanges.map((exchange) => exchange.request_headers)).toEqual([
      { 'x-tenant': 'blue, green' },
      ...[undefined, undefined, undefined],
    ]);
    expect(exchanges[1].response_headers).toEqual({ 'x-tenant': 'red' });
  });

  test('gives tsv columns, which its header names', async () => {
    const lines = await linesOf('--format', 'tsv', '--header', 'X-Tenant', '--header', 'via');
    const header = lines.filter((line) => line.startsWith('#'));
    const names =
      header
        .find((line) => line.startsWith('#fields'))
        ?.split('\t')
        .slice(1) ?? [];
    const columns = ['request_x-tenant', 'request_via', 'response_x-tenant', 'response_via'];
    expect(names.slice(-4)).toEqual(columns);
    const rows = lines.slice(header.length).map((line) => line.split('\t'));
    expect(rows.map((row) => row.length)).toEqual(PATHS.map(() => names.length));
    expect(rows[0].slice(-4)).toEqual(['blue, green', '-', '-', '-']);
    expect(rows[1].slice(-4)).toEqual(['-', '-', 'red', '-']);
  });
});

describe('--output', () => {
  test('writes several at once: standard output, a file, daily files and a database', async () => {
    mkdirSync(join(folder, 'daily'));
    const stdout = await printed(
      ...['--output', 'path=-,format=combined', '--output', 'format=json,path=several.json'],
      ...['--output', 'path=daily', '--output', 'format=tsv,path=daily/'],
      ...['--output', 'sqlite=several.sqlite'],
    );
    expect(stdout.split('\n')).toHaveLength(PATHS.length + 1);
    const objects = readOutput('several.json')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    expect(objects.map(({ path }) => path)).toEqual(PATHS);
    expect(readdirSync(join(folder, 'daily')).toSorted()).toEqual([
      'http-20190901.log',
      'http-20190901.tsv',
    ]);
    expect(readOutput('daily/http-20190901.log')).toBe(`${TEXT_LINES.join('\n')}\n`);
    expect(readOutput('daily/http-20190901.tsv').startsWith(TSV_START)).toBe(true);
    const database = new DatabaseSync(join(folder, 'several.sqlite'), { readOnly: true });
    const rows = database.prepare('SELECT id, status FROM exchanges ORDER BY time').all();
    database.close();
    expect(rows).toEqual(objects.map(({ id, status }) => ({ id, status })));
  });

  test('stands in a configuration file, with spaces and commas in a path and a template', async () => {
    writeFileSync(
      join(folder, 'outputs.conf'),
      `HTTPLOG_OUTPUTS='format=json,path="in a file, one.json" format=template:"{status}, {path}",path=-'\n`,
    );
    expect(await printed('--config', 'outputs.conf', '--status', '5xx')).toBe('503, /login\n');
    expect(JSON.parse(readOutput('in a file, one.json'))).toMatchObject({ path: '/login' });
  });

  test('stands in the environment', async () => {
    const { code, stdout } = await runHttplog(['replay', SHOP], {
      cwd: folder,
      env: { HTTPLOG_OUTPUTS: 'format=tsv,path=env.tsv format=template:{path},path=-' },
    });
    expect({ code, lines: stdout.split('\n').length }).toEqual({ code: 0, lines: 5 });
    expect(readOutput('env.tsv').startsWith(TSV_START)).toBe(true);
  });

  test('takes the place of -o, which is said', async () => {
    const { code, stdout, stderr } = await runReplay('-o', 'unused.log', '--output', 'path=-');
    expect({ code, lines: stdout.split('\n').length }).toEqual({ code: 0, lines: 9 });
    expect(stderr).toBe(
      'httplog: Option -o (from option -o) is not used, --output (from option --output) takes its place\n',
    );
    expect(readdirSync(folder)).not.toContain('unused.log');
  });

  test('of text and of -log_split writes a file a type, and nothing of it for exchanges', async () => {
    mkdirSync(join(folder, 'split'));
    const { stderr } = await runReplay('-log_split', '-d', 'split', '--format', 'json');
    expect(stderr).toBe(
      'httplog: Option -log_split (from option -log_split) is not used, only daily files of messages can be split\n',
    );
    await printed('-log_split', '-d', 'split', '--status', '404');
    expect(readdirSync(join(folder, 'split')).toSorted()).toEqual([
      'http-20190901.json',
      'http-CQ-20190901.log',
      'http-CR-20190901.log',
    ]);
    expect(readOutput('split/http-CR-20190901.log')).toBe(`${TEXT_LINES[5]}\n${TEXT_LINES[7]}\n`);
  });

  test('in tsv has its header once a file, however often it is appended to', async () => {
    for (const times of [1, 2]) {
      await printed('--output', 'format=tsv,path=twice.tsv');
      const text = readOutput('twice.tsv');
      expect(text.split(TSV_START)).toHaveLength(2);
      expect(text.split('\n').filter((line) => line.startsWith('exchange\t'))).toHaveLength(
        times * PATHS.length,
      );
    }
  });

  test('of several captures keeps their order in each output', async () => {
    const args = ['replay', SHOP, SHOP, '--output', 'format=template:{path},path=-'];
    const both = await runHttplog([...args, '--output', 'format=tsv,path=both.tsv'], {
      cwd: folder,
    });
    expect(both.code).toBe(0);
    expect(both.stdout.split('\n')).toHaveLength(2 * PATHS.length + 1);
    expect(readOutput('both.tsv').split(TSV_START)).toHaveLength(2);
    expect(readOutput('both.tsv').split('\nexchange\t')).toHaveLength(2 * PATHS.length + 1);
  });
});
