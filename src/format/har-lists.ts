import {
  FIELD_NAMES,
  FIELD_X_FORWARDED_FOR_LAST,
  FIELDS_COUNT,
  isBlank,
  type NamedField,
} from '../http/grammar.ts';
import { fieldLength, type HttpMessage } from '../http/message.ts';
import type { HttpRecord } from '../record/http-record.ts';
import { closeArray, createJsonLabel, type JsonLabel, writeLabel } from './json-label.ts';
import { writeJsonString } from './json-text.ts';
import { HAR_PAIRS_MAX } from './limits.ts';

/** The lists of an HTTP Archive: header fields, cookies and the parameters of a query, each with name and value. */

const BYTE_AMPERSAND = 0x26;
const BYTE_SEMICOLON = 0x3b;
const BYTE_EQUALS = 0x3d;
const BYTE_BRACKET_OPEN = 0x5b;
const BYTE_BRACKET_CLOSE = 0x5d;
const BYTE_BRACE_CLOSE = 0x7d;

const HEADERS = createJsonLabel(',"headers":');
const COOKIES = createJsonLabel(',"cookies":');
const QUERY_STRING = createJsonLabel(',"queryString":');
const NAME = createJsonLabel(',{"name":');
const VALUE = createJsonLabel(',"value":');

/** Bytes of a pair beside its name and value. */
const PAIR_BYTES = 32;

/** What is known beforehand of the lists. */
export interface HarLists {
  /** By slot: the field's element up to its value. */
  readonly fieldLabels: readonly JsonLabel[];
  /** Slots of Cookie and Set-Cookie; -1: nobody has named it. */
  readonly cookieSlot: number;
  readonly setCookieSlot: number;
  /** Bytes of all lists of a record beside their values. */
  readonly overheadBytes: number;
}

export function createHarLists(namedFields: readonly NamedField[]): HarLists {
  const names = [...FIELD_NAMES];
  for (const { name, slot } of namedFields) {
    names[slot] = name;
  }
  const slotOf = (text: string): number =>
    namedFields.find(({ name }) => name === text)?.slot ?? -1;
  const fieldsBytes = names.reduce((sum, name) => sum + name.length + PAIR_BYTES, 0);
  return {
    fieldLabels: names.map((name) => createJsonLabel(`,{"name":${JSON.stringify(name)},"value":`)),
    cookieSlot: slotOf('cookie'),
    setCookieSlot: slotOf('set-cookie'),
    overheadBytes: 2 * fieldsBytes + 2 * (HAR_PAIRS_MAX + 1) * PAIR_BYTES,
  };
}

/** Writes the fields that are kept of a head, in its order. */
export function writeHeaders(
  target: Uint8Array,
  at: number,
  bytes: Uint8Array,
  message: HttpMessage,
  { fieldLabels }: HarLists,
): number {
  const { foundSlots, foundCount, fieldOffsets, fieldEnds } = message;
  const elementsAt = writeLabel(target, at, HEADERS);
  at = elementsAt;
  for (let index = 0; index < foundCount; index++) {
    const slot = foundSlots[index];
    if (fieldOffsets[slot] !== 0 && !isRepeat(slot)) {
      at = writeLabel(target, at, fieldLabels[slot]);
      at = writeJsonString(target, at, bytes, fieldOffsets[slot], fieldEnds[slot]);
      target[at++] = BYTE_BRACE_CLOSE;
    }
  }
  return closeList(target, at, elementsAt);
}

/** Lines behind the first: no output shows them. */
function isRepeat(slot: number): boolean {
  return slot >= FIELD_X_FORWARDED_FOR_LAST && slot < FIELDS_COUNT;
}

export function writeNoHeaders(target: Uint8Array, at: number): number {
  const elementsAt = writeLabel(target, at, HEADERS);
  return closeList(target, elementsAt, elementsAt);
}

/** Writes the cookies of a request, as far as its Cookie field is kept. @see RFC 6265 section 4.2.1 */
export function writeRequestCookies(
  target: Uint8Array,
  at: number,
  record: HttpRecord,
  { cookieSlot }: HarLists,
): number {
  at = writeLabel(target, at, COOKIES);
  const { bytes, request } = record;
  return record.hasRequest && cookieSlot !== -1 && fieldLength(request, cookieSlot) > 0
    ? writePairs(
        target,
        at,
        bytes,
        request.fieldOffsets[cookieSlot],
        request.fieldEnds[cookieSlot],
        BYTE_SEMICOLON,
      )
    : closeList(target, at, at);
}

/** Writes the cookie that a response sets first. @see RFC 6265 section 4.1.1 */
export function writeResponseCookies(
  target: Uint8Array,
  at: number,
  record: HttpRecord,
  { setCookieSlot }: HarLists,
): number {
  at = writeLabel(target, at, COOKIES);
  const { bytes, response } = record;
  if (!record.hasResponse || setCookieSlot === -1 || fieldLength(response, setCookieSlot) === 0) {
    return closeList(target, at, at);
  }
  const offset = response.fieldOffsets[setCookieSlot];
  // Its attributes stand behind the semicolon.
  const end = findByte(bytes, offset, response.fieldEnds[setCookieSlot], BYTE_SEMICOLON);
  return writePairs(target, at, bytes, offset, end, BYTE_SEMICOLON);
}

/** Writes the parameters of the query as they were sent, not decoded. */
export function writeQueryString(target: Uint8Array, at: number, record: HttpRecord): number {
  at = writeLabel(target, at, QUERY_STRING);
  const { bytes, queryOffset, queryEnd } = record;
  return record.hasRequest && record.hasQuery
    ? writePairs(target, at, bytes, queryOffset, queryEnd, BYTE_AMPERSAND)
    : closeList(target, at, at);
}

/** Writes the first HAR_PAIRS_MAX of what stands between separators. */
function writePairs(
  target: Uint8Array,
  at: number,
  bytes: Uint8Array,
  offset: number,
  end: number,
  separator: number,
): number {
  const elementsAt = at;
  let pairsCount = 0;
  while (offset < end && pairsCount < HAR_PAIRS_MAX) {
    const pairEnd = findByte(bytes, offset, end, separator);
    while (offset < pairEnd && isBlank(bytes[offset])) {
      offset++;
    }
    if (offset < pairEnd) {
      at = writePair(target, at, bytes, offset, pairEnd);
      pairsCount++;
    }
    offset = pairEnd + 1;
  }
  return closeList(target, at, elementsAt);
}

function writePair(
  target: Uint8Array,
  at: number,
  bytes: Uint8Array,
  offset: number,
  end: number,
): number {
  const nameEnd = findByte(bytes, offset, end, BYTE_EQUALS);
  at = writeLabel(target, at, NAME);
  at = writeJsonString(target, at, bytes, offset, nameEnd);
  at = writeLabel(target, at, VALUE);
  at = writeJsonString(target, at, bytes, Math.min(nameEnd + 1, end), end);
  target[at++] = BYTE_BRACE_CLOSE;
  return at;
}

/** The first of these bytes; `end` when there is none. */
function findByte(bytes: Uint8Array, offset: number, end: number, byte: number): number {
  while (offset < end && bytes[offset] !== byte) {
    offset++;
  }
  return offset;
}

/** As `closeArray`, for one that may have no element. */
function closeList(target: Uint8Array, at: number, elementsAt: number): number {
  if (at > elementsAt) {
    return closeArray(target, at, elementsAt);
  }
  target[at++] = BYTE_BRACKET_OPEN;
  target[at++] = BYTE_BRACKET_CLOSE;
  return at;
}
