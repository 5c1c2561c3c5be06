import { fileURLToPath } from 'node:url';
import { PATIENCE_MS } from '../patience.ts';
import { runChecked } from './child-process.ts';

const CLIENT_PROGRAM = fileURLToPath(new URL('exchange-client-main.ts', import.meta.url));
const CLIENT_TIMEOUT_MS = 3 * PATIENCE_MS;

export interface ClientSpec {
  host: string;
  proxyPort: number;
  upstreamPort: number;
  /** Requests of every kind that a client library sends, mixed. */
  count: number;
  connections: number;
  /**
   * What is sent before them: 20 requests at once, slow answers, 1000 on one connection, and what such
   * a library does not do.
   */
  kinds: readonly ('rarities' | 'pipelines' | 'delays' | 'alive')[];
}

export interface ClientReport {
  /** X-Id of every request, `KIND-NUMBER`. */
  ids: string[];
  /** What was not answered, or not as its own. */
  wrong: string[];
}

/** Sends requests to the servers of `startExchangeServers`. */
export async function sendExchanges(namespace: string, spec: ClientSpec): Promise<ClientReport> {
  const args = [CLIENT_PROGRAM, JSON.stringify(spec)];
  const options = { namespace, timeoutMs: CLIENT_TIMEOUT_MS };
  return JSON.parse(await runChecked(process.execPath, args, options));
}
