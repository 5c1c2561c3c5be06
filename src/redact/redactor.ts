import { copyBytes } from '../bytes.ts';
import type { NamedField } from '../decode/http-grammar.ts';
import type { HttpMessage } from '../decode/http-message.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { splitRequestLine, splitStatusLine } from '../exchange/start-line.ts';
import { HEAD_BYTES_MAX } from '../limits.ts';
import { IPV6_BYTES } from './address-text.ts';
import { type AddressChange, createAddressChange } from './anonymize-address.ts';
import { createCredentialsPass } from './authorization.ts';
import { redactCookies, redactSetCookie } from './cookies.ts';
import { createDraft, type Draft, finishPass, openDraft, replaceRange } from './draft.ts';
import {
  createFieldPlan,
  type FieldPlan,
  KIND_ADDRESSES,
  KIND_COOKIES,
  KIND_CREDENTIALS,
  KIND_FORWARDED,
  KIND_FRAMING,
  KIND_PRODUCTS,
  KIND_SET_COOKIE,
  KIND_URL,
} from './field-plan.ts';
import { changeForwarded, changeForwardedFor } from './forwarded.ts';
import {
  createNameModes,
  MODE_DROP,
  MODE_KEEP,
  MODE_REDACT,
  type NameModes,
  REDACTED,
} from './name-modes.ts';
import { createPatternPasses, type PatternPasses } from './pattern-set.ts';
import { redactQuery } from './query.ts';
import {
  COUNT_COOKIES,
  COUNT_HEADERS,
  COUNT_IP,
  COUNT_NO_ROOM,
  COUNT_QUERY,
  type RedactionSettings,
} from './redaction-settings.ts';

/**
 * Bytes of one value while it is redacted. A mark is longer than what it stands for, at most three times for
 * an address of electronic mail; a value that grows past this is left out.
 */
const DRAFT_BYTES = 4 * HEAD_BYTES_MAX;

/** Made once, used for every exchange. */
interface Redactor {
  readonly draft: Draft;
  readonly plan: FieldPlan;
  /** Slots of the fields that anything can become of: all others cost nothing. */
  readonly touchedSlots: Uint8Array;
  readonly query: NameModes;
  readonly cookies: NameModes;
  readonly changeAddress: AddressChange | undefined;
  readonly redactCredentials: (draft: Draft) => void;
  readonly redactPatterns: PatternPasses;
  readonly counts: Float64Array;
  /** An address while it is changed. */
  readonly address: Uint8Array;
}

/**
 * Makes the function that hides in an exchange what the settings say. New values are put behind
 * `exchange.bytesEnd`, and the record's offsets point to them; what was there before stays in the bytes, but
 * nothing points to it any more. A value for which there is no room is left out: **the caller leaves room
 * for an address at least**.
 *
 * @param namedFields fields with a slot of their own
 * @param counts counted up, by index as `countNames` has them
 * @param countNames begins with the names of classes, and has those of all patterns
 */
