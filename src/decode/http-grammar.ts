/**
 * The grammar of HTTP/1.x heads as data: byte classes, methods, and the header fields that lines show.
 */

export const BYTE_HTAB = 0x09;
export const BYTE_LF = 0x0a;
export const BYTE_CR = 0x0d;
export const BYTE_SPACE = 0x20;
export const BYTE_DOT = 0x2e;
export const BYTE_COLON = 0x3a;
export const BYTE_SLASH = 0x2f;
export const BYTE_0 = 0x30;
export const BYTE_9 = 0x39;
export const BYTE_CAPITAL_H = 0x48;

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
  return { firstIndex, nextIndex, nameOffset, nameBytes: new Uint8Array(nameBytes) };
}

/** Slots of the header fields that are looked for; index of HttpMessage's field arrays. */
export const FIELD_HOST = 0;
export const FIELD_USER_AGENT = 1;
export const FIELD_CONTENT_LENGTH = 2;
export const FIELD_CONTENT_TYPE = 3;
export const FIELD_TRANSFER_ENCODING = 4;
export const FIELDS_COUNT = 5;

/** Lower-case names by slot: letters and `-`, no other byte. */
const FIELD_NAMES = [
  'host',
  'user-agent',
  'content-length',
  'content-type',
  'transfer-encoding',
] as const;

/** Which fields tell a body's length (RFC 9112 section 6.3). */
const BODY_FIELDS = [FIELD_CONTENT_LENGTH, FIELD_TRANSFER_ENCODING];

const REQUEST_FIELDS = [FIELD_HOST, FIELD_USER_AGENT, ...BODY_FIELDS];
const RESPONSE_FIELDS = [FIELD_CONTENT_TYPE, ...BODY_FIELDS];

/** The fields looked for in one kind of message, found by the first byte of a line. */
export interface FieldTable {
  /** By byte: index of the first field whose name begins with it, in either case, or -1. */
  readonly firstIndex: Int8Array;
  /** By field: index of the next field with the same first letter, or -1. */
  readonly nextIndex: Int8Array;
  /** By field: its slot. */
  readonly slot: Uint8Array;
  /** By field: its lower-case name. */
  readonly nameBytes: readonly Uint8Array[];
  readonly fieldsCount: number;
}

function createFieldTable(slots: readonly number[]): FieldTable {
  const firstIndex = new Int8Array(256).fill(-1);
  const nextIndex = new Int8Array(slots.length).fill(-1);
  const nameBytes = slots.map((slot) => new Uint8Array(Buffer.from(FIELD_NAMES[slot], 'latin1')));
  nameBytes.forEach((name, index) => {
    nextIndex[index] = firstIndex[name[0]];
    firstIndex[name[0]] = index;
    firstIndex[name[0] ^ 0x20] = index;
  });
  return {
    firstIndex,
    nextIndex,
    slot: Uint8Array.from(slots),
    nameBytes,
    fieldsCount: slots.length,
  };
}

/** What a line shows of a request, and what tells its body's length. */
export const REQUEST_FIELD_TABLE = createFieldTable(REQUEST_FIELDS);
/** What a line shows of a response, and what tells its body's length. */
export const RESPONSE_FIELD_TABLE = createFieldTable(RESPONSE_FIELDS);
