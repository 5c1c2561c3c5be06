/**
 * The client of `exchange-client.ts`, run there as a process of its own: JSON on the command line
 * and out. Every request has an X-Id of its own, `KIND-NUMBER`.
 */
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import type { ClientReport, ClientSpec } from './exchange-client.ts';

interface Ask {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  /** Parts of a body; with a Content-Length among the headers, or chunked. */
  body?: string[];
}

/** Milliseconds without a byte after which a request has failed. */
const IDLE_TIMEOUT_MS = 60_000;
const PART = 'd'.repeat(150);
const SERVER_END = null;

/** What the bulk of the requests is, over and over. */
const BULK: readonly Ask[] = [
  { path: '/static/page.html' },
  { path: '/length/100' },
  { path: '/chunked/800' },
  { method: 'HEAD', path: '/length/100' },
  { path: '/static/page.html?again', headers: { 'If-None-Match': '*' } },
  { path: '/status/204' },
  { method: 'POST', path: '/length/5', headers: { 'Content-Length': '300' }, body: [PART, PART] },
  { path: '/static/missing' },
  { method: 'POST', path: '/length/7', body: [PART, PART] },
  { path: '/status/304' },
  { method: 'POST', path: '/stream/7', body: [PART, PART] },
  { method: 'HEAD', path: '/static/page.html' },
  { path: '/length/40000' },
  { method: 'DELETE', path: '/status/500' },
  { path: '/close/600' },
];

const spec: ClientSpec = JSON.parse(process.argv[2]);
const { host, proxyPort, upstreamPort } = spec;
const report: ClientReport = { ids: [], wrong: [] };
const counts = new Map<string, number>();

function nextId(kind: string): string {
  const number = counts.get(kind) ?? 0;
  counts.set(kind, number + 1);
  report.ids.push(`${kind}-${number}`);
  return `${kind}-${number}`;
}

function send(agent: Agent, kind: string, ask: Ask): Promise<void> {
  const { method, path, body = [] } = ask;
  const id = nextId(kind);
  const headers = { ...ask.headers, 'X-Id': id };
  return new Promise((resolve) => {
    const fail = (error: Error) => {
      report.wrong.push(`${id}: ${error.message}`);
      resolve();
    };
    const exchange = request({ agent, host, port: proxyPort, method, path, headers });
    exchange.on('response', (response) => {
      if (response.headers['x-id'] !== id) {
        report.wrong.push(`${id}: answered as ${response.headers['x-id']}`);
      }
      response.resume();
      response.on('end', resolve);
      response.on('error', fail);
    });
    exchange.on('timeout', () => exchange.destroy(new Error('No answer in time')));
    exchange.on('error', fail);
    for (const part of body) {
      exchange.write(part);
    }
    exchange.end();
  });
}

/** Sends `count` requests over as many connections, each the next when the last was answered. */
async function sendMany(kind: string, count: number, connections: number, asks: readonly Ask[]) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, timeout: IDLE_TIMEOUT_MS });
  let sent = 0;
  const run = async () => {
    while (sent < count) {
      sent += 1;
      await send(agent, kind, asks[(sent - 1) % asks.length]);
    }
  };
  await Promise.all(Array.from({ length: connections }, run));
  agent.destroy();
}

/** A text to send, a pattern to wait for in what has come, or the server's end of the connection. */
type Step = string | RegExp | typeof SERVER_END;

/** Does one step after the other, and closes behind the last. */
function converse(kind: string, port: number, steps: readonly Step[]): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, noDelay: true });
    const rest = [...steps];
    let received = '';
    const goOn = () => {
      while (rest.length > 0) {
        const [step] = rest;
        if (typeof step === 'string') {
          socket.write(step);
        } else if (step === SERVER_END || !step.test(received)) {
          return;
        }
        rest.shift();
      }
      socket.end();
    };
    const isDone = () => rest.length === 0 || rest[0] === SERVER_END;
    const end = (how: string) => {
      if (!isDone()) {
        report.wrong.push(`${kind}: ${how} before ${rest[0]}, after ${received.slice(0, 200)}`);
        rest.length = 0;
      }
      resolve();
    };
    socket.setEncoding('latin1');
    socket.setTimeout(IDLE_TIMEOUT_MS, () => socket.destroy(new Error('silence')));
    socket.on('connect', goOn);
    socket.on('data', (text: string) => {
      received += text;
      goOn();
    });
    socket.on('error', (error) => end(error.message));
    socket.on('close', () => end('closed'));
  });
}

