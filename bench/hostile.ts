/**
 * The worst that a peer can send, next to ordinary frames: throughput of the whole pipeline in memory.
 *
 *     node bench/hostile.ts [--seconds 0.5]
 *
 * Exit code 1 when one case is below its floor. The floors are some times lower than what a machine of two
 * slow cores shows: they catch time that grows out of proportion, not noise.
 */
import { parseArgs } from 'node:util';
import { createFrame, FILL_END, type Frame, type FrameSource } from '../src/capture/frame.ts';
import { LINKTYPE_ETHERNET } from '../src/capture/link-types.ts';
import { COUNTER_LINES } from '../src/counters/counter-table.ts';
import { createCounters } from '../src/counters/counters.ts';
import { forgetAllMessages } from '../src/decode/judge-message.ts';
import { FILTER_EMPTY } from '../src/filter/filter-settings.ts';
import type { BatchSink } from '../src/format/line-batch.ts';
import { TEXT_COLUMNS_DEFAULT } from '../src/format/text-line.ts';
import { METHODS_DEFAULT } from '../src/http/grammar.ts';
import { BATCH_BYTES } from '../src/limits.ts';
import { CLIENT_CHOICE_DEFAULT } from '../src/record/client-source.ts';
import { REDACTION_DEFAULTS } from '../src/redact/redaction-settings.ts';
import { createPipeline, runPipeline } from '../src/worker/pipeline.ts';
import {
  bytesOf,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ethernet,
  extensionHeader,
  ipv4,
  ipv6,
  joinBytes,
  PROTOCOL_TCP,
  tcp,
  uint16,
} from '../test/fixtures/build-packets.ts';

/** Megabytes a second for frames of which every byte is looked at. */
const FLOOR_MB_PER_SEC = 5;
/** Nanoseconds for a frame, or for each line of a frame that gives several. */
const FLOOR_NS_PER_LINE = 20_000;
const FRAMES_COUNT = 2000;
/** Frames of one case that differ in their sequence number, so that none is a retransmission. */
const FRAMES_PER_RUN = 50;
/** The largest payload of an IPv4 packet, as merged segments are seen. */
const PAYLOAD_BYTES = 65_000;

const SOURCE = { address: '192.0.2.2', port: 40_000 };
const TARGET = { address: '198.51.100.1', port: 80 };
const IPV4 = { source: SOURCE.address, target: TARGET.address };
const IPV6 = { source: '2001:db8::1', target: '2001:db8::2' };

interface Case {
  name: string;
  /** The same frame with each of these sequence numbers; or all frames of the case in order. */
  build?: (sequence: number) => Uint8Array;
  frames?: Uint8Array[];
  isHeadCompleted?: boolean;
}

const ipv4Packet = (payload: Uint8Array, sequence: number) =>
  ipv4(IPV4, tcp({ source: SOURCE, target: TARGET, sequence }, payload));
const plain = (payload: Uint8Array) => (sequence: number) =>
  ethernet(ETHERTYPE_IPV4, ipv4Packet(payload, sequence));
const nested = (wrap: typeof nest, depth: number) => (sequence: number) =>
  ethernet(ETHERTYPE_IPV4, wrap(ipv4Packet(bytesOf(ORDINARY), sequence), depth));
const fill = (text: string) =>
  bytesOf(text.repeat(Math.ceil(PAYLOAD_BYTES / text.length)).slice(0, PAYLOAD_BYTES));
const REQUEST = 'GET / HTTP/1.1\r\n';
const ORDINARY = `${REQUEST}Host: example.com\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\n\r\n`;
const headOf = (line: string) => joinBytes(bytesOf(REQUEST), fill(line));

function nest(packet: Uint8Array, depth: number): Uint8Array {
  return depth === 0 ? packet : nest(ipv4({ ...IPV4, protocol: 4 }, packet), depth - 1);
}

function nestGre(packet: Uint8Array, depth: number): Uint8Array {
  const header = joinBytes([0xb0, 0], uint16(0x0800), new Array<number>(12).fill(0));
  const carried = () => ipv4({ ...IPV4, protocol: 47 }, joinBytes(header, packet));
  return depth === 0 ? packet : nestGre(carried(), depth - 1);
}

const extensionChain = (headers: number) => (sequence: number) => {
  const source = { ...SOURCE, address: IPV6.source };
  const target = { ...TARGET, address: IPV6.target };
  let payload = tcp({ source, target, sequence }, bytesOf(ORDINARY));
  let nextHeader = PROTOCOL_TCP;
  for (let count = 0; count < headers; count++) {
    payload = joinBytes(extensionHeader(nextHeader, [0, 0, 0, 0, 0, 0]), payload);
    nextHeader = 60;
  }
  return ethernet(ETHERTYPE_IPV6, ipv6({ ...IPV6, nextHeader }, payload));
};

