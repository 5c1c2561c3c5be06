import { describe, expect, it } from 'vitest';
import {
  COUNTER_EXCHANGES_FILTERED,
  COUNTER_LINES,
  COUNTER_LINES_DROPPED,
} from '../../src/counters/counter-table.ts';
import type { Counters } from '../../src/counters/counters.ts';
import { FILTER_EMPTY, type FilterSettings } from '../../src/filter/filter-settings.ts';
import { LINE_STREAM_SQ, LINE_STREAM_SR } from '../../src/format/line-batch.ts';
import type { RecordWriter } from '../../src/format/record-format.ts';
import { TEXT_FIELD_TABLES } from '../../src/http/grammar.ts';
import { BATCH_BYTES } from '../../src/limits.ts';
import { createBatchBuilder, flushBatches } from '../../src/output/batch-builder.ts';
import type { OutputSettings } from '../../src/output/output-settings.ts';
import {
  type RecordOutput,
  type RecordOutputs,
  writeExchange,
} from '../../src/output/record-outputs.ts';
import type { Exchange } from '../../src/record/exchange.ts';
import { TYPE_SQ } from '../../src/record/message-type.ts';
import type { Records } from '../../src/record/record-kinds.ts';
import { REDACTION_DEFAULTS } from '../../src/redact/redaction-settings.ts';
import { endPipeline } from '../../src/worker/pipeline.ts';
import type { PipelineSettings } from '../../src/worker/pipeline-settings.ts';
import type { Pipeline } from '../../src/worker/pipeline-state.ts';
import { makeExchange } from '../exchange/make-exchange.ts';
import { ListSink, pipelineOf, requestFrames, run, TEXT_OUTPUT } from '../worker/pipeline-parts.ts';

const JSON_EXCHANGES: OutputSettings = { ...TEXT_OUTPUT, format: 'json', records: 'exchanges' };
const JSON_MESSAGES: OutputSettings = { ...JSON_EXCHANGES, records: 'messages' };
const AUDIT: OutputSettings = { ...TEXT_OUTPUT, format: 'audit', records: 'exchanges' };

const REDACT_QUERY = {
  ...REDACTION_DEFAULTS,
  query: { default: 'redact' as const, byName: [] },
};

function pathTemplate(records: Records = 'exchanges'): OutputSettings {
  return { ...TEXT_OUTPUT, format: 'template', template: '{target} {status}', records };
}

/** Status codes that pass. */
function statusFilter(first: number, last: number): FilterSettings {
  return { ...FILTER_EMPTY, statuses: [{ first, last, isNegated: false }] };
}

interface Outputs {
  pipeline: Pipeline;
  records: RecordOutputs;
  sink: ListSink;
  counters: Counters;
  /** Lines of the output of that index, once everything was handed over. */
  linesOf(output: number): string[];
}

async function outputsOf(
  outputs: readonly OutputSettings[],
  settings: Partial<PipelineSettings> = {},
  sink = new ListSink(),
): Promise<Outputs> {
  const { pipeline, counters } = await pipelineOf({ settings: { ...settings, outputs }, sink });
  const { records } = pipeline;
  if (records === undefined) {
    throw new Error('these outputs need no records');
  }
  const linesOf = (output: number) => {
    endPipeline(pipeline);
    return sink.batches.filter((batch) => batch.output === output).flatMap(({ lines }) => lines);
  };
  return { pipeline, records, sink, counters, linesOf };
}

/** What writes lines that have so many bytes, and which asks for so many before. */
function fixedWriter(byteLength: number, bytesMax: number): RecordWriter<Exchange> {
  return {
    linesPerRecord: 2,
    bytesMax: () => bytesMax,
    write(target, at) {
      target.fill(0x61, at, at + byteLength);
      target[at] = 0x0a;
      target[at + byteLength - 1] = 0x0a;
      return at + byteLength;
    },
  };
}

async function writeFixed(byteLength: number, bytesMax: number, times = 1, buffersMax = 10) {
  const sink = new ListSink(buffersMax, false);
  const { records, counters } = await outputsOf([JSON_EXCHANGES], {});
  const batches = createBatchBuilder(sink, false);
  const output: RecordOutput<Exchange> = { writer: fixedWriter(byteLength, bytesMax), batches };
  for (let time = 0; time < times; time++) {
    writeExchange({ ...records, exchanges: [output] }, makeExchange());
  }
  flushBatches(batches);
  return { sink, written: counters[COUNTER_LINES], dropped: counters[COUNTER_LINES_DROPPED] };
}

