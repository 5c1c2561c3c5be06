import { COUNTER_REDACTIONS_FIRST } from '../counters/counter-table.ts';
import type { Counters } from '../counters/counters.ts';
import { createExchangeFilter } from '../filter/exchange-filter.ts';
import { hasFilter } from '../filter/filter-settings.ts';
import { createWriter } from '../format/format-table.ts';
import type { RecordFormatOptions } from '../format/record-format.ts';
import type { TimestampText } from '../format/timestamp.ts';
import { REDACTION_COUNTS_MAX } from '../limits.ts';
import { createMessage } from '../record/message.ts';
import { KINDS_BY_RECORDS, type Kind, type RecordKinds } from '../record/record-kinds.ts';
import { REDACTION_DEFAULTS, type RedactionSettings } from '../redact/redaction-settings.ts';
import { createRedactor } from '../redact/redactor.ts';
import type { BatchBuilder } from './batch-builder.ts';
import { createClientChoice } from './choose-client.ts';
import type { OutputSettings, RecordSettings } from './output-settings.ts';
import {
  type RecordOutput,
  type RecordOutputs,
  writeExchange,
  writeMessage,
} from './record-outputs.ts';

/**
 * Makes the way of records out: filter, redactor, and the formats of all outputs but plain text.
 *
 * @param batches of all outputs, in their order
 */
export function createRecordOutputs(
  options: RecordSettings,
  formatOptions: RecordFormatOptions,
  batches: readonly BatchBuilder[],
  counters: Counters,
  timestamp: TimestampText,
): RecordOutputs {
  const { namedFields } = formatOptions;
  const isFiltered = hasFilter(options.filter);
  const outputsOf = <K extends Kind>(kind: K): RecordOutput<RecordKinds[K]>[] =>
    options.outputs.flatMap((output, index) => {
      const { format, template, records, display } = output;
      const writerOptions = { ...formatOptions, template, display };
      return KINDS_BY_RECORDS[records] === kind && !isPlainText(output, options)
        ? [{ writer: createWriter(format, kind, writerOptions), batches: batches[index] }]
        : [];
    });
  const messages = outputsOf('message');
  const outputs: RecordOutputs = {
    exchange: (exchange) => writeExchange(outputs, exchange),
    message: (message) => writeMessage(outputs, message),
    exchanges: outputsOf('exchange'),
    messages: isFiltered ? [] : messages,
    chosenMessages: isFiltered ? messages : [],
    chosenMessage: createMessage(0),
    chooseClient: createClientChoice(options.client),
    isWanted: isFiltered ? createExchangeFilter(options.filter, namedFields) : undefined,
    redact: createRedactor(
      options.redaction,
      namedFields,
      redactionCounts(counters),
      options.redactionNames,
    ),
    timestamp,
    counters,
  };
  return outputs;
}

/** What redactors count. */
export function redactionCounts(counters: Counters): Counters {
  return counters.subarray(
    COUNTER_REDACTIONS_FIRST,
    COUNTER_REDACTIONS_FIRST + REDACTION_COUNTS_MAX,
  );
}

/** Whether an output's lines are made from each message alone, and from the bytes that it came in. */
export function isPlainText(
  { format }: OutputSettings,
  { filter, redaction }: Pick<RecordSettings, 'filter' | 'redaction'>,
): boolean {
  return format === 'text' && !hasFilter(filter) && !changesText(redaction);
}

/** By default only credentials and cookies are hidden, and the text line shows neither. */
function changesText(redaction: RedactionSettings): boolean {
  return JSON.stringify(redaction) !== JSON.stringify(REDACTION_DEFAULTS);
}
