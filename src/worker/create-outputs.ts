import { COUNTER_TRACKER_FIRST } from '../counters/counter-table.ts';
import type { Counters } from '../counters/counters.ts';
import { COUNTS_COUNT } from '../counters/exchange-counts.ts';
import { createOpenBodies, type OpenBodies } from '../decode/body-rows.ts';
import { createMessageRecords, type MessageRecords } from '../exchange/message-record.ts';
import { createTracker, type ExchangeTracker } from '../exchange/tracker.ts';
import { hasFilter } from '../filter/filter-settings.ts';
import { createTextWriter } from '../format/text-record.ts';
import type { TimestampText } from '../format/timestamp.ts';
import { createRecordFieldTables, type FieldTables, TEXT_FIELD_TABLES } from '../http/grammar.ts';
import type { BatchBuilder } from '../output/batch-builder.ts';
import {
  createRecordOutputs,
  isPlainText,
  redactionCounts,
} from '../output/create-record-outputs.ts';
import type { RecordOutputs } from '../output/record-outputs.ts';
import { createRedactor } from '../redact/redactor.ts';
import { chooseHashSeed } from './choose-hash-seed.ts';
import type { PipelineOptions } from './pipeline-settings.ts';
import type { HiddenText } from './pipeline-state.ts';

/** The part of a pipeline that depends on its outputs. */
export interface PipelineOutputs {
  textLines: readonly BatchBuilder[];
  records: RecordOutputs | undefined;
  messageRecords: MessageRecords | undefined;
  tracker: ExchangeTracker | undefined;
  bodies: OpenBodies | undefined;
  fieldTables: FieldTables;
  openHiddenText: () => HiddenText;
}

/**
 * Makes what the outputs need, and nothing that they do not: plain text lines keep no record, outputs of
 * messages no flows.
 *
 * @param batches what lines are written into, of all outputs in their order
 * @param followed a tracker that is to go on where one is needed, of the same field tables; **its `onExchange` is
 * left to the caller**
 */
export function createOutputs(
  options: PipelineOptions,
  batches: readonly BatchBuilder[],
  counters: Counters,
  timestamp: TimestampText,
  followed?: ExchangeTracker,
): PipelineOutputs {
  const textLines = batches.filter((_, output) => isPlainText(options.outputs[output], options));
  if (textLines.length === batches.length) {
    return {
      textLines,
      records: undefined,
      messageRecords: undefined,
      tracker: undefined,
      bodies: createOpenBodies(options.hashSeed ?? chooseHashSeed()),
      fieldTables: TEXT_FIELD_TABLES,
      openHiddenText: createHiddenText(options, TEXT_FIELD_TABLES, counters),
    };
  }
  const fieldTables = createRecordFieldTables(options.headerNames);
  const { namedFields, fieldsCount } = fieldTables;
  const { flowSeed } = options;
  const formatOptions = { ...options, namedFields };
  const records = createRecordOutputs(options, formatOptions, batches, counters, timestamp);
  const needsFlows = records.messages.length > 0 && options.client.source === 'proxy';
  const needsExchanges = records.exchanges.length > 0 || hasFilter(options.filter) || needsFlows;
  const tracker = needsExchanges
    ? (followed ??
      createTracker(
        fieldsCount,
        flowSeed,
        counters.subarray(COUNTER_TRACKER_FIRST, COUNTER_TRACKER_FIRST + COUNTS_COUNT),
        records.exchange,
      ))
    : undefined;
  const messageRecords =
    records.messages.length > 0 ? createMessageRecords(fieldsCount, flowSeed) : undefined;
  const bodies =
    textLines.length > 0 || messageRecords !== undefined
      ? createOpenBodies(options.hashSeed ?? chooseHashSeed())
      : undefined;
  const openHiddenText = createHiddenText(options, fieldTables, counters);
  return { textLines, records, messageRecords, tracker, bodies, fieldTables, openHiddenText };
}

/** Memory for it is taken when it is needed, which it seldom is. */
function createHiddenText(
  options: PipelineOptions,
  { namedFields, fieldsCount }: FieldTables,
  counters: Counters,
): () => HiddenText {
  const { redaction, redactionNames, flowSeed } = options;
  let opened: HiddenText | undefined;
  return () => {
    opened ??= {
      messageRecords: createMessageRecords(fieldsCount, flowSeed),
      redact: createRedactor(redaction, namedFields, redactionCounts(counters), redactionNames),
      writer: createTextWriter({ ...options, namedFields }),
    };
    return opened;
  };
}