describe('what is made for the outputs', () => {
  it('is nothing but text lines when nothing else is asked for', async () => {
    const { pipeline } = await pipelineOf({ settings: { outputs: [TEXT_OUTPUT, TEXT_OUTPUT] } });
    expect(pipeline.records).toBeUndefined();
    expect(pipeline.tracker).toBeUndefined();
    expect(pipeline.textLines).toHaveLength(2);
    expect(pipeline.fieldTables).toBe(TEXT_FIELD_TABLES);
  });

  it('follows no flow for messages, and does for exchanges', async () => {
    const messages = await outputsOf([TEXT_OUTPUT, JSON_MESSAGES]);
    expect(messages.pipeline.textLines).toHaveLength(1);
    expect(messages.pipeline.tracker).toBeUndefined();
    expect(messages.records.messages).toHaveLength(1);
    const exchanges = await outputsOf([TEXT_OUTPUT, JSON_EXCHANGES]);
    expect(exchanges.pipeline.textLines).toHaveLength(1);
    expect(exchanges.pipeline.tracker).toBeDefined();
    expect(exchanges.records.messages).toEqual([]);
  });

  it('writes text from records when something is hidden that it shows', async () => {
    const { pipeline, records } = await outputsOf([TEXT_OUTPUT], { redaction: REDACT_QUERY });
    expect(pipeline.textLines).toEqual([]);
    expect(records.messages).toHaveLength(1);
    expect(pipeline.tracker).toBeUndefined();
  });

  it('chooses messages by their exchange when there is a filter', async () => {
    const { pipeline, records } = await outputsOf([TEXT_OUTPUT, JSON_MESSAGES], {
      filter: statusFilter(200, 299),
    });
    expect(pipeline.textLines).toEqual([]);
    expect(pipeline.tracker).toBeDefined();
    expect(records.messages).toEqual([]);
    expect(records.chosenMessages).toHaveLength(2);
  });
});

describe('writeExchange', () => {
  it('gives every output of exchanges its lines, in the order of the exchanges', async () => {
    const { records, counters, linesOf } = await outputsOf([pathTemplate(), TEXT_OUTPUT, AUDIT]);
    writeExchange(records, makeExchange());
    writeExchange(records, makeExchange({ requestHead: 'GET /2 HTTP/1.1\r\n\r\n' }));
    expect(linesOf(0)).toEqual(['/shop/cart?item=7&user=ann 200', '/2 200']);
    expect(linesOf(1)).toEqual([]);
    expect(linesOf(2)).toHaveLength(4);
    expect(counters[COUNTER_LINES]).toBe(6);
    expect(counters[COUNTER_LINES_DROPPED]).toBe(0);
  });

  it('counts what the filter refuses, and writes nothing of it', async () => {
    const filter = statusFilter(500, 599);
    const { records, counters, linesOf } = await outputsOf([pathTemplate(), TEXT_OUTPUT], {
      filter,
    });
    writeExchange(records, makeExchange());
    writeExchange(records, makeExchange({ responseHead: null }));
    writeExchange(records, makeExchange({ responseHead: 'HTTP/1.1 502 Bad\r\n\r\n' }));
    expect(counters[COUNTER_EXCHANGES_FILTERED]).toBe(2);
    expect(linesOf(0)).toEqual(['/shop/cart?item=7&user=ann 502']);
    expect(linesOf(1)).toHaveLength(2);
  });

  it('filters by what was sent, and hides before anything is written', async () => {
    const filter: FilterSettings = {
      ...FILTER_EMPTY,
      headers: [{ name: 'x-tenant', value: 'blue', isNegated: false }],
    };
    const redaction = {
      ...REDACT_QUERY,
      headers: { default: undefined, byName: [['x-tenant', 'drop'] as const] },
    };
    const headerNames = ['x-tenant'];
    const outputs = [JSON_EXCHANGES, TEXT_OUTPUT, JSON_MESSAGES];
    const { records, sink, linesOf } = await outputsOf(outputs, { filter, redaction, headerNames });
    const requestHead = 'GET /a?key=secret HTTP/1.1\r\nX-Tenant: blue\r\n\r\n';
    writeExchange(records, makeExchange({ requestHead, names: headerNames }));
    writeExchange(records, makeExchange({ names: headerNames }));
    expect(linesOf(0)).toHaveLength(1);
    expect(linesOf(1)).toHaveLength(2);
    expect(linesOf(2)).toHaveLength(2);
    expect(sink.lines.filter((line) => line.includes('/a?key=REDACTED'))).toHaveLength(3);
    expect(sink.lines.join()).not.toMatch(/secret|blue/);
  });

  it('writes both messages of a chosen exchange, each at its own time and in its own file', async () => {
    const split = { ...TEXT_OUTPUT, isSplitByType: true };
    const { records, sink, linesOf } = await outputsOf([split], { filter: statusFilter(200, 299) });
    const midnight = { timestampSec: 1567382399, timestampSubsecNs: 990_000_000 };
    writeExchange(records, makeExchange({ ...midnight, type: TYPE_SQ, firstByteNs: 20_000_000 }));
    expect(linesOf(0)).toEqual([
      expect.stringMatching(
        /^2019-09-01 23:59:59\.990 203\.0\.113\.9#50905 10\.0\.0\.2#80 SQ GET \/shop\/cart/,
      ),
      expect.stringMatching(
        /^2019-09-02 00:00:00\.010 10\.0\.0\.2#80 203\.0\.113\.9#50905 SR HTTP\/1\.1 200 OK 512 /,
      ),
    ]);
    expect(sink.batches.map(({ day, stream }) => [day, stream])).toEqual([
      [20190901, LINE_STREAM_SQ],
      [20190902, LINE_STREAM_SR],
    ]);
  });

  it('writes the one message of an exchange whose other was never seen', async () => {
    const filter = { ...FILTER_EMPTY, sampleOneIn: 1 };
    const { records, linesOf } = await outputsOf([pathTemplate('messages')], { filter });
    writeExchange(records, makeExchange({ responseHead: null, statusCode: -1 }));
    expect(linesOf(0)).toEqual([expect.stringMatching(/^\/shop\/cart\?item=7&user=ann /)]);
    writeExchange(records, makeExchange({ requestHead: null, firstByteNs: -1 }));
    expect(linesOf(0).slice(1)).toEqual([expect.stringMatching(/ 200$/)]);
  });
});

