import { isSameText } from '../bytes.ts';
import type { NamedField } from '../http/grammar.ts';
import type { HttpRecord } from '../record/http-record.ts';
import type { HttpKind, RecordKinds } from '../record/record-kinds.ts';
import { SPACE_KEPT, writeEscaped } from './escape.ts';
import {
  createRecordFields,
  exchangeNumber,
  fieldOf,
  type KindFields,
  plainField,
  RECORD_KIND_FIELD,
  type RecordField,
} from './record-fields.ts';
import type { RecordFormat, RecordFormatOptions, RecordWriter } from './record-format.ts';
import { createValueSpan, textBytesMax, type ValueSpan } from './record-texts.ts';
import {
  labelBytes,
  PLAIN_BYTES_MAX,
  writeHexByte,
  writeLabel,
  writeSeconds,
  writeVlanText,
} from './record-values.ts';

const BYTE_HTAB = 0x09;
const BYTE_LF = 0x0a;
const BYTE_COMMA = 0x2c;
const BYTE_BACKSLASH = 0x5c;
/** What makes a capital letter lower case, and leaves digits as they are. */
const LOWER_CASE_BIT = 0x20;

const BYTE_T = 0x54;
const BYTE_F = 0x46;

const UNSET = labelBytes('-');
const EMPTY = labelBytes('(empty)');

/** A column's name and type, as Zeek calls them, and the record's field; without one it is the name. */
type ColumnRow = readonly [name: string, type: string, field?: string | KindFields];

/** @see https://docs.zeek.org/en/master/logs/http.html */
const COLUMN_ROWS: readonly ColumnRow[] = [
  ['record', 'string', RECORD_KIND_FIELD],
  ['ts', 'time', 'epoch'],
  ['uid', 'string', 'id'],
  ['id.orig_h', 'addr', 'client_ip'],
  ['id.orig_p', 'port', 'client_port'],
  ['id.resp_h', 'addr', 'server_ip'],
  ['id.resp_p', 'port', 'server_port'],
  ['side', 'string'],
  ['method', 'string'],
  ['host', 'string'],
  ['uri', 'string', 'target'],
  ['referrer', 'string', 'referer'],
  ['version', 'string'],
  ['user_agent', 'string'],
  ['request_body_len', 'count', 'request_body_bytes'],
  ['response_body_len', 'count', 'response_body_bytes'],
  ['status_code', 'count', 'status'],
  ['status_msg', 'string', 'reason'],
  ['username', 'string', 'user'],
  ['connect', 'interval', exchangeNumber(({ connectNs }) => connectNs, writeSeconds)],
  ['ttfb', 'interval', exchangeNumber(({ firstByteNs }) => firstByteNs, writeSeconds)],
  ['duration', 'interval', 'duration_s'],
  ['content_type', 'string', 'response_content_type'],
  ['location', 'string'],
  ['request_id', 'string'],
  ['forwarded_for', 'string'],
  ['incomplete', 'string'],
  [
    'vlan',
    'set[count]',
    plainField((target, at, { wire }) => writeVlanText(target, at, wire, BYTE_COMMA)),
  ],
  ['proxy_client_ip', 'addr'],
  ['proxy_client_port', 'port'],
  ['original_client_ip', 'addr'],
  ['client_from', 'string'],
  ['target_cut', 'bool', plainField(writeTargetCut)],
  ['proxy_server_ip', 'addr'],
  ['proxy_server_port', 'port'],
  ['nat_client_ip', 'addr'],
  ['nat_client_port', 'port'],
  ['nat_server_ip', 'addr'],
  ['nat_server_port', 'port'],
];

/**
 * A table with Zeek's header, for `zeek-cut` and everything else that reads its logs.
 *
 * @see https://docs.zeek.org/en/master/log-formats.html
 */
export const TSV_FORMAT: RecordFormat = {
  suffix: 'tsv',
  hasHeaderFields: true,
  createFileHeader,
  writers: {
    exchange: (options) => createTsvWriter(options, 'exchange'),
    message: (options) => createTsvWriter(options, 'message'),
  },
};

