import {
  COUNTER_LINES,
  COUNTER_LINES_DROPPED,
  COUNTER_MESSAGES_FIRST,
  COUNTER_REDACTIONS_FIRST,
} from '../counters/counter-table.ts';
import type { Counters } from '../counters/counters.ts';
import { addCounters } from '../counters/counters.ts';
import { createMessageMemory, judgeFacts, type MessageMemory } from '../decode/judge-message.ts';
import { noteConnection } from '../decode/note-connection.ts';
import type { BatchSink, LineBatch } from '../format/line-batch.ts';
import {
  type BatchBuilder,
  createBatchBuilder,
  flushBatches,
  reserveLine,
} from '../output/batch-builder.ts';
import type { OutputSettings } from '../output/output-settings.ts';
import type { MessageType } from '../record/message-type.ts';
import { COUNT_HEADERS, COUNT_URL } from '../redact/redaction-settings.ts';
import { countJudged, isLeftOut } from './count-judged.ts';
import { NO_SLOT } from './count-message.ts';
import {
  KEY_COUNTED_AT,
  KEY_HIDDEN_AT,
  KEY_IS_CONNECTION,
  KEY_LINE_END_AT,
  KEY_TYPE_AT,
  MESSAGE_KEY_WORDS,
  type MessageKeys,
} from './message-keys.ts';
import type { DecodedPart } from './part-decoder.ts';
import { HIDDEN_HEADERS_SHIFT } from './text-lines.ts';

/** Joins the parts of a capture to what one pipeline would have made of it whole. */
export interface PartJoiner {
  readonly memory: MessageMemory;
  readonly builders: readonly BatchBuilder[];
  readonly isSplitByType: boolean;
  readonly counters: Counters;
}

export function createPartJoiner(
  outputs: readonly OutputSettings[],
  sink: BatchSink,
  counters: Counters,
): PartJoiner {
  return {
    memory: createMessageMemory(),
    builders: outputs.map(({ isSplitByType }, output) =>
      createBatchBuilder(sink, isSplitByType, output),
    ),
    isSplitByType: outputs.some(({ isSplitByType }) => isSplitByType),
    counters,
  };
}

/** Passes the lines of the next part on, without those of retransmitted messages, and adds its counters. */
export function joinPart(joiner: PartJoiner, { batches, keys, counters }: DecodedPart): void {
  // Each message has a line in each output, retransmitted ones have none: counted as they are passed on.
  counters[COUNTER_LINES] = 0;
  addCounters(joiner.counters, counters);
  let row = 0;
  for (const batch of batches) {
    row = joinBatch(joiner, batch, keys, row);
  }
  skipConnections(joiner, keys, row);
}

/** Hands over the lines that are not yet, behind the last part. */
export function flushJoiner({ builders }: PartJoiner): void {
  for (const builder of builders) {
    flushBatches(builder);
  }
}

/** Notes the connections that begin before the next message; gives the row of that. */
function skipConnections(
  { memory }: PartJoiner,
  { words, count }: MessageKeys,
  row: number,
): number {
  while (row < count && words[row * MESSAGE_KEY_WORDS + KEY_TYPE_AT] === KEY_IS_CONNECTION) {
    noteConnection(memory, words, row * MESSAGE_KEY_WORDS);
    row++;
  }
  return row;
}

/**
 * Copies runs of lines that stay together, which is the whole batch as a rule.
 *
 * @param row the first of the batch
 * @returns the row behind its last message
 */
function joinBatch(joiner: PartJoiner, batch: LineBatch, keys: MessageKeys, row: number): number {
  const { memory, isSplitByType, counters } = joiner;
  const { words } = keys;
  let runOffset = 0;
  let runLines = 0;
  let lineOffset = 0;
  let runType = 0;
  for (let line = 0; line < batch.lineCount; line++, row++) {
    row = skipConnections(joiner, keys, row);
    const at = row * MESSAGE_KEY_WORDS;
    const type = words[at + KEY_TYPE_AT];
    const lineEnd = words[at + KEY_LINE_END_AT];
    const judgement = judgeFacts(memory, words, at);
    const isOut = isLeftOut(judgement);
    if (isOut || (isSplitByType && type !== runType)) {
      copyRun(joiner, batch, runType, runOffset, lineOffset, runLines);
      runOffset = isOut ? lineEnd : lineOffset;
      runLines = 0;
    }
    runType = type;
    countJudged(counters, judgement);
    if (isOut) {
      takeCountsBack(counters, type, words[at + KEY_COUNTED_AT], words[at + KEY_HIDDEN_AT]);
    } else {
      runLines++;
    }
    lineOffset = lineEnd;
  }
  copyRun(joiner, batch, runType, runOffset, lineOffset, runLines);
  return row;
}

/** Takes back what its part's pipeline has counted of it. */
function takeCountsBack(
  counters: Counters,
  type: number,
  countedSlot: number,
  hiddenCounts: number,
): void {
  counters[COUNTER_MESSAGES_FIRST + type - 1]--;
  if (countedSlot !== NO_SLOT) {
    counters[countedSlot]--;
  }
  const headersCount = hiddenCounts >>> HIDDEN_HEADERS_SHIFT;
  counters[COUNTER_REDACTIONS_FIRST + COUNT_HEADERS] -= headersCount;
  counters[COUNTER_REDACTIONS_FIRST + COUNT_URL] -=
    hiddenCounts - (headersCount << HIDDEN_HEADERS_SHIFT);
}

function copyRun(
  { builders, counters }: PartJoiner,
  { bytes, day }: LineBatch,
  type: number,
  offset: number,
  end: number,
  linesCount: number,
): void {
  if (linesCount === 0) {
    return;
  }
  const lines = bytes.subarray(offset, end);
  for (const builder of builders) {
    const batch = reserveLine(builder, type as MessageType, day, lines.byteLength);
    if (batch === null) {
      counters[COUNTER_LINES_DROPPED] += linesCount;
      continue;
    }
    batch.bytes.set(lines, batch.byteLength);
    batch.byteLength += lines.byteLength;
    batch.lineCount += linesCount;
    counters[COUNTER_LINES] += linesCount;
  }
}