describe('lines and buffers', () => {
  it('lines that no buffer is left for are dropped and counted', async () => {
    const { sink, written, dropped } = await writeFixed(BATCH_BYTES / 2, BATCH_BYTES / 2, 5, 2);
    expect(sink.batches.map(({ lines }) => lines.length)).toEqual([4, 4]);
    expect({ written, dropped }).toEqual({ written: 8, dropped: 2 });
  });

  it('lines that could need more than a batch and do not are written', async () => {
    const { sink, written, dropped } = await writeFixed(BATCH_BYTES, BATCH_BYTES + 1, 2);
    expect(sink.batches.map(({ lines }) => lines.length)).toEqual([2, 2]);
    expect(sink.lines[1]).toHaveLength(BATCH_BYTES - 2);
    expect({ written, dropped }).toEqual({ written: 4, dropped: 0 });
  });

  it('lines that need more than a batch are dropped and counted, and take no buffer', async () => {
    const { sink, written, dropped } = await writeFixed(BATCH_BYTES + 1, BATCH_BYTES + 1, 3);
    expect(sink.takes).toBe(0);
    expect({ written, dropped }).toEqual({ written: 0, dropped: 6 });
  });
});

describe('messages as they pass', () => {
  it('are the same lines whether they are written from the frame or from a record', async () => {
    const frames = requestFrames(20);
    const plain = await run(frames);
    const redaction = { ...REDACTION_DEFAULTS, patterns: ['jwt' as const] };
    const fromRecords = await run(frames, { settings: { redaction } });
    expect(plain.sink.lines).toHaveLength(20);
    expect(fromRecords.sink.lines).toEqual(plain.sink.lines);
    expect(fromRecords.counters[COUNTER_LINES]).toBe(20);
  });

  it('go to each output in its own format, and wait for no response', async () => {
    const { sink } = await run(requestFrames(2), {
      settings: { outputs: [TEXT_OUTPUT, JSON_MESSAGES, pathTemplate('messages'), AUDIT] },
    });
    const linesOf = (output: number) =>
      sink.batches.filter((batch) => batch.output === output).flatMap(({ lines }) => lines);
    expect(linesOf(0)).toHaveLength(2);
    expect(linesOf(1).map((line) => JSON.parse(line).type)).toEqual(['CQ', 'CQ']);
    expect(linesOf(2).map((line) => line.split(' ')[0])).toEqual(['/0', '/1']);
    expect(linesOf(3)).toHaveLength(4);
  });
});