export function createRedactor(
  settings: RedactionSettings,
  namedFields: readonly NamedField[],
  counts: Float64Array,
  countNames?: readonly string[],
): (exchange: Exchange) => void {
  const { addresses } = settings;
  const redactPatterns = createPatternPasses(settings, counts, countNames);
  const plan = createFieldPlan(settings.headers, namedFields);
  const query = createNameModes(settings.query, 'keep');
  const cookies = createNameModes(settings.cookies, 'redact');
  const hasPatterns = settings.patterns.length + settings.ownPatterns.length > 0;
  const isTargetTouched = hasPatterns || !query.isKept;
  const activeKinds = [
    cookies.isKept ? [] : [KIND_COOKIES, KIND_SET_COOKIE],
    query.isKept ? [] : [KIND_URL],
    addresses === undefined ? [] : [KIND_ADDRESSES, KIND_FORWARDED],
  ].flat();
  const redactor: Redactor = {
    draft: createDraft(DRAFT_BYTES),
    plan,
    touchedSlots: Uint8Array.from(
      [...plan.kinds.keys()].filter(
        (slot) =>
          hasPatterns ||
          plan.modes[slot] !== MODE_KEEP ||
          activeKinds.some((kind) => kind === plan.kinds[slot]),
      ),
    ),
    query,
    cookies,
    changeAddress: addresses === undefined ? undefined : createAddressChange(addresses),
    redactCredentials: createCredentialsPass((user) => redactPatterns(user, false)),
    redactPatterns,
    counts,
    address: new Uint8Array(IPV6_BYTES),
  };
  return (exchange) => {
    // First, while there is room in any case.
    changeClientAddress(redactor, exchange);
    if (exchange.hasRequest) {
      if (isTargetTouched) {
        redactTarget(redactor, exchange);
      }
      redactFields(redactor, exchange, exchange.request);
    }
    if (exchange.hasResponse) {
      if (hasPatterns) {
        redactReason(redactor, exchange);
      }
      redactFields(redactor, exchange, exchange.response);
    }
  };
}

/** Without any room the address becomes zero where it stands. */
function changeClientAddress(redactor: Redactor, exchange: Exchange): void {
  const { changeAddress, address, counts } = redactor;
  if (changeAddress === undefined) {
    return;
  }
  const { bytes, addressLength, clientAddressOffset } = exchange;
  counts[COUNT_IP]++;
  if (exchange.bytesEnd + addressLength > bytes.length) {
    counts[COUNT_NO_ROOM]++;
    bytes.fill(0, clientAddressOffset, clientAddressOffset + addressLength);
    return;
  }
  copyBytes(address, 0, bytes, clientAddressOffset, clientAddressOffset + addressLength);
  changeAddress(address, addressLength);
  exchange.clientAddressOffset = exchange.bytesEnd;
  exchange.bytesEnd = copyBytes(bytes, exchange.bytesEnd, address, 0, addressLength);
}

/** A target that does not fit is cut before its first change, and its query is left out. */
function redactTarget(redactor: Redactor, exchange: Exchange): void {
  const { draft, counts, query } = redactor;
  const { bytes, request, targetOffset, targetEnd } = exchange;
  openDraft(draft, bytes, targetOffset, targetEnd);
  if (!query.isKept) {
    counts[COUNT_QUERY] += redactQuery(draft, query);
  }
  redactor.redactPatterns(draft, false);
  if (!draft.isChanged) {
    return;
  }
  const lineOffset = exchange.bytesEnd;
  const { startLineOffset, startLineEnd } = request;
  const restLength = targetOffset - startLineOffset + startLineEnd - targetEnd;
  if (!hasRoom(draft, exchange, restLength)) {
    counts[COUNT_NO_ROOM]++;
    request.startLineEnd = Math.min(exchange.pathEnd, targetOffset + draft.unchangedLength);
    splitRequestLine(exchange);
    return;
  }
  let at = copyBytes(bytes, lineOffset, bytes, startLineOffset, targetOffset);
  at = copyBytes(bytes, at, draft.bytes, draft.offset, draft.end);
  at = copyBytes(bytes, at, bytes, targetEnd, startLineEnd);
  request.startLineOffset = lineOffset;
  request.startLineEnd = at;
  exchange.bytesEnd = at;
  splitRequestLine(exchange);
}

/** A reason phrase that does not fit is cut before its first change. */
function redactReason(redactor: Redactor, exchange: Exchange): void {
  const { draft, counts } = redactor;
  const { bytes, response, reasonOffset } = exchange;
  const { startLineOffset, startLineEnd } = response;
  openDraft(draft, bytes, reasonOffset, startLineEnd);
  redactor.redactPatterns(draft, false);
  if (!draft.isChanged) {
    return;
  }
  const lineOffset = exchange.bytesEnd;
  if (!hasRoom(draft, exchange, reasonOffset - startLineOffset)) {
    counts[COUNT_NO_ROOM]++;
    response.startLineEnd = reasonOffset + draft.unchangedLength;
    splitStatusLine(exchange);
    return;
  }
  let at = copyBytes(bytes, lineOffset, bytes, startLineOffset, reasonOffset);
  at = copyBytes(bytes, at, draft.bytes, draft.offset, draft.end);
  response.startLineOffset = lineOffset;
  response.startLineEnd = at;
  exchange.bytesEnd = at;
  splitStatusLine(exchange);
}

