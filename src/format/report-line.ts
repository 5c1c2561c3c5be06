import { FIELD_HOST } from '../http/grammar.ts';
import { ADDRESS_TEXT_BYTES_MAX } from '../record/address-text.ts';
import type { Exchange } from '../record/exchange.ts';
import { clientOf } from '../record/http-record.ts';
import { CUT_BYTES_MAX, countColumns, writeCut } from './cut-text.ts';
import { writeJsonNumber } from './json-text.ts';
import { REPORT_TEXT_COLUMNS_MAX } from './limits.ts';
import { statusOf } from './record-fields.ts';
import type { RecordFormat, RecordWriter } from './record-format.ts';
import {
  createValueSpan,
  type FindText,
  findInRequest,
  findMethod,
  findPath,
} from './record-texts.ts';
import { writeEndAddress } from './record-values.ts';

const BYTE_LF = 0x0a;
const BYTE_TAB = 0x09;

const NANOSECONDS_PER_MILLISECOND = 1_000_000;
/** Time, duration, status and reason, of up to 16 digits each. */
const NUMBERS_BYTES_MAX = 4 * 16;
/** Seconds of the epoch that a capture may claim, of which milliseconds are exact. */
const EPOCH_SEC_MAX = 2 ** 42;
const COLUMNS = 8;

const findHost = findInRequest(FIELD_HOST);
const TEXTS: readonly FindText[] = [findMethod, findHost, findPath];

/**
 * What the report at the end is made of: for the control plane, and no format to choose. A line an exchange, not
 * counted as one, of eight columns: milliseconds of the epoch, duration in nanoseconds and 1 (0: unknown), status (0:
 * none), one of INCOMPLETE_*, client, method, host, path without its query; texts are printable ASCII, cut, and empty
 * where there is none.
 */
export const REPORT_FORMAT: RecordFormat = {
  suffix: 'report',
  hasHeaderFields: false,
  writers: { exchange: createReportWriter },
};

function createReportWriter(): RecordWriter<Exchange> {
  const span = createValueSpan();
  const bytesMax =
    NUMBERS_BYTES_MAX +
    COLUMNS +
    ADDRESS_TEXT_BYTES_MAX +
    TEXTS.length * (REPORT_TEXT_COLUMNS_MAX + CUT_BYTES_MAX);
  return {
    linesPerRecord: 0,
    bytesMax: () => bytesMax,
    write(target, at, exchange) {
      const { timestampSec, timestampSubsecNs, totalNs, incomplete, bytes } = exchange;
      const seconds = Math.min(Math.max(timestampSec, 0), EPOCH_SEC_MAX);
      const milliseconds = Math.floor(timestampSubsecNs / NANOSECONDS_PER_MILLISECOND);
      at = writeNumber(target, at, seconds * 1000 + milliseconds);
      at = writeNumber(target, at, totalNs + 1);
      at = writeNumber(target, at, Math.max(statusOf(exchange), 0));
      at = writeNumber(target, at, incomplete);
      at = writeEndAddress(target, at, bytes, clientOf(exchange));
      for (let index = 0; index < TEXTS.length; index++) {
        target[at++] = BYTE_TAB;
        if (TEXTS[index](exchange, span)) {
          const columnsMax = REPORT_TEXT_COLUMNS_MAX;
          const columns = countColumns(span.bytes, span.offset, span.end, columnsMax);
          const shown = Math.min(columns, columnsMax);
          at = shown === 0 ? at : writeCut(target, at, span.bytes, span.offset, span.end, shown);
        }
      }
      target[at++] = BYTE_LF;
      return at;
    },
  };
}

function writeNumber(target: Uint8Array, at: number, value: number): number {
  at = writeJsonNumber(target, at, Math.max(value, 0));
  target[at++] = BYTE_TAB;
  return at;
}
