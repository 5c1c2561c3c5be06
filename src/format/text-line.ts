import {
  FIELD_CONTENT_LENGTH,
  FIELD_CONTENT_TYPE,
  FIELD_HOST,
  FIELD_USER_AGENT,
} from '../http/grammar.ts';
import { fieldLength, type HttpMessage, MESSAGE_REQUEST } from '../http/message.ts';
import type { Ends } from '../record/ends.ts';
import type { MessageType } from '../record/message-type.ts';
import type { WireFacts } from '../record/record.ts';
import { createWordView, viewWords, WORD_BYTES } from '../words.ts';
import {
  ESCAPED_BYTES_MAX,
  SPACE_ESCAPED,
  SPACE_KEPT,
  type SpaceMode,
  writeEscaped,
} from './escape.ts';
import { writeFlow } from './flow-text.ts';
import { LINE_OVERHEAD_BYTES_MAX } from './limits.ts';
import { LINE_STREAM_NAMES } from './line-batch.ts';
import { labelBytes, writeLabel, writeVlanText } from './record-values.ts';
import { type TimestampText, writeTimestamp } from './timestamp.ts';

const BYTE_LF = 0x0a;
const BYTE_SPACE = 0x20;
const BYTE_DASH = 0x2d;
const BYTE_DOT = 0x2e;

/** By message type: its two letters between spaces, first byte lowest. */
const TYPE_TEXT = Int32Array.from(LINE_STREAM_NAMES, (name) =>
  Buffer.from(` ${name.padEnd(2)} `, 'latin1').readInt32LE(0),
);

const targetWords = createWordView();

const VLAN_LABEL = labelBytes(' vlan=');

/** Columns that a line has when a switch asks for them; they stand behind the others. */
export interface TextColumns {
  /** VLAN ids of tagged frames. */
  hasVlan: boolean;
}

export const TEXT_COLUMNS_DEFAULT: TextColumns = { hasVlan: false };

/** Bytes that the line of this message may need at most. */
export function textLineBytesMax(message: HttpMessage): number {
  const isRequest = message.kind === MESSAGE_REQUEST;
  const contentBytes =
    message.startLineEnd -
    message.startLineOffset +
    fieldLength(message, isRequest ? FIELD_HOST : FIELD_CONTENT_LENGTH) +
    fieldLength(message, isRequest ? FIELD_USER_AGENT : FIELD_CONTENT_TYPE);
  return contentBytes * ESCAPED_BYTES_MAX + LINE_OVERHEAD_BYTES_MAX;
}

/**
 * Writes the text line of a message:
 * `DATE TIME SOURCE#PORT DEST#PORT TYPE START-LINE FIELD FIELD[ vlan=ID[.ID]]`.
 *
 * @param bytes what the offsets of `ends` and `message` point into
 * @param timestamp already set to the message's second
 * @returns where the next line goes; **the caller has made room for textLineBytesMax**
 */
export function writeTextLine(
  target: Uint8Array,
  at: number,
  timestampSubsecNs: number,
  bytes: Uint8Array,
  ends: Ends,
  message: HttpMessage,
  type: MessageType,
  timestamp: TimestampText,
  columns: TextColumns,
): number {
  at = writeTimestamp(target, at, timestamp, timestampSubsecNs);
  at = writeFlow(target, at, bytes, ends);
  at = writeMessageText(target, at, bytes, message, type);
  at = writeAddedColumns(target, at, ends, columns);
  target[at++] = BYTE_LF;
  return at;
}

/** Writes ` TYPE START-LINE FIELD FIELD`. */
export function writeMessageText(
  target: Uint8Array,
  at: number,
  bytes: Uint8Array,
  message: HttpMessage,
  type: MessageType,
): number {
  viewWords(targetWords, target).setInt32(at, TYPE_TEXT[type], true);
  at += WORD_BYTES;
  at = writeEscaped(target, at, bytes, message.startLineOffset, message.startLineEnd, SPACE_KEPT);
  if (message.kind === MESSAGE_REQUEST) {
    at = writeField(target, at, bytes, message, FIELD_HOST, SPACE_ESCAPED);
    at = writeField(target, at, bytes, message, FIELD_USER_AGENT, SPACE_KEPT);
  } else {
    at = writeField(target, at, bytes, message, FIELD_CONTENT_LENGTH, SPACE_ESCAPED);
    at = writeField(target, at, bytes, message, FIELD_CONTENT_TYPE, SPACE_KEPT);
  }
  return at;
}

function writeField(
  target: Uint8Array,
  at: number,
  bytes: Uint8Array,
  message: HttpMessage,
  slot: number,
  spaceMode: SpaceMode,
): number {
  target[at++] = BYTE_SPACE;
  if (fieldLength(message, slot) === 0) {
    target[at++] = BYTE_DASH;
    return at;
  }
  const offset = message.fieldOffsets[slot];
  return writeEscaped(target, at, bytes, offset, message.fieldEnds[slot], spaceMode);
}

/** Writes the columns that switches ask for: ` vlan=ID[.ID]`. */
export function writeAddedColumns(
  target: Uint8Array,
  at: number,
  wire: Pick<WireFacts, 'vlanTagsCount' | 'vlanIds'>,
  columns: TextColumns,
): number {
  return columns.hasVlan && wire.vlanTagsCount > 0
    ? writeVlanText(target, writeLabel(target, at, VLAN_LABEL), wire, BYTE_DOT)
    : at;
}
