/**
 * The grammar of HTTP/1.x heads as data: byte classes, methods, and the header fields that lines show.
 */

import { WORD_BYTES } from '../words.ts';

export const BYTE_HTAB = 0x09;
export const BYTE_LF = 0x0a;
export const BYTE_CR = 0x0d;
export const BYTE_SPACE = 0x20;
export const BYTE_COLON = 0x3a;
export const BYTE_0 = 0x30;
export const BYTE_9 = 0x39;
export const BYTE_DOT = 0x2e;
export const BYTE_SLASH = 0x2f;
export const BYTE_CAPITAL_H = 0x48;

/** tchar by byte. @see RFC 9110 section 5.6.2 */
export const TOKEN_BYTES = Uint8Array.from({ length: 256 }, (_, byte) =>
  /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/.test(String.fromCharCode(byte)) ? 1 : 0,
);

/**
 * What stands between the parts of a start line: spaces and tabs, one or several. RFC 9112 sections 3 and 4 name three
 * further bytes that a recipient may take for one: vertical tab and form feed, which nobody sends but to be read by one
 * and not by another, and a bare carriage return, behind which stands another field.
 */
export function isBlank(byte: number): boolean {
  return byte === BYTE_SPACE || byte === BYTE_HTAB;
}

/** The first byte from `at` that is no blank, or `end`. */
export function skipBlanks(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && isBlank(bytes[at])) {
    at++;
  }
  return at;
}

/** One past the last byte before `end` that is no blank, or `from`. */
export function trimBlanks(bytes: Uint8Array, from: number, end: number): number {
  while (end > from && isBlank(bytes[end - 1])) {
    end--;
  }
  return end;
}

/**
 * Methods recognised by default: the eight of RFC 9110 and PATCH.
 *
 * @see RFC 9110 section 9.3, RFC 5789
 */
export const METHODS_DEFAULT: readonly string[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
];

/**
 * Every method of IANA's registry but `*` and PRI, which are reserved so that nobody sends them as one.
 *
 * @see https://www.iana.org/assignments/http-methods
 */
export const METHODS_REGISTERED: readonly string[] = [
  ...METHODS_DEFAULT,
  ...['ACL', 'BASELINE-CONTROL', 'BIND', 'CHECKIN', 'CHECKOUT', 'COPY', 'LABEL', 'LINK', 'LOCK'],
  ...['MERGE', 'MKACTIVITY', 'MKCALENDAR', 'MKCOL', 'MKREDIRECTREF', 'MKWORKSPACE', 'MOVE'],
  ...['ORDERPATCH', 'PROPFIND', 'PROPPATCH', 'QUERY', 'REBIND', 'REPORT', 'SEARCH', 'UNBIND'],
  ...['UNCHECKOUT', 'UNLINK', 'UNLOCK', 'UPDATE', 'UPDATEREDIRECTREF', 'VERSION-CONTROL'],
];

/** Methods, each with its following space, in one byte array, found by their first byte. */
export interface MethodTable {
  /** By first byte: index of the first method that begins so, or -1. */
  readonly firstIndex: Int16Array;
  /** By method: index of the next method with the same first byte, or -1. */
  readonly nextIndex: Int16Array;
  /** By method: where its bytes start in `nameBytes`; one more entry than there are methods. */
  readonly nameOffset: Int32Array;
  readonly nameBytes: Uint8Array;
  /** By method: its first four bytes, first one lowest; of meaning if it has as many with its space. */
  readonly nameWord: Int32Array;
}

