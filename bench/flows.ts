/**
 * Memory of the pairing when every request comes on a connection of its own: a million flows in a minute of
 * packet time, of which a part is never closed nor answered.
 *
 *     node bench/flows.ts [--flows 1000000] [--rounds 3]
 *
 * Runs the pipeline in this process on frames made on the way, and prints resident memory as it goes. Exits
 * with 1 when the last third of the run needs more than the bound below beyond the first.
 */
import { parseArgs } from 'node:util';
import type { FrameSource } from '../src/capture/frame.ts';
import { LINKTYPE_ETHERNET } from '../src/capture/link-types.ts';
import { COUNTER_TRACKER_FIRST } from '../src/counters/counter-table.ts';
import { createCounters } from '../src/counters/counters.ts';
import { FILTER_EMPTY } from '../src/filter/filter-settings.ts';
import type { BatchSink } from '../src/format/line-batch.ts';
import { TEXT_COLUMNS_DEFAULT } from '../src/format/text-line.ts';
import { METHODS_DEFAULT } from '../src/http/grammar.ts';
import { BATCH_BYTES } from '../src/limits.ts';
import { CLIENT_CHOICE_DEFAULT } from '../src/record/client-source.ts';
import { REDACTION_DEFAULTS } from '../src/redact/redaction-settings.ts';
import { createPipeline, endPipeline, runPipeline } from '../src/worker/pipeline.ts';
import { createPipelineOptions } from '../src/worker/pipeline-settings.ts';

const { values } = parseArgs({
  options: {
    flows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
  },
});
const flowsCount = Number(values.flows);
const roundsCount = Number(values.rounds);
/** One packet-time minute a round. */
const NANOSECONDS_PER_ROUND = 60e9;
const NANOSECONDS_PER_SECOND = 1e9;
const START_SEC = 1_700_000_000;
/** Growth between the first round's end and the last one's that is taken for noise of the collector. */
const GROWTH_MAX_MIB = 16;
const MIB = 1024 * 1024;

const REQUEST = Buffer.from(
  'GET /item HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: bench\r\n\r\n',
);
const RESPONSE = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
const HEADERS_BYTES = 54;
const TCP_AT = 34;
const PSH_ACK = 0x18;
const FIN_ACK = 0x11;

/** By step of a flow: who sends what. Flows that stay open stop behind the first step, others never answer. */
const STEPS = [
  { isFromClient: true, payload: REQUEST, flags: PSH_ACK },
  { isFromClient: false, payload: RESPONSE, flags: PSH_ACK },
  { isFromClient: false, payload: Buffer.alloc(0), flags: FIN_ACK },
] as const;

const frameBytes = new Uint8Array(HEADERS_BYTES + 512);
const view = new DataView(frameBytes.buffer);

/** Of ten flows seven end in order, two stay open after their response, one is never answered. */
function stepsOf(flow: number): number {
  const kind = flow % 10;
  return kind < 7 ? 3 : kind < 9 ? 2 : 1;
}

function buildFrame(flow: number, step: number): number {
  const { isFromClient, payload, flags } = STEPS[step];
  const client = 0x0a000000 + (flow >>> 14);
  const clientPort = 1024 + (flow & 0x3fff);
  const server = 0xc0000201;
  const requestEnd = 1000 + REQUEST.length;
  const responseEnd = 5000 + RESPONSE.length;
  view.setUint16(12, 0x0800);
  view.setUint8(14, 0x45);
  view.setUint16(16, 40 + payload.length);
  view.setUint8(23, 6);
  view.setUint32(26, isFromClient ? client : server);
  view.setUint32(30, isFromClient ? server : client);
  view.setUint16(TCP_AT, isFromClient ? clientPort : 80);
  view.setUint16(TCP_AT + 2, isFromClient ? 80 : clientPort);
  view.setUint32(TCP_AT + 4, isFromClient ? 1000 : step === 1 ? 5000 : responseEnd);
  view.setUint32(TCP_AT + 8, isFromClient ? 5000 : requestEnd);
  view.setUint8(TCP_AT + 12, 0x50);
  view.setUint8(TCP_AT + 13, flags);
  frameBytes.set(payload, HEADERS_BYTES);
  return HEADERS_BYTES + payload.length;
}

function createSource(round: number): FrameSource {
  let flow = 0;
  let step = 0;
  return {
    fill: async () => 0,
    next: (frame) => {
      if (flow === flowsCount) {
        return false;
      }
      const index = round * flowsCount + flow;
      frame.bytes = frameBytes;
      frame.offset = 0;
      frame.end = buildFrame(index, step);
      frame.wireLength = frame.end;
      const ns = (index / flowsCount) * NANOSECONDS_PER_ROUND + step * 1000;
      frame.timestampSec = START_SEC + Math.floor(ns / NANOSECONDS_PER_SECOND);
      frame.timestampSubsecNs = Math.floor(ns % NANOSECONDS_PER_SECOND);
      frame.linkType = LINKTYPE_ETHERNET;
      frame.vlanTagged = 0;
      step++;
      if (step === stepsOf(index)) {
        step = 0;
        flow++;
      }
      return true;
    },
    statistics: () => ({ packets: 0, drops: 0, freezes: 0 }),
    stop() {},
    close() {},
  };
}

let linesCount = 0;
let spare: Uint8Array | undefined;
const sink: BatchSink = {
  isFull: false,
  take: () => {
    const bytes = spare ?? new Uint8Array(BATCH_BYTES);
    spare = undefined;
    return bytes;
  },
  put: ({ bytes, lineCount }) => {
    linesCount += lineCount;
    spare = bytes;
  },
  ready: async () => {},
};
const counters = createCounters();
const options = await createPipelineOptions(
  {
    ports: 'any',
    methods: METHODS_DEFAULT,
    localNetworks: [],
    timezone: 'UTC',
    outputs: [{ format: 'json', template: undefined, records: 'exchanges', isSplitByType: false }],
    headerNames: [],
    client: CLIENT_CHOICE_DEFAULT,
    filter: FILTER_EMPTY,
    redaction: REDACTION_DEFAULTS,
    textColumns: TEXT_COLUMNS_DEFAULT,
    hostName: 'bench',
    flowSeed: 0,
    snaplenBytes: 0,
    isFolded: true,
    framesMax: -1,
    vxlanPorts: [],
    isHeadCompleted: false,
    isConnectHidden: false,
  },
  undefined,
);
const pipeline = createPipeline(options, sink, counters);
const resident: number[] = [];
for (let round = 0; round < roundsCount; round++) {
  const startMs = performance.now();
  runPipeline(pipeline, createSource(round));
  resident.push(process.memoryUsage.rss() / MIB);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(
    `round ${round + 1}: ${flowsCount} flows in ${seconds} s, ${resident[round].toFixed(1)} MiB resident`,
  );
}
endPipeline(pipeline);
const [complete, noResponse, noRequest, evicted, reset, gap] = counters.subarray(
  COUNTER_TRACKER_FIRST,
  COUNTER_TRACKER_FIRST + 6,
);
console.log({ linesCount, complete, noResponse, noRequest, evicted, reset, gap });
const growth = resident[roundsCount - 1] - resident[0];
console.log(`growth from the first round to the last: ${growth.toFixed(1)} MiB`);
process.exitCode = growth > GROWTH_MAX_MIB ? 1 : 0;
