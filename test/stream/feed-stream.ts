/** Feeds a stream with a conversation, in pieces of any size, and writes down what comes of it. */
import { createCounters } from '../../src/counters/counters.ts';
import type { BatchSink } from '../../src/format/line-batch.ts';
import { createTimestampText } from '../../src/format/timestamp.ts';
import { createRecordFieldTables, TEXT_FIELD_TABLES } from '../../src/http/grammar.ts';
import { HEAD_FAULT_NAMES } from '../../src/http/head-faults.ts';
import { BATCH_BYTES } from '../../src/limits.ts';
import { createBatchBuilder, flushBatches } from '../../src/output/batch-builder.ts';
import { createRecordOutputs } from '../../src/output/create-record-outputs.ts';
import { UNKNOWN } from '../../src/record/exchange.ts';
import { SIDE_SERVER } from '../../src/record/message-type.ts';
import type { ConnectionFacts } from '../../src/stream/exchange-record.ts';
import { ConnectionExchanges, createExchangeParts } from '../../src/stream/exchanges.ts';
import {
  CLOSE_IN_ORDER,
  CLOSE_RESET,
  CLOSE_UNSEEN,
  type Close,
  type Direction,
  FROM_CLIENT,
  FROM_SERVER,
  type HttpEvents,
  LOST_NAMES,
} from '../../src/stream/http-events.ts';
import { HttpStream } from '../../src/stream/http-stream.ts';
import { createStreamParts } from '../../src/stream/stream-state.ts';
import { EXCHANGE_SETTINGS } from '../exchange/run-exchanges.ts';
import { addressBytes } from '../fixtures/build-packets.ts';
import { settingsOf } from '../worker/pipeline-parts.ts';

/** One step of a conversation: bytes, bytes that are missing, or an end; a millisecond behind the one before. */
export type Step =
  | { from: Direction; bytes: Uint8Array; timeNs?: number }
  | { from: Direction; missing: number; timeNs?: number }
  | { from: Direction; close: Close; timeNs?: number };

export const EPOCH_SEC = 1567347411;
const STEP_NS = 1_000_000;
const NANOSECONDS_PER_SECOND = 1e9;

export const client = (text: string): Step => ({ from: FROM_CLIENT, bytes: latin1(text) });
export const server = (text: string): Step => ({ from: FROM_SERVER, bytes: latin1(text) });
export const clientGap = (missing: number): Step => ({ from: FROM_CLIENT, missing });
export const serverGap = (missing: number): Step => ({ from: FROM_SERVER, missing });
export const CLIENT_FIN: Step = { from: FROM_CLIENT, close: CLOSE_IN_ORDER };
export const SERVER_FIN: Step = { from: FROM_SERVER, close: CLOSE_IN_ORDER };
export const RESET: Step = { from: FROM_SERVER, close: CLOSE_RESET };
export const UNSEEN: Step = { from: FROM_CLIENT, close: CLOSE_UNSEEN };

/** How many bytes the next piece of a step has. */
export type Cut = (left: number) => number;
export const WHOLE: Cut = (left) => left;
export const BYTE_BY_BYTE: Cut = () => 1;

const EVENT_PARTS = createStreamParts(TEXT_FIELD_TABLES);

/** The events as lines; data that comes in pieces is one line, as are the bytes of another protocol. */
export function eventsOf(steps: readonly Step[], cut: Cut = WHOLE): string[] {
  const { events, lines, setStream } = recordEvents();
  const stream = new HttpStream(EVENT_PARTS, events);
  setStream(stream);
  feed(stream, steps, cut);
  return lines;
}

/** Made once: a redactor takes longer than a conversation. */
let ways: ReturnType<typeof createLines> | undefined;

/** The lines of the json format, of all exchanges. */
export function linesOf(steps: readonly Step[], cut: Cut = WHOLE): string[] {
  ways ??= createLines();
  const { parts, take } = ways;
  const exchanges = new ConnectionExchanges(parts, FACTS);
  feed(exchanges.stream, steps, cut);
  return take();
}

export const FACTS: ConnectionFacts = {
  client: { address: Uint8Array.from(addressBytes('192.0.2.1')), port: 40000 },
  server: { address: Uint8Array.from(addressBytes('198.51.100.7')), port: 80 },
  side: SIDE_SERVER,
  seedWord: 7,
  connectNs: UNKNOWN,
};

