import { readFileSync } from 'node:fs';
import { type HttplogProcess, startHttplog } from './httplog-process.ts';
import { CAPTURING } from './log-lines.ts';
import type { LinkEnd } from './network-namespaces.ts';

/** On veth segments can be longer than the MTU: heads within one are read wherever they are. */
const WHOLE_SEGMENTS = ['-s', '0'];

/** A line of `--format json --header X-Id`: the keys that the comparison looks at. */
export interface ExchangeLine {
  time: string;
  method: string;
  path: string;
  status: number;
  ttfb_ms: number;
  duration_ms: number;
  request_head_bytes: number;
  request_body_bytes: number;
  response_head_bytes: number;
  response_body_bytes: number;
  retransmitted_segments?: number;
  complete: boolean;
  incomplete?: string;
  request_headers?: { 'x-id'?: string };
  response_headers?: { 'x-id'?: string };
}

/** Captures on the end's device, and shows X-Id. */
export async function startExchangeCapture(
  { namespace, device }: LinkEnd,
  args: readonly string[],
): Promise<HttplogProcess> {
  const all = ['-i', device, ...WHOLE_SEGMENTS, '--header', 'X-Id', ...args];
  return startHttplog({ namespace, args: all, ready: CAPTURING });
}

export function readExchangeLines(path: string): ExchangeLine[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

/** X-Id of the request, or of the response where no request was seen. */
export function idOf({ request_headers, response_headers }: ExchangeLine): string {
  return request_headers?.['x-id'] ?? response_headers?.['x-id'] ?? '';
}

/** `bulk` of `bulk-17`. */
export function kindOf(id: string): string {
  return id.split('-')[0];
}

/** Requests with a response that is another's. */
export function findWrongPairs(lines: readonly ExchangeLine[]): ExchangeLine[] {
  return lines.filter(
    ({ request_headers, response_headers }) =>
      request_headers !== undefined &&
      response_headers !== undefined &&
      request_headers['x-id'] !== response_headers['x-id'],
  );
}

export function sorted(texts: readonly string[]): string[] {
  return [...texts].sort();
}