/** @param methods tokens as they stand on the wire; methods are case-sensitive (RFC 9110 section 9.1) */
export function createMethodTable(methods: readonly string[]): MethodTable {
  const firstIndex = new Int16Array(256).fill(-1);
  const nextIndex = new Int16Array(methods.length).fill(-1);
  const nameOffset = new Int32Array(methods.length + 1);
  const nameBytes = Buffer.from(methods.map((method) => `${method} `).join(''), 'latin1');
  methods.forEach((method, index) => {
    nameOffset[index + 1] = nameOffset[index] + method.length + 1;
    const firstByte = method.charCodeAt(0);
    nextIndex[index] = firstIndex[firstByte];
    firstIndex[firstByte] = index;
  });
  const nameWord = Int32Array.from(methods, (method) => firstWord(`${method} `));
  return { firstIndex, nextIndex, nameOffset, nameBytes: new Uint8Array(nameBytes), nameWord };
}

/** The first four characters as the bytes of a word, first one lowest; missing ones are 0. */
function firstWord(text: string): number {
  return Buffer.from(text.padEnd(WORD_BYTES, '\0'), 'latin1').readInt32LE(0);
}

export function isDigit(byte: number): boolean {
  return byte >= BYTE_0 && byte <= BYTE_9;
}

/** Value of a hexadecimal digit, or -1. */
export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) {
    return byte - 0x30;
  }
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

/** Slots of the header fields that are looked for; index of HttpMessage's field arrays. */
export const FIELD_HOST = 0;
export const FIELD_USER_AGENT = 1;
export const FIELD_CONTENT_LENGTH = 2;
export const FIELD_CONTENT_TYPE = 3;
export const FIELD_TRANSFER_ENCODING = 4;
/** From here on: fields that exchanges show, and the text line does not. */
export const FIELD_REFERER = 5;
export const FIELD_AUTHORIZATION = 6;
export const FIELD_X_FORWARDED_FOR = 7;
export const FIELD_FORWARDED = 8;
export const FIELD_X_REQUEST_ID = 9;
export const FIELD_X_CORRELATION_ID = 10;
export const FIELD_TRACEPARENT = 11;
export const FIELD_LOCATION = 12;
export const FIELD_SERVER = 13;
/**
 * Lines of X-Forwarded-For and Forwarded behind the first: each proxy may add one. No output shows these slots: who
 * believes proxies reads them from the end, where what the nearest has written stands.
 */
export const FIELD_X_FORWARDED_FOR_LAST = 14;
export const FIELD_FORWARDED_LAST = 15;
/** Present, and empty: there are lines of either between the first and the last. */
export const FIELD_FORWARDED_BETWEEN = 16;
/** Slots of httplog's own; those of `--header` follow. */
export const FIELDS_COUNT = 17;

/** Lower-case names by slot; the first slot of a name is that of its first line. */
export const FIELD_NAMES: readonly string[] = [
  'host',
  'user-agent',
  'content-length',
  'content-type',
  'transfer-encoding',
  'referer',
  'authorization',
  'x-forwarded-for',
  'forwarded',
  'x-request-id',
  'x-correlation-id',
  'traceparent',
  'location',
  'server',
  'x-forwarded-for',
  'forwarded',
  'forwarded',
];

/** Which fields tell a body's length (RFC 9112 section 6.3). */
const BODY_FIELDS = [FIELD_CONTENT_LENGTH, FIELD_TRANSFER_ENCODING];

const TEXT_REQUEST_FIELDS = [FIELD_HOST, FIELD_USER_AGENT, ...BODY_FIELDS];
const TEXT_RESPONSE_FIELDS = [FIELD_CONTENT_TYPE, ...BODY_FIELDS];

const CORRELATION_FIELDS = [FIELD_X_REQUEST_ID, FIELD_X_CORRELATION_ID, FIELD_TRACEPARENT];

const RECORD_REQUEST_FIELDS = [
  ...TEXT_REQUEST_FIELDS,
  FIELD_CONTENT_TYPE,
  FIELD_REFERER,
  FIELD_AUTHORIZATION,
  FIELD_X_FORWARDED_FOR,
  FIELD_FORWARDED,
  ...CORRELATION_FIELDS,
];
const RECORD_RESPONSE_FIELDS = [
  ...TEXT_RESPONSE_FIELDS,
  ...CORRELATION_FIELDS,
  FIELD_LOCATION,
  FIELD_SERVER,
];