function redactFields(redactor: Redactor, exchange: Exchange, message: HttpMessage): void {
  const { draft, plan, counts, touchedSlots } = redactor;
  for (let index = 0; index < touchedSlots.length; index++) {
    const slot = touchedSlots[index];
    const offset = message.fieldOffsets[slot];
    if (offset === 0) {
      continue;
    }
    if (plan.modes[slot] === MODE_DROP) {
      message.fieldOffsets[slot] = 0;
      counts[COUNT_HEADERS]++;
      continue;
    }
    // An empty value has nothing to hide, and says that the field was there.
    const end = message.fieldEnds[slot];
    if (offset < end) {
      openDraft(draft, exchange.bytes, offset, end);
      redactValue(redactor, plan.kinds[slot], plan.modes[slot] === MODE_REDACT);
      if (draft.isChanged) {
        commitField(redactor, exchange, message, slot);
      }
    }
  }
}

function redactValue(redactor: Redactor, kind: number, isRedacted: boolean): void {
  const { draft, counts } = redactor;
  if (isRedacted) {
    counts[COUNT_HEADERS]++;
    if (kind === KIND_CREDENTIALS) {
      redactor.redactCredentials(draft);
    } else {
      replaceRange(draft, draft.offset, draft.end, REDACTED);
      finishPass(draft);
    }
    return;
  }
  redactParts(redactor, kind);
  if (kind !== KIND_FRAMING) {
    redactor.redactPatterns(draft, kind === KIND_PRODUCTS);
  }
}

/** What is hidden of values that have parts: of the rest nothing is known. */
function redactParts(redactor: Redactor, kind: number): void {
  const { draft, counts, cookies, query, changeAddress } = redactor;
  if (kind === KIND_COOKIES && !cookies.isKept) {
    counts[COUNT_COOKIES] += redactCookies(draft, cookies);
  } else if (kind === KIND_SET_COOKIE && !cookies.isKept) {
    counts[COUNT_COOKIES] += redactSetCookie(draft, cookies);
  } else if (kind === KIND_URL && !query.isKept) {
    counts[COUNT_QUERY] += redactQuery(draft, query);
  } else if (kind === KIND_ADDRESSES && changeAddress !== undefined) {
    counts[COUNT_IP] += changeForwardedFor(draft, changeAddress);
  } else if (kind === KIND_FORWARDED && changeAddress !== undefined) {
    counts[COUNT_IP] += changeForwarded(draft, changeAddress);
  }
}

/** Points the field to its new value. What became empty, or does not fit, is absent. */
function commitField(
  redactor: Redactor,
  exchange: Exchange,
  message: HttpMessage,
  slot: number,
): void {
  const { draft, counts } = redactor;
  if (!hasRoom(draft, exchange, 0)) {
    counts[COUNT_NO_ROOM]++;
    message.fieldOffsets[slot] = 0;
    return;
  }
  const offset = exchange.bytesEnd;
  const end = copyBytes(exchange.bytes, offset, draft.bytes, draft.offset, draft.end);
  message.fieldOffsets[slot] = end === offset ? 0 : offset;
  message.fieldEnds[slot] = end;
  exchange.bytesEnd = end;
}

function hasRoom(draft: Draft, exchange: Exchange, restLength: number): boolean {
  const length = draft.end - draft.offset + restLength;
  return !draft.hasOverflowed && exchange.bytesEnd + length <= exchange.bytes.length;
}