const head = (kind: string, line: string, ...fields: string[]) =>
  [line, 'Host: a', `X-Id: ${nextId(kind)}`, ...fields, '', ''].join('\r\n');

/** As many requests as the depth in one write, or one write each; then a body's end is awaited. */
async function pipeline(rounds: number, depth: number) {
  for (const [kind, path, isOneWrite] of [
    ['pipelined', '/static/page.html', true],
    ['pipelinedWrites', '/static/page.html', false],
    ['pipelinedProxied', '/length/9', true],
  ] as const) {
    const steps: Step[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const heads = Array.from({ length: depth }, () => head(kind, `GET ${path} HTTP/1.1`));
      steps.push(...(isOneWrite ? [heads.join('')] : heads));
      const last = `${kind}-${round * depth - 1}\\r\\n(?:.+\\r\\n)*\\r\\n.`;
      steps.push(new RegExp(last));
    }
    await converse(kind, proxyPort, steps);
  }
}

/** What a common client library does not do, against nginx and against the application itself. */
async function sendRarities() {
  const body = 'e'.repeat(600);
  const late = (line: string, kind: string, port: number) =>
    converse(kind, port, [
      head(kind, line, 'Expect: 100-continue', `Content-Length: ${body.length}`),
      /100 Continue\r\n\r\n/,
      body,
      /\r\n\r\n[\s\S]*\r\n\r\naaa/,
    ]);
  const upgrade = ['Connection: Upgrade', 'Upgrade: echo'];
  for (let round = 0; round < 5; round += 1) {
    const http10 = head('http10', 'GET /chunked/8000 HTTP/1.0');
    await converse('http10', proxyPort, [http10, /b{8000}/, SERVER_END]);
    await converse('directClose', upstreamPort, [
      head('directClose', 'GET /close/4000 HTTP/1.1'),
      /c{4000}/,
      SERVER_END,
    ]);
    await late('POST /length/3 HTTP/1.1', 'continue', proxyPort);
    await late('POST /length/3 HTTP/1.1', 'directContinue', upstreamPort);
    for (const [kind, port] of [
      ['upgrade', proxyPort],
      ['directUpgrade', upstreamPort],
    ] as const) {
      const hello = head(kind, 'GET /upgrade HTTP/1.1', ...upgrade);
      await converse(kind, port, [hello, /no request/, 'GET / HTTP/1.1\r\n\r\n', /GET \/ /]);
    }
    // The answer comes when the head has; the client sends the rest all the same.
    const long = head('early', 'POST /small/3 HTTP/1.1', 'Content-Length: 1200');
    await converse('early', proxyPort, [long, body, / 413 [\s\S]*<\/html>/, body]);
    // And here it stops instead.
    const stopped = head('stopped', 'POST /small/3 HTTP/1.1', 'Content-Length: 1200');
    await converse('stopped', proxyPort, [stopped, body, / 413 [\s\S]*<\/html>/]);
  }
}

const isAsked = (kinds: ClientSpec['kinds'][number]) => spec.kinds.includes(kinds);
if (isAsked('rarities')) {
  await sendRarities();
}
if (isAsked('pipelines')) {
  await pipeline(5, 20);
}
if (isAsked('delays')) {
  await sendMany('delay5', 40, 4, [{ path: '/delay/5' }]);
  await sendMany('delay50', 40, 4, [{ path: '/delay/50' }]);
  await sendMany('delay500', 12, 6, [{ path: '/delay/500' }]);
}
if (isAsked('alive')) {
  await sendMany('alive', 1000, 1, [{ path: '/static/page.html' }, { path: '/length/100' }]);
}
await sendMany('bulk', spec.count, spec.connections, BULK);
console.log(JSON.stringify(report));