/** The fields looked for in one kind of message, found by the first byte of a line. */
export interface FieldTable {
  /** By byte: index of the first field whose name begins with it, in either case, or -1. */
  readonly firstIndex: Int8Array;
  /** By field: index of the next field with the same first letter, or -1. */
  readonly nextIndex: Int8Array;
  /** By field: its slot. */
  readonly slot: Uint8Array;
  /** By field: its name with bit 5 of every byte set, which makes letters lower case. */
  readonly nameBytes: readonly Uint8Array[];
  /** By field: bytes of its name. */
  readonly nameLength: Uint8Array;
  /** By field: the first four bytes of its name, first one lowest; 0 of a shorter one. */
  readonly nameWord: Int32Array;
  readonly fieldsCount: number;
}

/** A field that an output asks for by name. */
export interface NamedField {
  /** Lower case. */
  name: string;
  slot: number;
}

/** Which fields are kept of requests and of responses. */
export interface FieldTables {
  readonly request: FieldTable;
  readonly response: FieldTable;
  /** The fields of `--header`, in their order; they are looked for in both. */
  readonly namedFields: readonly NamedField[];
  /** Slots of a message's arrays. */
  readonly fieldsCount: number;
}

/** What the text line shows, and what tells a body's length. */
export const TEXT_FIELD_TABLES: FieldTables = createTables(
  TEXT_REQUEST_FIELDS,
  TEXT_RESPONSE_FIELDS,
  [],
);

/**
 * The fields that exchanges and their formats show.
 *
 * @param names further fields, lower case, of letters, digits, `-`, `_` and `.`
 */
export function createRecordFieldTables(names: readonly string[]): FieldTables {
  let slotsCount = FIELDS_COUNT;
  const namedFields = [...new Set(names)].map((name) => {
    const known = FIELD_NAMES.indexOf(name);
    return { name, slot: known === -1 ? slotsCount++ : known };
  });
  return createTables(RECORD_REQUEST_FIELDS, RECORD_RESPONSE_FIELDS, namedFields);
}

function createTables(
  requestSlots: readonly number[],
  responseSlots: readonly number[],
  namedFields: readonly NamedField[],
): FieldTables {
  const nameOf = (slot: number): string =>
    namedFields.find((field) => field.slot === slot)?.name ?? FIELD_NAMES[slot];
  const namedSlots = namedFields.map(({ slot }) => slot);
  return {
    request: createFieldTable([...new Set([...requestSlots, ...namedSlots])], nameOf),
    response: createFieldTable([...new Set([...responseSlots, ...namedSlots])], nameOf),
    namedFields,
    fieldsCount: Math.max(FIELDS_COUNT, ...namedSlots.map((slot) => slot + 1)),
  };
}

function createFieldTable(slots: readonly number[], nameOf: (slot: number) => string): FieldTable {
  const firstIndex = new Int8Array(256).fill(-1);
  const nextIndex = new Int8Array(slots.length).fill(-1);
  const nameBytes = slots.map((slot) =>
    new Uint8Array(Buffer.from(nameOf(slot), 'latin1')).map((byte) => byte | 0x20),
  );
  slots.forEach((slot, index) => {
    const firstByte = nameOf(slot).charCodeAt(0);
    nextIndex[index] = firstIndex[firstByte];
    firstIndex[firstByte] = index;
    if (/[a-z]/.test(nameOf(slot)[0])) {
      firstIndex[firstByte ^ 0x20] = index;
    }
  });
  return {
    firstIndex,
    nextIndex,
    slot: Uint8Array.from(slots),
    nameBytes,
    nameLength: Uint8Array.from(nameBytes, ({ length }) => length),
    nameWord: Int32Array.from(nameBytes, (bytes) =>
      bytes.length < WORD_BYTES ? 0 : Buffer.from(bytes).readInt32LE(0),
    ),
    fieldsCount: slots.length,
  };
}
