/**
 * The decoding loop by itself: a pcap file in memory through the pipeline again and again, its lines thrown
 * away. No input, no output, no start: what is left is what a change to a hot room moves.
 *
 *     node bench/loop.ts CAPTURE [--rounds 10] [--format text] [--records messages]
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { ByteWindow } from '../src/capture/byte-window.ts';
import type { FrameSource } from '../src/capture/frame.ts';
import { PCAP_HEADER_BYTES, PcapReader, readPcapHeader } from '../src/capture/pcap-reader.ts';
import { COUNTER_LINES } from '../src/counters/counter-table.ts';
import { countFrames, createCounters } from '../src/counters/counters.ts';
import { forgetAllMessages } from '../src/decode/judge-message.ts';
import { FILTER_EMPTY } from '../src/filter/filter-settings.ts';
import type { BatchSink } from '../src/format/line-batch.ts';
import { TEXT_COLUMNS_DEFAULT } from '../src/format/text-line.ts';
import { METHODS_DEFAULT } from '../src/http/grammar.ts';
import { BATCH_BYTES } from '../src/limits.ts';
import { CLIENT_CHOICE_DEFAULT } from '../src/record/client-source.ts';
import { REDACTION_DEFAULTS } from '../src/redact/redaction-settings.ts';
import { createPipeline, runPipeline } from '../src/worker/pipeline.ts';
import { createPipelineOptions } from '../src/worker/pipeline-settings.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '10' },
    format: { type: 'string', default: 'text' },
    records: { type: 'string', default: 'messages' },
  },
});
const bytes = readFileSync(positionals[0]);
const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
let spare: Uint8Array | undefined;
const sink: BatchSink = {
  isFull: false,
  take: () => {
    const taken = spare ?? new Uint8Array(BATCH_BYTES);
    spare = undefined;
    return taken;
  },
  put: (batch) => {
    spare = batch.bytes;
  },
  ready: async () => {},
};
const counters = createCounters();
const options = await createPipelineOptions(
  {
    ports: [{ first: 80, last: 80 }],
    methods: METHODS_DEFAULT,
    localNetworks: [],
    timezone: 'local',
    outputs: [
      {
        format: values.format,
        template: undefined,
        records: values.records,
        isSplitByType: false,
      } as never,
    ],
    headerNames: [],
    client: CLIENT_CHOICE_DEFAULT,
    filter: FILTER_EMPTY,
    redaction: REDACTION_DEFAULTS,
    vxlanPorts: [],
    isHeadCompleted: values.records === 'exchanges',
    isConnectHidden: false,
    textColumns: TEXT_COLUMNS_DEFAULT,
    hostName: 'bench',
    flowSeed: 1,
    snaplenBytes: 0,
    isFolded: true,
    framesMax: -1,
  },
  undefined,
);
const pipeline = createPipeline(options, sink, counters);
const times: number[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  const window = { bytes, view, position: PCAP_HEADER_BYTES, end: bytes.byteLength };
  const reader = new PcapReader(window as unknown as ByteWindow, readPcapHeader(view, 0));
  const source: FrameSource = {
    fill: async () => 0,
    next: (frame) => reader.next(frame),
    statistics: () => ({ packets: 0, drops: 0, freezes: 0 }),
    stop() {},
    close() {},
  };
  forgetAllMessages(pipeline.memory);
  const { user } = process.cpuUsage();
  runPipeline(pipeline, source);
  times.push((process.cpuUsage().user - user) / 1000);
}
const rounds = Number(values.rounds);
const frames = countFrames(counters) / rounds;
const lines = counters[COUNTER_LINES] / rounds;
const best = Math.min(...times);
console.log(
  `${frames} frames, ${lines} lines: ${best.toFixed(1)} ms, ${((best * 1e6) / frames).toFixed(0)} ns a frame, ${((best * 1e6) / lines).toFixed(0)} ns a line`,
);
