import { copyBytes } from '../bytes.ts';
import {
  FIELD_FORWARDED,
  FIELD_X_FORWARDED_FOR,
  FIELD_X_FORWARDED_FOR_LAST,
  FIELDS_COUNT,
  isDigit,
  type NamedField,
} from '../http/grammar.ts';
import type { HttpMessage } from '../http/message.ts';
import {
  CLIENT_FORWARDED,
  CLIENT_PEER,
  CLIENT_PROXY,
  CLIENT_X_FORWARDED_FOR,
} from '../record/client-source.ts';
import { dropRawMessage, type HttpRecord } from '../record/http-record.ts';
import type { End } from '../record/record.ts';
import { createIdChange } from './anonymize-id.ts';
import { findFieldBehindReturn, redactBehindReturn } from './bare-return.ts';
import { redactCookies } from './cookies.ts';
import { type Draft, finishPass, openDraft, replaceRange } from './draft.ts';
import {
  KIND_ADDRESSES,
  KIND_COOKIES,
  KIND_CREDENTIALS,
  KIND_FORWARDED,
  KIND_FRAMING,
  KIND_HOST,
  KIND_PRODUCTS,
  KIND_SET_COOKIE,
  KIND_URL,
  KIND_URL_LIST,
  KIND_VIA,
} from './field-plan.ts';
import { changeForwarded, changeForwardedFor, changeVia } from './forwarded.ts';
import { MODE_DROP, MODE_KEEP, MODE_REDACT, REDACTED } from './name-modes.ts';
import { redactQuery } from './query.ts';
import {
  COUNT_COOKIES,
  COUNT_HEADERS,
  COUNT_IP,
  COUNT_NO_ROOM,
  COUNT_QUERY,
  COUNT_URL,
  type RedactionSettings,
} from './redaction-settings.ts';
import {
  createParts,
  HAS_URLS,
  hasRoom,
  LOOK_ALWAYS,
  LOOK_FOR_RETURNS,
  type Redactor,
} from './redactor-parts.ts';
import { redactSetCookie } from './set-cookie.ts';
import { mayHide, redactStatusLine, redactTarget } from './start-lines.ts';
import { redactUserinfo } from './userinfo.ts';

/**
 * Makes the function that hides in an exchange or a message what the settings say. New values are put behind
 * `record.bytesEnd`, and the record's offsets point to them; what was there before stays in the bytes, but
 * nothing points to it any more. A value for which there is no room is left out: **the caller leaves room
 * for the addresses at least**.
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
): (record: HttpRecord) => void {
  const { addresses } = settings;
  const redactor = createParts(settings, namedFields, counts, countNames);
  const changeId = addresses === undefined ? undefined : createIdChange(addresses.idKey);
  const isTargetTouched = redactor.hasPatterns || !redactor.query.isKept;
  const isReasonTouched = redactor.hasPatterns || redactor.reasonMode !== MODE_KEEP;
  return (record) => {
    // First, while there is room in any case.
    changeClients(redactor, record);
    changeId?.(record.id);
    dropRawMessage(record.rawRequest);
    dropRawMessage(record.rawResponse);
    const { bytes, request, response } = record;
    if (record.hasRequest) {
      // Without a field the line may end where the capture does, before the sign of what is to be hidden.
      const mayBeCut = request.foundCount === 0;
      if (isTargetTouched || mayBeCut || mayHide(bytes, record.targetOffset, record.targetEnd)) {
        redactTarget(redactor, record);
      }
      redactFields(redactor, record, request);
    }
    if (record.hasResponse) {
      if (isReasonTouched || hasReturn(bytes, response.startLineOffset, response.startLineEnd)) {
        redactStatusLine(redactor, record);
      }
      redactFields(redactor, record, response);
    }
  };
}

function hasReturn(bytes: Uint8Array, offset: number, end: number): boolean {
  return findFieldBehindReturn(bytes, offset, end) < end;
}

/** Every address that tells of a client: the peer's, also behind a translation, and those that proxies tell. */
function changeClients(redactor: Redactor, record: HttpRecord): void {
  const { proxyClient, toldClient } = record;
  changeAddressOf(redactor, record, record.client);
  changeAddressOf(redactor, record, record.natClient);
  changeAddressOf(redactor, record, proxyClient);
  if (record.clientSource === CLIENT_PROXY) {
    toldClient.addressOffset = proxyClient.addressOffset;
  } else if (isFieldHidden(redactor, record.clientSource)) {
    // What a field's value is hidden for is not shown under another name.
    record.clientSource = CLIENT_PEER;
  } else if (record.clientSource > CLIENT_PEER) {
    changeAddressOf(redactor, record, toldClient);
  }
}

function isFieldHidden({ plan }: Redactor, clientSource: number): boolean {
  return (
    (clientSource === CLIENT_X_FORWARDED_FOR && plan.modes[FIELD_X_FORWARDED_FOR] !== MODE_KEEP) ||
    (clientSource === CLIENT_FORWARDED && plan.modes[FIELD_FORWARDED] !== MODE_KEEP)
  );
}

/** Without any room the address becomes zero where it stands. */
function changeAddressOf(redactor: Redactor, record: HttpRecord, end: End): void {
  const { changeAddress, address, counts } = redactor;
  const { bytes } = record;
  const { addressOffset, addressLength } = end;
  if (changeAddress === undefined || addressLength === 0) {
    return;
  }
  counts[COUNT_IP]++;
  if (record.bytesEnd + addressLength > bytes.length) {
    counts[COUNT_NO_ROOM]++;
    bytes.fill(0, addressOffset, addressOffset + addressLength);
    return;
  }
  copyBytes(address, 0, bytes, addressOffset, addressOffset + addressLength);
  changeAddress(address, addressLength);
  end.addressOffset = record.bytesEnd;
  record.bytesEnd = copyBytes(bytes, record.bytesEnd, address, 0, addressLength);
}