/** Zeek's way to write whether; nothing where there is no request line. */
function writeTargetCut(target: Uint8Array, at: number, record: HttpRecord): number {
  if (!record.hasRequest) {
    return at;
  }
  target[at++] = record.isTargetCut ? BYTE_T : BYTE_F;
  return at;
}

function createTsvWriter<K extends HttpKind>(
  options: RecordFormatOptions,
  kind: K,
): RecordWriter<RecordKinds[K]> {
  const fields = createRecordFields(options);
  const columns = createRows(options.namedFields).map(([name, , field]) =>
    fieldOf(resolveField(fields, field ?? name), kind),
  );
  const overheadBytes = columns.length * (PLAIN_BYTES_MAX + 1);
  const span = createValueSpan();
  return {
    linesPerRecord: 1,
    bytesMax: (record) => {
      let bytesMax = overheadBytes;
      for (let index = 0; index < columns.length; index++) {
        const column = columns[index];
        if (column.isText) {
          bytesMax += textBytesMax(column.find, record, span);
        }
      }
      return bytesMax;
    },
    write: (target, at, record) => {
      for (let index = 0; index < columns.length; index++) {
        at = writeColumn(target, at, record, columns[index], span);
        target[at++] = BYTE_HTAB;
      }
      target[at - 1] = BYTE_LF;
      return at;
    },
  };
}

function createRows(namedFields: readonly NamedField[]): ColumnRow[] {
  const headerRows = ['request', 'response'].flatMap((message) =>
    namedFields.map(
      ({ name }): ColumnRow => [`${message}_${name}`, 'string', `${message}.header.${name}`],
    ),
  );
  return [...COLUMN_ROWS, ...headerRows];
}

function resolveField(
  fields: ReadonlyMap<string, KindFields>,
  field: string | KindFields,
): KindFields {
  const resolved = typeof field === 'string' ? fields.get(field) : field;
  if (resolved === undefined) {
    throw new Error(`No field of a record is called ${field}`);
  }
  return resolved;
}

function createFileHeader(namedFields: readonly NamedField[]): Uint8Array {
  const rows = createRows(namedFields);
  return labelBytes(
    [
      // The separator's own name is behind a space: no reader knows it before this line.
      '#separator \\x09',
      '#set_separator\t,',
      '#empty_field\t(empty)',
      '#unset_field\t-',
      '#path\thttp',
      `#fields\t${rows.map(([name]) => name).join('\t')}`,
      `#types\t${rows.map(([, type]) => type).join('\t')}`,
      '',
    ].join('\n'),
  );
}

function writeColumn<R extends HttpRecord>(
  target: Uint8Array,
  at: number,
  record: R,
  column: RecordField<R>,
  span: ValueSpan,
): number {
  if (!column.isText) {
    const end = column.write(target, at, record);
    return end === at ? writeLabel(target, at, UNSET) : end;
  }
  if (!column.find(record, span)) {
    return writeLabel(target, at, UNSET);
  }
  return span.offset === span.end
    ? writeLabel(target, at, EMPTY)
    : writeText(target, at, span.bytes, span.offset, span.end);
}

/** A value that is exactly one of the two words has its first byte in hex, as Zeek writes it. */
function writeText(
  target: Uint8Array,
  at: number,
  bytes: Uint8Array,
  offset: number,
  end: number,
): number {
  const textAt = at;
  const byteLength = end - offset;
  if (isSameText(bytes, offset, end, UNSET) || isSameText(bytes, offset, end, EMPTY)) {
    at = writeHexByte(target, at, bytes[offset++]);
  }
  at = writeEscaped(target, at, bytes, offset, end, SPACE_KEPT);
  if (at - textAt !== byteLength) {
    lowerHexDigits(target, textAt, at);
  }
  return at;
}

/** Zeek's hexadecimal digits are lower case. */
function lowerHexDigits(target: Uint8Array, at: number, end: number): void {
  while (at < end) {
    if (target[at] !== BYTE_BACKSLASH) {
      at++;
    } else if (target[at + 1] === BYTE_BACKSLASH) {
      at += 2;
    } else {
      target[at + 2] |= LOWER_CASE_BIT;
      target[at + 3] |= LOWER_CASE_BIT;
      at += 4;
    }
  }
}
