/** Runs frames through a pipeline that writes exchanges, and reads them back. */
import { COUNTER_TRACKER_FIRST } from '../../src/counters/counter-table.ts';
import type { Counters } from '../../src/counters/counters.ts';
import type { OutputSettings } from '../../src/output/output-settings.ts';
import type { PipelineSettings } from '../../src/worker/pipeline-settings.ts';
import { ListSink, run, type SourceFrame } from '../worker/pipeline-parts.ts';

/** A line of the json format as far as tests of pairs look at it; see docs/formats-json.md. */
export interface ExchangeLine {
  time: string;
  id: string;
  side: string;
  client_ip: string;
  client_port: number;
  server_ip: string;
  server_port: number;
  vlan?: number[];
  method?: string;
  target?: string;
  status?: number;
  connect_ms?: number;
  request_ms?: number;
  ttfb_ms?: number;
  response_ms?: number;
  duration_ms?: number;
  request_head_bytes?: number;
  request_body_bytes?: number;
  response_head_bytes?: number;
  response_body_bytes?: number;
  retransmitted_segments?: number;
  complete: boolean;
  incomplete?: string;
  request_headers?: Record<string, string>;
  response_headers?: Record<string, string>;
}

export interface ExchangesRun {
  lines: ExchangeLine[];
  counters: Counters;
}

const JSON_EXCHANGES: OutputSettings = {
  format: 'json',
  template: undefined,
  records: 'exchanges',
  isSplitByType: false,
};

export const EXCHANGE_SETTINGS: Partial<PipelineSettings> = {
  outputs: [JSON_EXCHANGES],
  headerNames: ['x-id'],
};

export async function runExchanges(
  frames: readonly SourceFrame[],
  settings: Partial<PipelineSettings> = {},
): Promise<ExchangesRun> {
  const sink = new ListSink();
  const { counters } = await run(frames, { sink, settings: { ...EXCHANGE_SETTINGS, ...settings } });
  return { lines: sink.lines.map((line) => JSON.parse(line)), counters };
}

/** One of the tracker's COUNT_*. */
export function trackerCount(counters: Counters, count: number): number {
  return counters[COUNTER_TRACKER_FIRST + count];
}

export function requestId(line: ExchangeLine): string | undefined {
  return line.target?.slice(1) ?? line.request_headers?.['x-id'];
}

export function responseId(line: ExchangeLine): string | undefined {
  return line.response_headers?.['x-id'];
}

/** `request-id>response-id reason`, what stands in a pair at a glance. */
export function pairOf(line: ExchangeLine): string {
  const pair = `${requestId(line) ?? ''}>${responseId(line) ?? ''}`;
  return line.complete ? pair : `${pair} ${line.incomplete}`;
}

export async function pairsOf(frames: readonly SourceFrame[]): Promise<string[]> {
  return (await runExchanges(frames)).lines.map(pairOf);
}
