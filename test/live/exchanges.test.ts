import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { runChecked, runCommand, waitUntil } from './child-process.ts';
import { type ClientReport, sendExchanges } from './exchange-client.ts';
import {
  type ExchangeLine,
  findWrongPairs,
  idOf,
  kindOf,
  readExchangeLines,
  sorted,
  startExchangeCapture,
} from './exchange-lines.ts';
import {
  type AccessLine,
  type ExchangeServers,
  PROXY_PORT,
  startExchangeServers,
  UPSTREAM_PORT,
} from './exchange-servers.ts';
import type { HttplogExit } from './httplog-process.ts';
import { makeLogDirectory, parseSummary, removeLogDirectory } from './log-lines.ts';
import { createVethPair, type LinkedHosts } from './network-namespaces.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx');
const noSqlite = missingTool('sqlite3');
const noJq = missingTool('jq');
const noGoaccess = missingTool('goaccess');

const BULK_COUNT = 9000;
const CONNECTIONS_COUNT = 8;
/**
 * Milliseconds between nginx's clock and the wire's. nginx reads its clock once for all that it finds
 * to do and cuts it to milliseconds, and a request may lie in the socket while it does something
 * else: 2 ms usually, more on a machine that is shared. One in twenty may have had to wait longer.
 */
const USUAL_MS = 20;
const RARE_MS = 500;
const USUAL_SHARE = 0.95;
/** Milliseconds by which a timer of Node's fires early, as its own clock is cut to milliseconds. */
const TIMER_MS = 1;
/** Of this nginx counts what it sent before the final response as body. */
const CONTINUE_BYTES = 'HTTP/1.1 100 Continue\r\n\r\n'.length;
const READ_INTERVAL_MS = 300;

const isDirect = (id: string) => id.startsWith('direct');

