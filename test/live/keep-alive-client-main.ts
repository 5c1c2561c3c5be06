/**
 * A client that keeps its connections open, run by `web-client.ts`: JSON on the command line and
 * out.
 */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

interface Spec {
  url: string;
  count: number;
  connections?: number;
  localAddress?: string;
  headers?: Record<string, string>;
  intervalMs?: number;
}

/** Milliseconds without a byte after which a request has failed. */
const IDLE_TIMEOUT_MS = 60_000;

const spec: Spec = JSON.parse(process.argv[2]);
const connections = spec.connections ?? 1;
const agent = new Agent({ keepAlive: true, maxSockets: connections, timeout: IDLE_TIMEOUT_MS });
const statusCounts: Record<string, number> = {};
let sent = 0;
let answered = 0;
let failed = 0;

/** Gives the status code, or 0 where there was no whole response. */
function sendRequest(url: URL): Promise<number> {
  return new Promise((resolve) => {
    const { localAddress, headers } = spec;
    const exchange = request(url, { agent, headers, ...(localAddress && { localAddress }) });
    exchange.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', () => resolve(0));
    });
    exchange.on('timeout', () => exchange.destroy(new Error('No answer in time')));
    exchange.on('error', () => resolve(0));
    exchange.end();
  });
}

async function runConnection(): Promise<void> {
  while (sent < spec.count) {
    const url = new URL(spec.url);
    url.searchParams.set('n', `${sent}`);
    sent += 1;
    const status = await sendRequest(url);
    if (status === 0) {
      failed += 1;
    } else {
      answered += 1;
      statusCounts[status] = (statusCounts[status] ?? 0) + 1;
    }
    if (spec.intervalMs !== undefined) {
      await sleep(spec.intervalMs);
    }
  }
}

const startedMs = performance.now();
await Promise.all(Array.from({ length: connections }, runConnection));
const elapsedMs = Math.round(performance.now() - startedMs);
agent.destroy();
console.log(JSON.stringify({ answered, failed, statusCounts, elapsedMs }));
