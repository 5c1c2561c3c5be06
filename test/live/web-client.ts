import { fileURLToPath } from 'node:url';
import { PATIENCE_MS } from '../patience.ts';
import {
  type ProcessExit,
  type RunningProcess,
  runChecked,
  runCommand,
  startProcess,
} from './child-process.ts';

const KEEP_ALIVE_PROGRAM = fileURLToPath(new URL('keep-alive-client-main.ts', import.meta.url));
const PIPELINE_PROGRAM = fileURLToPath(new URL('pipeline-client-main.ts', import.meta.url));
const BROWSER_PROGRAM = fileURLToPath(new URL('browser-client-main.ts', import.meta.url));
const CLIENT_TIMEOUT_MS = 3 * PATIENCE_MS;
/** Seconds after which curl gives up by itself. */
const CURL_TIMEOUT_SEC = 20;

export interface KeepAliveOptions {
  /** Where the client runs; without one it is this process's own namespace. */
  namespace?: string;
  url: string;
  /** Requests over all connections. */
  count: number;
  connections?: number;
  /** Address to send from, one of the namespace's own. */
  localAddress?: string;
  headers?: Readonly<Record<string, string>>;
  /** Milliseconds from a response to the next request of a connection; without it there are none. */
  intervalMs?: number;
  timeoutMs?: number;
}

export interface KeepAliveReport {
  /** Requests that got a whole response. */
  answered: number;
  /** Requests that ended in an error. */
  failed: number;
  /** Requests by status code. */
  statusCounts: Record<string, number>;
  elapsedMs: number;
}

/**
 * Sends requests over connections that stay open, from a Node process of its own.
 *
 * Each request has the query `n=NUMBER`, so that no two lines are alike.
 */
export async function keepAliveRequests(options: KeepAliveOptions): Promise<KeepAliveReport> {
  const { namespace, timeoutMs = CLIENT_TIMEOUT_MS, ...spec } = options;
  const args = [KEEP_ALIVE_PROGRAM, JSON.stringify(spec)];
  return JSON.parse(await runChecked(process.execPath, args, { namespace, timeoutMs }));
}

/** The same, until the caller stops it. */
export function startKeepAliveRequests(options: KeepAliveOptions): Promise<RunningProcess> {
  const { namespace, ...spec } = options;
  return startProcess(process.execPath, [KEEP_ALIVE_PROGRAM, JSON.stringify(spec)], { namespace });
}

export interface PipelineOptions {
  namespace?: string;
  host: string;
  port: number;
  /** Each is written to the socket at once, before any response is awaited. */
  writes: readonly string[];
  /** Responses to wait for before the connection is closed. */
  responses: number;
}

/** Sends bytes as they are over one connection. Gives what the server answered. */
export async function sendPipelined({ namespace, ...spec }: PipelineOptions): Promise<string> {
  return runChecked(process.execPath, [PIPELINE_PROGRAM, JSON.stringify(spec)], { namespace });
}

/** Loads a page and what belongs to it, twice, as a browser does. Gives the responses received. */
export async function browse(options: {
  namespace?: string;
  url: string;
  host: string;
}): Promise<number> {
  const args = [BROWSER_PROGRAM, options.url, options.host];
  const { namespace } = options;
  return JSON.parse(await runChecked(process.execPath, args, { namespace })).answered;
}

/** Runs curl, quiet but for errors; its output is the response unless `args` say otherwise. */
export async function curl(
  args: readonly string[],
  options: { namespace?: string } = {},
): Promise<ProcessExit> {
  const limits = ['--silent', '--show-error', '--max-time', `${CURL_TIMEOUT_SEC}`];
  return runCommand('curl', [...limits, ...args], {
    ...options,
    // A proxy of the machine must not come between a test and its own server.
    env: { no_proxy: '*', NO_PROXY: '*' },
    timeoutMs: (CURL_TIMEOUT_SEC + 5) * 1000,
  });
}

export interface LoadReport {
  /** Requests that wrk saw answered; the server may have answered some more at the very end. */
  requests: number;
  requestsPerSecond: number;
  /**
   * Socket errors and responses that are not 2xx or 3xx, as wrk names them; empty when all is well.
   */
  complaints: string[];
}

/** Starts wrk, which asks until the caller stops it. */
export function startLoad(options: { namespace?: string; url: string }): Promise<RunningProcess> {
  const args = ['-t1', '-c16', '-d1h', options.url];
  return startProcess('wrk', args, { namespace: options.namespace });
}

/** Runs wrk for a time that is given in seconds. */
export async function runLoad(options: {
  namespace?: string;
  url: string;
  seconds: number;
  connections?: number;
  threads?: number;
}): Promise<LoadReport> {
  const { url, seconds, connections = 16, threads = 1 } = options;
  const output = await runChecked(
    'wrk',
    [`-t${threads}`, `-c${connections}`, `-d${seconds}s`, url],
    { namespace: options.namespace, timeoutMs: seconds * 1000 + 15_000 },
  );
  return {
    requests: Number(/(\d+) requests in/.exec(output)?.[1] ?? 0),
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1] ?? 0),
    complaints: output.split('\n').filter((line) => /Socket errors|Non-2xx/.test(line)),
  };
}