/** Heads without an end, each of another flow. */
function incompleteHeads(payload: Uint8Array, flows: readonly (typeof SOURCE)[]): Uint8Array[] {
  return flows.map((source) => {
    const segment = tcp({ source, target: TARGET }, payload);
    return ethernet(ETHERTYPE_IPV4, ipv4({ ...IPV4, source: source.address }, segment));
  });
}

const manyFlows = Array.from({ length: FRAMES_COUNT }, (_, index) => ({
  ...SOURCE,
  port: 1000 + index,
}));

/** Flows whose hash is the same in `held-heads.ts`: all in one chain. */
function collidingFlows(): (typeof SOURCE)[] {
  const wordOf = (text: string) =>
    text.split('.').reduce((word, octet) => (word << 8) | Number(octet), 0);
  const target = wordOf(TARGET.address);
  const flows: (typeof SOURCE)[] = [];
  for (let host = 1; flows.length < FRAMES_COUNT; host++) {
    const address = `192.0.2.${host}`;
    for (let port = 1; port < 65_536; port++) {
      const ports = (port << 16) | TARGET.port;
      const mixed = wordOf(address) ^ Math.imul(target ^ ports, 0x9e3779b1);
      if (((Math.imul(mixed, 0x9e3779b1) >>> 16) & 1023) === 7) {
        flows.push({ address, port });
      }
    }
  }
  return flows.slice(0, FRAMES_COUNT);
}

/** A head in segments of one byte each. */
function singleBytes(): Uint8Array[] {
  const head = bytesOf(`${REQUEST}Cookie: ${'c'.repeat(FRAMES_COUNT)}`);
  return Array.from({ length: FRAMES_COUNT }, (_, index) => {
    const from = index === 0 ? 0 : index + 8;
    const payload = head.subarray(from, index === 0 ? 9 : from + 1);
    const segment = tcp({ source: SOURCE, target: TARGET, sequence: 1 + from }, payload);
    return ethernet(ETHERTYPE_IPV4, ipv4(IPV4, segment));
  });
}

const cases: Case[] = [
  { name: 'ordinary request', build: plain(bytesOf(ORDINARY)) },
  { name: 'ordinary body, 1,448 bytes', build: plain(fill('x').subarray(0, 1448)) },
  { name: '64 KiB of "GET "', build: plain(fill('GET ')) },
  { name: '64 KiB of colons', build: plain(headOf(':')) },
  { name: '64 KiB of "h" in one line', build: plain(headOf('h')) },
  { name: '64 KiB of line feeds', build: plain(joinBytes(bytesOf('GET /'), fill('\n'))) },
  { name: '64 KiB of carriage returns', build: plain(headOf('\r')) },
  {
    name: '64 KiB of spaces in the start line',
    build: plain(joinBytes(bytesOf('GET '), fill(' '))),
  },
  { name: '13,000 headers', build: plain(headOf('a: b\n')) },
  { name: '9,000 Host headers', build: plain(headOf('hOST:a\n')) },
  { name: 'Content-Length over and over', build: plain(headOf('content-length: 1\n')) },
  {
    name: '64 KiB of control bytes, escaped',
    build: plain(joinBytes(bytesOf('GET '), fill('\u0001'))),
  },
  {
    name: '64 KiB of broken UTF-8',
    build: plain(joinBytes(bytesOf('GET '), fill('\u00f0\u009f\u0098'))),
  },
  { name: '4,000 pipelined requests', build: plain(fill('GET / HTTP/1.1\n\n')) },
  { name: '8 IPv6 extension headers', build: extensionChain(8) },
  { name: '2,000 IPv6 extension headers', build: extensionChain(2000) },
  { name: '8 IPv4 tunnels', build: nested(nest, 8) },
  { name: '2,000 IPv4 tunnels', build: nested(nest, 2000) },
  { name: '8 GRE tunnels', build: nested(nestGre, 8) },
  {
    name: 'incomplete heads, table full',
    frames: incompleteHeads(bytesOf('GET /x'), manyFlows),
    isHeadCompleted: true,
  },
  {
    name: 'incomplete heads, one hash chain',
    frames: incompleteHeads(bytesOf('GET /x'), collidingFlows()),
    isHeadCompleted: true,
  },
  {
    name: 'incomplete heads of 16 KiB',
    frames: incompleteHeads(fill('GET /').subarray(0, 16_000), manyFlows),
    isHeadCompleted: true,
  },
  { name: 'a head byte by byte', frames: singleBytes(), isHeadCompleted: true },
];

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '0.5' } } });
const rows = cases.map((one) => measure(one, Number(values.seconds)));
console.table(rows);
const slow = rows.filter((row) => row.floor !== 'held');
console.log(
  `floor: ${FLOOR_MB_PER_SEC} MB/s, or ${FLOOR_NS_PER_LINE} ns a frame and line: ` +
    (slow.length === 0 ? 'held in every case' : slow.map(({ name }) => name).join('; ')),
);
process.exitCode = slow.length === 0 ? 0 : 1;

