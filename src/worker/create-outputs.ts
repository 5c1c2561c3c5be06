import {
  COUNTER_REDACTIONS_FIRST,
  COUNTER_TRACKER_FIRST,
  type Counters,
} from '../counters/counters.ts';
import { COUNTS_COUNT } from '../counters/exchange-counts.ts';
import { createMessageRecords } from '../exchange/message-record.ts';
import { createTracker, type ExchangeTracker } from '../exchange/tracker.ts';
import { createExchangeFilter } from '../filter/exchange-filter.ts';
import { hasFilter } from '../filter/filter-settings.ts';
import { createTextFormat } from '../format/text-record.ts';
import type { TimestampText } from '../format/timestamp.ts';
import { createRecordFieldTables, type FieldTables, TEXT_FIELD_TABLES } from '../http/grammar.ts';
import { REDACTION_COUNTS_MAX } from '../limits.ts';
import type { BatchBuilder } from '../output/batch-builder.ts';
import { createFormat } from '../output/create-format.ts';
import type { OutputSettings } from '../output/output-settings.ts';
import { type RecordOutput, type RecordOutputs, writeExchange } from '../output/record-outputs.ts';
import { REDACTION_DEFAULTS } from '../redact/redaction-settings.ts';
import { createRedactor } from '../redact/redactor.ts';
import type { PipelineOptions } from './pipeline.ts';
import type { PipelineSettings } from './pipeline-settings.ts';
import type { HiddenText } from './text-lines.ts';

/** The part of a pipeline that depends on its outputs. */
export interface PipelineOutputs {
  textLines: readonly BatchBuilder[];
  records: RecordOutputs | undefined;
  tracker: ExchangeTracker | undefined;
  fieldTables: FieldTables;
  /** What writes plain text lines in which something is hidden; made when the first one comes. */
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
  const isFiltered = hasFilter(options.filter);
  const isPlain = (output: OutputSettings): boolean => isPlainText(output, options);
  const textLines = batches.filter((_, output) => isPlain(options.outputs[output]));
  if (textLines.length === batches.length) {
    return {
      textLines,
      records: undefined,
      tracker: undefined,
      fieldTables: TEXT_FIELD_TABLES,
      openHiddenText: createHiddenText(options, TEXT_FIELD_TABLES, counters),
    };
  }
  const fieldTables = createRecordFieldTables(options.headerNames);
  const { namedFields } = fieldTables;
  const formatOptions = { namedFields, utcOffset: options.utcOffset, hostName: options.hostName };
  const outputsOf = (isMember: (output: OutputSettings) => boolean): RecordOutput[] =>
    options.outputs.flatMap((output, index) =>
      isMember(output)
        ? [
            {
              format: createFormat(output, formatOptions, options.hasVlan),
              batches: batches[index],
            },
          ]
        : [],
    );
  const exchanges = outputsOf(({ records }) => records === 'exchanges');
  const messages = outputsOf((output) => output.records === 'messages' && !isPlain(output));
  const records: RecordOutputs = {
    exchanges,
    messages: isFiltered ? [] : messages,
    chosenMessages: isFiltered ? messages : [],
    isWanted: isFiltered ? createExchangeFilter(options.filter, namedFields) : undefined,
    redact: createRedactor(
      options.redaction,
      namedFields,
      redactionCounts(counters),
      options.redactionNames,
    ),
    messageRecords: createMessageRecords(fieldTables.fieldsCount, options.flowSeed),
    timestamp,
    counters,
  };
  const tracker =
    exchanges.length > 0 || isFiltered
      ? (followed ??
        createTracker(
          fieldTables.fieldsCount,
          options.flowSeed,
          counters.subarray(COUNTER_TRACKER_FIRST, COUNTER_TRACKER_FIRST + COUNTS_COUNT),
          (exchange) => writeExchange(records, exchange),
        ))
      : undefined;
  const openHiddenText = createHiddenText(options, fieldTables, counters);
  return { textLines, records, tracker, fieldTables, openHiddenText };
}

/** Memory for it is taken when it is needed, which it seldom is. */
function createHiddenText(
  options: PipelineOptions,
  { namedFields, fieldsCount }: FieldTables,
  counters: Counters,
): () => HiddenText {
  const { redaction, redactionNames, flowSeed, utcOffset, hostName, hasVlan } = options;
  let opened: HiddenText | undefined;
  return () => {
    opened ??= {
      messageRecords: createMessageRecords(fieldsCount, flowSeed),
      redact: createRedactor(redaction, namedFields, redactionCounts(counters), redactionNames),
      format: createTextFormat({ namedFields, utcOffset, hostName }, hasVlan),
    };
    return opened;
  };
}

function redactionCounts(counters: Counters): Counters {
  return counters.subarray(
    COUNTER_REDACTIONS_FIRST,
    COUNTER_REDACTIONS_FIRST + REDACTION_COUNTS_MAX,
  );
}

/** Whether an output's lines are made from each message alone, and from the frame itself. */
export function isPlainText(
  { format }: OutputSettings,
  settings: Pick<PipelineSettings, 'filter' | 'redaction'>,
): boolean {
  return format === 'text' && !hasFilter(settings.filter) && !changesText(settings);
}

/** By default credentials and cookies are hidden, of which few text lines have any: see `writeTextLines`. */
function changesText({ redaction }: Pick<PipelineSettings, 'redaction'>): boolean {
  return JSON.stringify(redaction) !== JSON.stringify(REDACTION_DEFAULTS);
}
