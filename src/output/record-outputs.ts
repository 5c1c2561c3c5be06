import {
  COUNTER_EXCHANGES_FILTERED,
  COUNTER_LINES,
  COUNTER_LINES_DROPPED,
} from '../counters/counter-table.ts';
import type { Counters } from '../counters/counters.ts';
import type { RecordFormat } from '../format/record-format.ts';
import { setSecond, type TimestampText } from '../format/timestamp.ts';
import { BATCH_BYTES } from '../limits.ts';
import type { Exchange } from '../record/exchange.ts';
import { becomeRequest, becomeResponse } from '../record/single-message.ts';
import { type BatchBuilder, reserveLine } from './batch-builder.ts';
import { countExchange } from './count-exchange.ts';

/** An output that lines are written to from records. */
export interface RecordOutput {
  readonly format: RecordFormat;
  readonly batches: BatchBuilder;
}

/** What becomes of records: which are written, what is hidden in them, and where they go. */
export interface RecordOutputs {
  readonly exchanges: readonly RecordOutput[];
  /** Outputs of messages as they pass. */
  readonly messages: readonly RecordOutput[];
  /** Outputs of messages that a filter chooses by the exchange that they belong to, written when it has ended. */
  readonly chosenMessages: readonly RecordOutput[];
  readonly isWanted: ((exchange: Exchange) => boolean) | undefined;
  readonly redact: ((exchange: Exchange) => void) | undefined;
  readonly timestamp: TimestampText;
  readonly counters: Counters;
}

/** Takes an exchange that has ended. The record is of no use afterwards. */
export function writeExchange(outputs: RecordOutputs, exchange: Exchange): void {
  countExchange(outputs.counters, exchange);
  if (outputs.isWanted !== undefined && !outputs.isWanted(exchange)) {
    outputs.counters[COUNTER_EXCHANGES_FILTERED]++;
    return;
  }
  outputs.redact?.(exchange);
  writeRecord(outputs, outputs.exchanges, exchange);
  if (outputs.chosenMessages.length > 0) {
    writeBothMessages(outputs, exchange);
  }
}

/** Takes the record of a message as it passes. It is of no use afterwards. */
export function writeMessage(outputs: RecordOutputs, record: Exchange): void {
  outputs.redact?.(record);
  writeRecord(outputs, outputs.messages, record);
}

function writeBothMessages(outputs: RecordOutputs, exchange: Exchange): void {
  const { hasRequest, hasResponse, firstByteNs, statusCode, responseHeadBytes } = exchange;
  if (hasRequest) {
    becomeRequest(exchange);
    writeRecord(outputs, outputs.chosenMessages, exchange);
  }
  if (hasResponse) {
    becomeResponse(exchange, firstByteNs, statusCode, responseHeadBytes);
    writeRecord(outputs, outputs.chosenMessages, exchange);
  }
}

function writeRecord(
  { timestamp, counters }: RecordOutputs,
  targets: readonly RecordOutput[],
  record: Exchange,
): void {
  setSecond(timestamp, record.timestampSec);
  for (let index = 0; index < targets.length; index++) {
    const { format, batches } = targets[index];
    const bytesMax = format.bytesMax(record);
    const isWritten =
      bytesMax > BATCH_BYTES
        ? writeHuge(format, batches, record, timestamp.day, bytesMax)
        : writeLines(format, batches, record, timestamp.day, bytesMax);
    counters[isWritten ? COUNTER_LINES : COUNTER_LINES_DROPPED] += format.linesPerRecord;
  }
}

/** Gives false when there is no buffer for the record's lines. */
export function writeLines(
  format: RecordFormat,
  batches: BatchBuilder,
  record: Exchange,
  day: number,
  bytesMax: number,
): boolean {
  const batch = reserveLine(batches, record.type, day, bytesMax);
  if (batch === null) {
    return false;
  }
  batch.byteLength = format.write(batch.bytes, batch.byteLength, record);
  batch.lineCount += format.linesPerRecord;
  return true;
}

/**
 * Lines of a head that is as long as heads may be and that a format writes more than once: what they need at
 * most is more than a batch. Seldom they do; then they are too long for any file, and dropped.
 */
function writeHuge(
  format: RecordFormat,
  batches: BatchBuilder,
  record: Exchange,
  day: number,
  bytesMax: number,
): boolean {
  const lines = new Uint8Array(bytesMax);
  const byteLength = format.write(lines, 0, record);
  if (byteLength > BATCH_BYTES) {
    return false;
  }
  const batch = reserveLine(batches, record.type, day, byteLength);
  if (batch === null) {
    return false;
  }
  batch.bytes.set(lines.subarray(0, byteLength), batch.byteLength);
  batch.byteLength += byteLength;
  batch.lineCount += format.linesPerRecord;
  return true;
}