function redactFields(redactor: Redactor, record: HttpRecord, message: HttpMessage): void {
  const { draft, plan, counts } = redactor;
  const { fieldOffsets, fieldEnds, foundSlots, foundCount } = message;
  for (let index = 0; index < foundCount; index++) {
    const slot = foundSlots[index];
    const offset = fieldOffsets[slot];
    if (offset === 0) {
      continue;
    }
    if (isRepeatSlot(slot)) {
      fieldOffsets[slot] = 0;
      continue;
    }
    if (plan.modes[slot] === MODE_DROP) {
      fieldOffsets[slot] = 0;
      counts[COUNT_HEADERS]++;
      continue;
    }
    // An empty value has nothing to hide, and says that the field was there.
    const end = fieldEnds[slot];
    // The last one may end where the capture does, before the sign of what is to be hidden.
    const look =
      index === foundCount - 1 && HAS_URLS[plan.kinds[slot]] === 1
        ? LOOK_ALWAYS
        : redactor.looks[slot];
    if (offset < end && isLookedAt(record.bytes, offset, end, look)) {
      openDraft(draft, record.bytes, offset, end);
      redactValue(redactor, slot);
      if (draft.isChanged) {
        commitField(redactor, record, message, slot);
      }
    }
  }
}

/** The client was chosen before; nobody else reads them. */
function isRepeatSlot(slot: number): boolean {
  return slot >= FIELD_X_FORWARDED_FOR_LAST && slot < FIELDS_COUNT;
}

function isLookedAt(bytes: Uint8Array, offset: number, end: number, look: number): boolean {
  if (look === LOOK_FOR_RETURNS) {
    return hasReturn(bytes, offset, end);
  }
  return look === LOOK_ALWAYS || mayHide(bytes, offset, end);
}

function redactValue(redactor: Redactor, slot: number): void {
  const { draft, plan, counts } = redactor;
  const kind = plan.kinds[slot];
  const isAsked = plan.isAsked[slot] === 1;
  if (plan.modes[slot] === MODE_REDACT) {
    counts[COUNT_HEADERS]++;
    if (kind === KIND_CREDENTIALS) {
      redactor.redactCredentials(draft, isAsked);
    } else {
      replaceRange(draft, draft.offset, draft.end, REDACTED);
      finishPass(draft);
    }
    return;
  }
  counts[COUNT_HEADERS] += redactBehindReturn(draft);
  redactParts(redactor, kind, isAsked);
  if (kind !== KIND_FRAMING || !isNumber(draft)) {
    redactor.redactPatterns(draft, kind === KIND_PRODUCTS);
  }
}

/** A length is no card and no telephone, but what stands in its place is shown, and may be anything. */
function isNumber({ bytes, offset, end }: Draft): boolean {
  let at = offset;
  while (at < end && isDigit(bytes[at])) {
    at++;
  }
  return at === end;
}

/**
 * What is hidden of values that have parts: of the rest nothing is known.
 *
 * @param isKept the operator keeps the field by its name, and so what is hidden in it without being asked for
 */
function redactParts(redactor: Redactor, kind: number, isKept: boolean): void {
  const { draft, counts, cookies, query, attributeMode } = redactor;
  if (kind === KIND_COOKIES && !cookies.isKept) {
    counts[COUNT_COOKIES] += redactCookies(draft, cookies);
  } else if (kind === KIND_SET_COOKIE && !(cookies.isKept && attributeMode === MODE_KEEP)) {
    counts[COUNT_COOKIES] += redactSetCookie(draft, cookies, attributeMode);
  } else if (kind === KIND_ADDRESSES || kind === KIND_FORWARDED || kind === KIND_VIA) {
    changeAddresses(redactor, kind);
  }
  if (HAS_URLS[kind] === 0) {
    return;
  }
  if (!isKept) {
    counts[COUNT_URL] += redactUserinfo(draft, kind === KIND_HOST);
    counts[COUNT_URL] += redactor.redactSessions(draft);
  }
  if ((kind === KIND_URL || kind === KIND_URL_LIST) && !query.isKept) {
    // In a list a `;` may be the list's own: only what has a name that was given is a parameter of a path.
    const pathDefault = kind === KIND_URL ? query.defaultMode : MODE_KEEP;
    counts[COUNT_QUERY] += redactQuery(draft, query, pathDefault);
  }
}

function changeAddresses({ draft, counts, changeAddress }: Redactor, kind: number): void {
  if (changeAddress === undefined) {
    return;
  }
  if (kind === KIND_ADDRESSES) {
    counts[COUNT_IP] += changeForwardedFor(draft, changeAddress);
  } else if (kind === KIND_FORWARDED) {
    counts[COUNT_IP] += changeForwarded(draft, changeAddress);
  } else {
    counts[COUNT_IP] += changeVia(draft, changeAddress);
  }
}

/** Points the field to its new value. What became empty, or does not fit, is absent. */
function commitField(
  redactor: Redactor,
  record: HttpRecord,
  message: HttpMessage,
  slot: number,
): void {
  const { draft, counts } = redactor;
  if (!hasRoom(draft, record, 0)) {
    counts[COUNT_NO_ROOM]++;
    message.fieldOffsets[slot] = 0;
    return;
  }
  const offset = record.bytesEnd;
  const end = copyBytes(record.bytes, offset, draft.bytes, draft.offset, draft.end);
  message.fieldOffsets[slot] = end === offset ? 0 : offset;
  message.fieldEnds[slot] = end;
  record.bytesEnd = end;
}