/** The way of records to lines of json, as outputs have it; `take` gives those since it was asked last. */
export function createLines(headerNames: readonly string[] = ['x-id']) {
  const fields = createRecordFieldTables(headerNames);
  const counters = createCounters();
  const taken: string[] = [];
  const bytes = new Uint8Array(BATCH_BYTES);
  const sink: BatchSink = {
    isFull: false,
    take: () => bytes,
    put: (batch) => {
      const text = Buffer.from(batch.bytes.subarray(0, batch.byteLength)).toString('utf8');
      taken.push(...text.split('\n').slice(0, -1));
    },
    ready: async () => {},
  };
  const batches = createBatchBuilder(sink, false);
  const timestamp = createTimestampText(() => 0);
  const settings = settingsOf({ ...EXCHANGE_SETTINGS, headerNames });
  const options = { ...settings, namedFields: fields.namedFields, utcOffset: () => 0 };
  const outputs = createRecordOutputs(settings, options, [batches], counters, timestamp);
  const parts = createExchangeParts(createStreamParts(fields), outputs);
  const take = (): string[] => {
    flushBatches(batches);
    return taken.splice(0);
  };
  return { parts, take };
}

export function feed(stream: HttpStream, steps: readonly Step[], cut: Cut = WHOLE): void {
  steps.forEach((step, index) => {
    const timeNs = step.timeNs ?? index * STEP_NS;
    const sec = EPOCH_SEC + Math.floor(timeNs / NANOSECONDS_PER_SECOND);
    const ns = timeNs % NANOSECONDS_PER_SECOND;
    if ('missing' in step) {
      stream.gap(step.from, step.missing);
    } else if ('close' in step) {
      stream.close(step.from, step.close);
    } else {
      feedBytes(stream, step.from, step.bytes, cut, sec, ns);
    }
  });
}

/** Each piece stands in a buffer that is used again for the next: what is kept of it must have been copied. */
function feedBytes(
  stream: HttpStream,
  from: Direction,
  bytes: Uint8Array,
  cut: Cut,
  sec: number,
  ns: number,
): void {
  const buffer = new Uint8Array(bytes.length + 2 * MARGIN_BYTES).fill(0xee);
  for (let at = 0, before = 0; at < bytes.length; ) {
    const length = Math.max(1, Math.min(cut(bytes.length - at), bytes.length - at));
    buffer.fill(0xee, MARGIN_BYTES, MARGIN_BYTES + before);
    buffer.set(bytes.subarray(at, at + length), MARGIN_BYTES);
    stream.feed(from, buffer, MARGIN_BYTES, MARGIN_BYTES + length, sec, ns);
    at += length;
    before = length;
  }
}

const MARGIN_BYTES = 5;
const ENDS = ['client', 'server'];
const PROTOCOLS = ['other', 'tunnel', 'websocket', 'http2'];
const CLOSES = ['in order', 'reset', 'unseen'];

function recordEvents() {
  const lines: string[] = [];
  let stream: HttpStream | undefined;
  let dataOf = '';
  const add = (line: string): void => {
    lines.push(line);
    dataOf = '';
  };
  const head = (name: string) => (bytes: Uint8Array, offset: number, end: number) => {
    const faults = HEAD_FAULT_NAMES.filter(
      (_, bit) => ((stream?.headFaults ?? 0) & (1 << bit)) !== 0,
    );
    const marks = faults.length === 0 ? '' : ` (${faults.join(' ')})`;
    add(`${name}${marks} ${textOf(bytes, offset, end)}`);
  };
  const data = (name: string, bytes: Uint8Array, offset: number, end: number): void => {
    if (dataOf === name) {
      lines[lines.length - 1] += textOf(bytes, offset, end);
    } else {
      add(`${name} ${textOf(bytes, offset, end)}`);
      dataOf = name;
    }
  };
  const events: HttpEvents = {
    proxied: (bytes, offset, end) => add(`proxied ${textOf(bytes, offset, end)}`),
    requestHead: head('request'),
    requestData: (bytes, offset, end) => data('request data', bytes, offset, end),
    requestEnd: () => add('request end'),
    interimHead: head('interim'),
    responseHead: head('response'),
    responseData: (bytes, offset, end) => data('response data', bytes, offset, end),
    responseEnd: () => add('response end'),
    missing: (from, count) => add(`missing ${count} of ${ENDS[from]}`),
    upgraded: (protocol) => add(`upgraded ${PROTOCOLS[protocol]}`),
    upgradedData: (from, bytes, offset, end) => data(`${ENDS[from]} data`, bytes, offset, end),
    lost: (from, reason) => add(`lost ${ENDS[from]} ${LOST_NAMES[reason]}`),
    closed: (from, how) => add(`closed ${ENDS[from]} ${CLOSES[how]}`),
  };
  return {
    events,
    lines,
    setStream: (made: HttpStream) => {
      stream = made;
    },
  };
}

function textOf(bytes: Uint8Array, offset: number, end: number): string {
  return Buffer.from(bytes.subarray(offset, end)).toString('latin1');
}

export function latin1(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