function measure({ name, build, frames, isHeadCompleted = false }: Case, seconds: number) {
  const counters = createCounters();
  const pipeline = createPipeline(
    {
      ports: 'any',
      timezone: 'UTC',
      frameFilter: undefined,
      methods: METHODS_DEFAULT,
      vxlanPorts: [],
      localNetworks: [],
      utcOffset: () => 0,
      outputs: [{ format: 'text', template: undefined, records: 'messages', isSplitByType: false }],
      headerNames: [],
      client: CLIENT_CHOICE_DEFAULT,
      filter: FILTER_EMPTY,
      redaction: REDACTION_DEFAULTS,
      hostName: '',
      flowSeed: 0,
      textColumns: TEXT_COLUMNS_DEFAULT,
      isHeadCompleted,
      isConnectHidden: false,
      snaplenBytes: 0,
      isFolded: true,
      framesMax: -1,
    },
    createSink(),
    counters,
  );
  // Far apart, so that messages behind the first are not those of the next frame.
  const ofCase =
    frames ??
    Array.from({ length: FRAMES_PER_RUN }, (_, index) => build?.(index * 100_000) ?? bytesOf(''));
  const source = createSource(ofCase);
  let best = Number.POSITIVE_INFINITY;
  const endMs = performance.now() + seconds * 1000;
  // The quickest of many short runs: what the code costs, whatever else the machine does.
  for (let runs = 0; runs < 3 || performance.now() < endMs; runs++) {
    source.left = ofCase.length;
    forgetAllMessages(pipeline.memory);
    counters[COUNTER_LINES] = 0;
    const startMs = performance.now();
    runPipeline(pipeline, source);
    best = Math.min(best, performance.now() - startMs);
  }
  const ns = (best * 1e6) / ofCase.length;
  const bytes = ofCase.reduce((sum, frame) => sum + frame.length, 0) / ofCase.length;
  const lines = counters[COUNTER_LINES] / ofCase.length;
  const isHeld =
    ns <= FLOOR_NS_PER_LINE * Math.max(1, lines) || (bytes * 1000) / ns >= FLOOR_MB_PER_SEC;
  return {
    name,
    'frame bytes': Math.round(bytes),
    'ns/frame': Math.round(ns),
    'MB/s': Math.round((bytes * 1000) / ns),
    'lines/frame': Math.round(lines * 100) / 100,
    floor: isHeld ? 'held' : 'MISSED',
  };
}

function createSource(frames: readonly Uint8Array[]): FrameSource & { left: number } {
  const all = Buffer.concat(frames);
  const bytes = new Uint8Array(all.buffer, all.byteOffset, all.length);
  const ends: number[] = [];
  for (const { length } of frames) {
    ends.push((ends.at(-1) ?? 0) + length);
  }
  const frame = {
    ...createFrame(),
    bytes,
    linkType: LINKTYPE_ETHERNET,
    timestampSec: 1_567_347_411,
  };
  let index = 0;
  return {
    left: 0,
    fill: async () => FILL_END,
    next(target: Frame) {
      if (this.left-- <= 0) {
        return false;
      }
      frame.offset = index === 0 ? 0 : ends[index - 1];
      frame.end = ends[index];
      frame.wireLength = frame.end - frame.offset;
      Object.assign(target, frame);
      index = index + 1 === ends.length ? 0 : index + 1;
      return true;
    },
    statistics: () => ({ packets: 0, drops: 0, freezes: 0 }),
    stop: () => {},
    close: () => {},
  };
}

/** One buffer that goes round: lines are made, and go nowhere. */
function createSink(): BatchSink {
  const spares: Uint8Array[] = [new Uint8Array(BATCH_BYTES)];
  return {
    isFull: false,
    take: () => spares.pop() ?? new Uint8Array(BATCH_BYTES),
    put: ({ bytes }) => {
      spares.push(bytes);
    },
    ready: async () => {},
  };
}
