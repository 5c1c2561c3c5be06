import {
  COUNTER_EXCHANGES_FILTERED,
  COUNTER_LINES,
  COUNTER_LINES_DROPPED,
} from '../counters/counter-table.ts';
import type { Counters } from '../counters/counters.ts';
import { LINE_STREAM_ALL, type LineStream } from '../format/line-batch.ts';
import type { RecordWriter } from '../format/record-format.ts';
import { setSecond, type TimestampText } from '../format/timestamp.ts';
import { BATCH_BYTES } from '../limits.ts';
import type { Exchange } from '../record/exchange.ts';
import type { HttpRecord } from '../record/http-record.ts';
import { type Message, takeRequest, takeResponse } from '../record/message.ts';
import type { RecordBase } from '../record/record.ts';
import type { RecordSink } from '../record/record-kinds.ts';
import { type BatchBuilder, reserveLine } from './batch-builder.ts';
import { countExchange } from './count-exchange.ts';

/** An output that lines of one kind of record are written to. */
export interface RecordOutput<R> {
  readonly writer: RecordWriter<R>;
  readonly batches: BatchBuilder;
}

/** What becomes of records: which are written, what is hidden in them, and where they go. */
export interface RecordOutputs extends RecordSink {
  readonly exchanges: readonly RecordOutput<Exchange>[];
  /** Outputs of messages as they pass. */
  readonly messages: readonly RecordOutput<Message>[];
  /** Outputs of messages that a filter chooses by the exchange that they belong to, written when it has ended. */
  readonly chosenMessages: readonly RecordOutput<Message>[];
  /** The record of one of those. */
  readonly chosenMessage: Message;
  /** Finds who the client is, before anybody looks at it; undefined: who has opened the connection. */
  readonly chooseClient: ((record: HttpRecord) => void) | undefined;
  readonly isWanted: ((exchange: Exchange) => boolean) | undefined;
  readonly redact: ((record: HttpRecord) => void) | undefined;
  readonly timestamp: TimestampText;
  readonly counters: Counters;
}

/** Takes an exchange that has ended. */
export function writeExchange(outputs: RecordOutputs, exchange: Exchange): void {
  countExchange(outputs.counters, exchange);
  outputs.chooseClient?.(exchange);
  if (outputs.isWanted !== undefined && !outputs.isWanted(exchange)) {
    outputs.counters[COUNTER_EXCHANGES_FILTERED]++;
    return;
  }
  outputs.redact?.(exchange);
  writeRecord(outputs, outputs.exchanges, exchange, LINE_STREAM_ALL);
  if (outputs.chosenMessages.length > 0) {
    writeBothMessages(outputs, exchange);
  }
}

/** Takes a message as it passes. */
export function writeMessage(outputs: RecordOutputs, message: Message): void {
  outputs.chooseClient?.(message);
  outputs.redact?.(message);
  writeRecord(outputs, outputs.messages, message, message.type);
}

function writeBothMessages(outputs: RecordOutputs, exchange: Exchange): void {
  const { chosenMessages, chosenMessage } = outputs;
  if (exchange.hasRequest) {
    takeRequest(chosenMessage, exchange);
    writeRecord(outputs, chosenMessages, chosenMessage, chosenMessage.type);
  }
  if (exchange.hasResponse) {
    takeResponse(chosenMessage, exchange);
    writeRecord(outputs, chosenMessages, chosenMessage, chosenMessage.type);
  }
}

/** @param stream the record's own file, where an output has several */
function writeRecord<R extends RecordBase>(
  { timestamp, counters }: RecordOutputs,
  targets: readonly RecordOutput<R>[],
  record: R,
  stream: LineStream,
): void {
  setSecond(timestamp, record.timestampSec);
  for (let index = 0; index < targets.length; index++) {
    const { writer, batches } = targets[index];
    const bytesMax = writer.bytesMax(record);
    const isWritten =
      bytesMax > BATCH_BYTES
        ? writeHuge(writer, batches, record, stream, timestamp.day, bytesMax)
        : writeLines(writer, batches, record, stream, timestamp.day, bytesMax);
    counters[isWritten ? COUNTER_LINES : COUNTER_LINES_DROPPED] += writer.linesPerRecord;
  }
}

/** Gives false when there is no buffer for the record's lines. */
export function writeLines<R>(
  writer: RecordWriter<R>,
  batches: BatchBuilder,
  record: R,
  stream: LineStream,
  day: number,
  bytesMax: number,
): boolean {
  const batch = reserveLine(batches, stream, day, bytesMax);
  if (batch === null) {
    return false;
  }
  batch.byteLength = writer.write(batch.bytes, batch.byteLength, record);
  batch.lineCount += writer.linesPerRecord;
  return true;
}

/**
 * Lines of a head that is as long as heads may be and that a format writes more than once: what they need at
 * most is more than a batch. Seldom they do; then they are too long for any file, and dropped.
 */
function writeHuge<R>(
  writer: RecordWriter<R>,
  batches: BatchBuilder,
  record: R,
  stream: LineStream,
  day: number,
  bytesMax: number,
): boolean {
  const lines = new Uint8Array(bytesMax);
  const byteLength = writer.write(lines, 0, record);
  if (byteLength > BATCH_BYTES) {
    return false;
  }
  const batch = reserveLine(batches, stream, day, byteLength);
  if (batch === null) {
    return false;
  }
  batch.bytes.set(lines.subarray(0, byteLength), batch.byteLength);
  batch.byteLength += byteLength;
  batch.lineCount += writer.linesPerRecord;
  return true;
}
