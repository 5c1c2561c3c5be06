import { copyBytes } from '../bytes.ts';
import type { HttpMessage } from '../http/message.ts';
import type { HttpRecord } from '../record/http-record.ts';
import { splitRequestLine, splitStatusLine } from '../record/start-line.ts';
import { hasHidingSign } from '../words.ts';
import { findFieldBehindReturn, redactBehindReturn } from './bare-return.ts';
import { BYTE_SLASH } from './byte-classes.ts';
import { type Draft, finishPass, openDraft, replaceRange } from './draft.ts';
import { MODE_DROP, MODE_KEEP, NOTHING, REDACTED } from './name-modes.ts';
import { redactQuery } from './query.ts';
import { COUNT_HEADERS, COUNT_NO_ROOM, COUNT_QUERY, COUNT_URL } from './redaction-settings.ts';
import { hasRoom, type Redactor } from './redactor-parts.ts';
import { redactUserinfo } from './userinfo.ts';

/** Bytes of `HTTP/1.1`, behind which a status line can have something else's. */
const VERSION_BYTES = 8;

/**
 * Says whether a value may hold what is hidden without being asked for: user information, a session in a
 * path, or another field behind a return. A look at three signs, which most values have none of.
 */
export function mayHide(bytes: Uint8Array, offset: number, end: number): boolean {
  return hasHidingSign(bytes, offset, end);
}

/** A target that does not fit is cut before its first change, and its query is left out. */
export function redactTarget(redactor: Redactor, record: HttpRecord): void {
  const { draft, counts, query } = redactor;
  const { bytes, request, targetOffset, targetEnd } = record;
  openDraft(draft, bytes, targetOffset, targetEnd);
  counts[COUNT_HEADERS] += redactBehindReturn(draft);
  if (!redactor.isUserinfoKept) {
    counts[COUNT_URL] += redactUserinfo(draft, bytes[targetOffset] !== BYTE_SLASH);
  }
  counts[COUNT_URL] += redactor.redactSessions(draft);
  if (!query.isKept) {
    counts[COUNT_QUERY] += redactQuery(draft, query, query.defaultMode);
  }
  redactor.redactPatterns(draft, false);
  if (!draft.isChanged) {
    return;
  }
  if (!commitLine(draft, record, request, targetOffset, targetEnd)) {
    counts[COUNT_NO_ROOM]++;
    request.startLineEnd = Math.min(record.pathEnd, targetOffset + draft.unchangedLength);
  }
  splitRequestLine(record);
}

/**
 * The reason phrase, and what stands in its place. One that does not fit is cut before its first change.
 */
export function redactStatusLine(redactor: Redactor, record: HttpRecord): void {
  const { draft, counts, reasonMode } = redactor;
  const { bytes, response, reasonOffset } = record;
  const { startLineEnd } = response;
  const versionEnd = Math.min(response.startLineOffset + VERSION_BYTES, startLineEnd);
  const hasField = findFieldBehindReturn(bytes, versionEnd, startLineEnd) < startLineEnd;
  const offset = hasField ? versionEnd : reasonOffset;
  openDraft(draft, bytes, offset, startLineEnd);
  if (hasField) {
    counts[COUNT_HEADERS] += redactBehindReturn(draft);
  }
  if (reasonMode !== MODE_KEEP && offset < startLineEnd) {
    replaceRange(draft, draft.offset, draft.end, reasonMode === MODE_DROP ? NOTHING : REDACTED);
    finishPass(draft);
    counts[COUNT_HEADERS]++;
  } else {
    redactor.redactPatterns(draft, false);
  }
  if (!draft.isChanged) {
    return;
  }
  if (!commitLine(draft, record, response, offset, startLineEnd)) {
    counts[COUNT_NO_ROOM]++;
    response.startLineEnd = offset + draft.unchangedLength;
  }
  splitStatusLine(record);
}

/** Writes the message's start line anew, with the draft in the place of `[from, to)`; false without room. */
function commitLine(
  draft: Draft,
  record: HttpRecord,
  message: HttpMessage,
  from: number,
  to: number,
): boolean {
  const { bytes } = record;
  const { startLineOffset, startLineEnd } = message;
  if (!hasRoom(draft, record, from - startLineOffset + startLineEnd - to)) {
    return false;
  }
  const lineOffset = record.bytesEnd;
  let at = copyBytes(bytes, lineOffset, bytes, startLineOffset, from);
  at = copyBytes(bytes, at, draft.bytes, draft.offset, draft.end);
  at = copyBytes(bytes, at, bytes, to, startLineEnd);
  message.startLineOffset = lineOffset;
  message.startLineEnd = at;
  record.bytesEnd = at;
  return true;
}