describe.skipIf(noLive)(titleWithReason('exchanges with nginx and a slow server', noLive), () => {
  let hosts: LinkedHosts;
  let servers: ExchangeServers;
  let report: ClientReport;
  let exits: HttplogExit[];
  /** Between client and nginx, or the application where the client asks it directly. */
  let exchanges: ExchangeLine[];
  /** Between nginx and the application, on the loopback interface. */
  let inner: ExchangeLine[];
  let access: Map<string, AccessLine>;
  let directory: string;
  let database: string;
  /** What `sqlite3` counted while the load went on, or said instead. */
  const countsMeanwhile: (number | string)[] = [];

  const countRows = async () =>
    Number(await runChecked('sqlite3', ['-readonly', database, 'SELECT count(*) FROM exchanges']));

  async function readDatabaseUntil(isOver: () => boolean): Promise<void> {
    while (noSqlite === undefined && !isOver()) {
      // The database is made for the first row.
      if (existsSync(database)) {
        countsMeanwhile.push(await countRows().catch((error: Error) => error.message));
      }
      await sleep(READ_INTERVAL_MS);
    }
  }

  beforeAll(async () => {
    directory = makeLogDirectory();
    database = join(directory, 'http.sqlite');
    hosts = await createVethPair();
    servers = await startExchangeServers(hosts.server.namespace);
    const { namespace } = hosts.client;
    const daemons = await Promise.all([
      startExchangeCapture(hosts.server, [
        ...['-p', `${PROXY_PORT},${UPSTREAM_PORT}`, '--output', `sqlite=${database}`],
        ...['--output', `format=json,path=${join(directory, 'json')}`],
        ...['--output', `format=combined,path=${join(directory, 'combined')}`],
      ]),
      startExchangeCapture({ ...hosts.server, device: 'lo' }, [
        ...['-p', `${UPSTREAM_PORT}`, '--format', 'json', '-o', join(directory, 'inner')],
      ]),
    ]);
    let isLoadOver = false;
    const reading = readDatabaseUntil(() => isLoadOver);
    try {
      report = await sendExchanges(namespace, {
        host: hosts.server.ipv4,
        proxyPort: PROXY_PORT,
        upstreamPort: UPSTREAM_PORT,
        count: BULK_COUNT,
        connections: CONNECTIONS_COUNT,
        kinds: ['rarities', 'pipelines', 'delays', 'alive'],
      });
    } finally {
      isLoadOver = true;
      await reading;
      exits = await Promise.all(daemons.map((daemon) => daemon.end()));
    }
    const loggedCount = report.ids.filter((id) => !isDirect(id)).length;
    const isLogged = () => servers.readAccessLines().length >= loggedCount;
    await waitUntil('nginx has logged all', isLogged, PATIENCE_MS);
    access = new Map(servers.readAccessLines().map((line) => [line.id, line]));
    exchanges = readExchangeLines(join(directory, 'json'));
    inner = readExchangeLines(join(directory, 'inner'));
  });

  afterAll(async () => {
    await servers?.stop();
    await hosts?.stop();
    removeLogDirectory(directory);
  });

  /** Exchanges that nginx has a line of, with that line. */
  const compared = () =>
    exchanges
      .filter((exchange) => !isDirect(idOf(exchange)))
      .map((exchange) => {
        const line = access.get(idOf(exchange));
        return { exchange, line: line as AccessLine, kind: kindOf(idOf(exchange)) };
      });

  /** How much later than they wanted nginx and the server behind it have answered: this machine, in this run. */
  function findHeldUpMs(): number {
    const late = compared().flatMap(({ line, kind }) => {
      const delayMs = Number(/^delay(\d+)$/.exec(kind)?.[1]);
      return Number.isNaN(delayMs) ? [] : [1000 * Number(line.durationSec) - delayMs];
    });
    expect(late.length).toBeGreaterThan(0);
    return Math.max(0, ...late);
  }

  test('each of ten thousand requests is one complete exchange with its own response', () => {
    expect(report.wrong).toEqual([]);
    expect(report.ids.length).toBeGreaterThan(10_000);
    expect(sorted(exchanges.map(idOf))).toEqual(sorted(report.ids));
    expect(exchanges.filter(({ complete }) => !complete)).toEqual([]);
    expect(findWrongPairs(exchanges)).toEqual([]);
    const answered = exchanges.filter(({ response_headers }) => response_headers?.['x-id']);
    expect(answered.length).toBe(report.ids.length);
    for (const { code, stderr } of exits) {
      expect(code).toBe(0);
      expect(parseSummary(stderr)).toMatchObject({ dropped: 0, linesDropped: 0 });
    }
  });

  test('status, method and sizes are those that nginx logs', () => {
    const differences = compared().filter(({ exchange, line, kind }) => {
      const { request_head_bytes, request_body_bytes } = exchange;
      const { response_head_bytes, response_body_bytes } = exchange;
      // nginx does not read a body that it has refused; the wire has what the client sent of it.
      const isRefused = kind === 'early' || kind === 'stopped';
      // After 101 come bytes of another protocol, which nginx counts as body.
      const afterHead = kind === 'upgrade' ? 0 : Number(line.bodyBytes);
      const interim = kind === 'continue' ? CONTINUE_BYTES : 0;
      const headBytes = Number(line.responseBytes) - Number(line.bodyBytes);
      return !(
        exchange.status === Number(line.status) &&
        exchange.method === line.method &&
        request_head_bytes + (isRefused ? 0 : request_body_bytes) === Number(line.requestBytes) &&
        response_body_bytes === afterHead - interim &&
        response_head_bytes === headBytes
      );
    });
    expect(differences).toEqual([]);
    expect(compared().length).toBe(access.size);
  });

  test('every kind of exchange was among them', () => {
    const seen = new Map<string, string>();
    for (const exchange of exchanges) {
      const { method, status, request_body_bytes, response_body_bytes } = exchange;
      const kind = kindOf(idOf(exchange));
      if (kind !== 'bulk') {
        seen.set(kind, `${method} ${status} ${request_body_bytes} ${response_body_bytes}`);
      }
    }
    expect(Object.fromEntries(seen)).toEqual({
      http10: 'GET 200 0 8000', // nginx takes the chunks away and closes
      directClose: 'GET 200 0 4000',
      continue: 'POST 200 600 3',
      directContinue: 'POST 200 600 3',
      upgrade: 'GET 101 0 0',
      directUpgrade: 'GET 101 0 0',
      early: expect.stringMatching(/^POST 413 1200 \d+$/),
      stopped: expect.stringMatching(/^POST 413 600 \d+$/),
      pipelined: 'GET 200 0 35',
      pipelinedWrites: 'GET 200 0 35',
      pipelinedProxied: 'GET 200 0 9',
      delay5: 'GET 200 0 4',
      delay50: 'GET 200 0 4',
      delay500: 'GET 200 0 4',
      alive: 'GET 200 0 100',
    });
    const bulk = exchanges.filter((exchange) => kindOf(idOf(exchange)) === 'bulk');
    const told = bulk.map(({ method, path, status }) => `${method} ${path} ${status}`);
    expect(sorted([...new Set(told)])).toEqual([
      'DELETE /status/500 500',
      'GET /chunked/800 200',
      'GET /close/600 200',
      'GET /length/100 200',
      'GET /length/40000 200',
      'GET /static/missing 404',
      'GET /static/page.html 200',
      'GET /static/page.html 304',
      'GET /status/204 204',
      'GET /status/304 304',
      'HEAD /length/100 200',
      'HEAD /static/page.html 200',
      'POST /length/5 200',
      'POST /length/7 200',
      'POST /stream/7 200',
    ]);
  });

  test('durations and ends are those of nginx, as far as the two clocks agree', () => {
    const late: number[] = [];
    for (const { exchange, line } of compared()) {
      // A pipelined request has passed long before nginx begins with it.
      if (!kindOf(line.id).startsWith('pipelined')) {
        late.push(exchange.duration_ms - 1000 * Number(line.durationSec));
      }
      const endMs = Date.parse(exchange.time) + exchange.duration_ms;
      late.push(endMs - 1000 * Number(line.endSec));
    }
    const apart = late.map(Math.abs).sort((a, b) => a - b);
    const heldUpMs = findHeldUpMs();
    expect(apart[Math.floor(apart.length * USUAL_SHARE)]).toBeLessThan(USUAL_MS + heldUpMs);
    expect(apart.at(-1)).toBeLessThan(RARE_MS + 10 * heldUpMs);
  });

  test.each([5, 50, 500])('the first byte of an answer after %i ms is that late', (delayMs) => {
    const delayed = compared().filter(({ kind }) => kind === `delay${delayMs}`);
    expect(delayed.length).toBeGreaterThanOrEqual(12);
    for (const { exchange, line } of delayed) {
      expect(exchange.ttfb_ms).toBeGreaterThan(delayMs - TIMER_MS);
      // How much later a busy machine makes it nginx has seen too.
      const mostMs = 1000 * Number(line.durationSec) + RARE_MS + 10 * findHeldUpMs();
      expect(exchange.ttfb_ms).toBeLessThan(mostMs);
      expect(exchange.ttfb_ms).toBeLessThanOrEqual(exchange.duration_ms);
    }
  });

  test('what nginx asks the server itself is as nginx logs it, on the loopback interface', () => {
    const asked = [...access.values()].filter(({ upstreamStatus }) => upstreamStatus !== '-');
    expect(sorted(inner.map(idOf))).toEqual(sorted(asked.map(({ id }) => id)));
    expect(inner.filter(({ complete }) => !complete)).toEqual([]);
    expect(findWrongPairs(inner)).toEqual([]);
    const differences = inner.filter((exchange) => {
      const line = access.get(idOf(exchange)) as AccessLine;
      const requestBytes = exchange.request_head_bytes + exchange.request_body_bytes;
      const responseBytes = exchange.response_head_bytes + exchange.response_body_bytes;
      const isSame =
        requestBytes === Number(line.upstreamRequestBytes) &&
        responseBytes === Number(line.upstreamResponseBytes);
      // After 101 nginx goes on counting.
      const isSized = isSame || kindOf(line.id) === 'upgrade';
      return exchange.status !== Number(line.upstreamStatus) || !isSized;
    });
    expect(differences).toEqual([]);
  });

  test.skipIf(noSqlite)(
    titleWithReason('sqlite3 reads the database while it is written', noSqlite),
    async () => {
      const counts = countsMeanwhile.filter((count) => typeof count === 'number');
      expect(countsMeanwhile).toEqual(counts.toSorted((a, b) => a - b));
      const partial = new Set(counts.filter((count) => count > 0 && count < report.ids.length));
      expect(partial.size).toBeGreaterThan(3);
      expect(await countRows()).toBe(report.ids.length);
    },
  );

  test.skipIf(noJq)(titleWithReason('jq reads json', noJq), async () => {
    const filter = 'select(.status == 200) | .request_headers["x-id"]';
    const output = await runChecked('jq', ['-r', filter, join(directory, 'json')]);
    const ids = exchanges.filter(({ status }) => status === 200).map(idOf);
    expect(output.split('\n').slice(0, -1)).toEqual(ids);
  });

  test.skipIf(noGoaccess)(titleWithReason('goaccess reads combined', noGoaccess), async () => {
    const result = join(directory, 'goaccess.json');
    const args = [join(directory, 'combined'), '--log-format=COMBINED', '--no-global-config'];
    expect((await runCommand('goaccess', [...args, '-o', result])).code).toBe(0);
    const { general } = JSON.parse(readFileSync(result, 'utf8'));
    const count = report.ids.length;
    expect(general).toMatchObject({ total_requests: count, valid_requests: count });
    expect(general).toMatchObject({ failed_requests: 0 });
  });
});
