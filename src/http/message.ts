import { FIELDS_COUNT } from './grammar.ts';

export const MESSAGE_NONE = 0;
export const MESSAGE_REQUEST = 1;
export const MESSAGE_RESPONSE = 2;

export type MessageKind = typeof MESSAGE_NONE | typeof MESSAGE_REQUEST | typeof MESSAGE_RESPONSE;

/**
 * The record that crosses the door from decode to format: an HTTP message's head as offsets into the
 * frame's bytes. One record is made by the pipeline and filled again for each message.
 */
export interface HttpMessage {
  kind: MessageKind;
  /** Bytes directly before the start line that belong to no message: empty lines, a proxy's header. */
  preambleBytes: number;
  /** Start line without surrounding white space and line end. */
  startLineOffset: number;
  startLineEnd: number;
  /** By field slot: first byte of the value without surrounding white space; 0 = not in the captured head. */
  readonly fieldOffsets: Int32Array;
  /** Slots of the fields that were found, in the order of the head; the first `foundCount` are of meaning. */
  readonly foundSlots: Uint8Array;
  foundCount: number;
  /** One past the empty line, where the body begins; 0 when the head does not end in the captured bytes. */
  headEnd: number;
  /** There are several Content-Length fields, and they contradict each other. */
  isLengthContradicted: boolean;
  /** By field slot: one past the value's last byte; equal to the offset when the value is empty. */
  readonly fieldEnds: Int32Array;
}

/** @param fieldsCount slots of the field tables that it will be scanned with */
export function createHttpMessage(fieldsCount: number = FIELDS_COUNT): HttpMessage {
  return {
    kind: MESSAGE_NONE,
    preambleBytes: 0,
    startLineOffset: 0,
    startLineEnd: 0,
    foundSlots: new Uint8Array(fieldsCount),
    foundCount: 0,
    headEnd: 0,
    isLengthContradicted: false,
    fieldOffsets: new Int32Array(fieldsCount),
    fieldEnds: new Int32Array(fieldsCount),
  };
}

/** Takes all fields back: only those found before are looked at. */
export function clearFields(message: HttpMessage): void {
  const { fieldOffsets, foundSlots } = message;
  for (let index = 0; index < message.foundCount; index++) {
    fieldOffsets[foundSlots[index]] = 0;
  }
  message.foundCount = 0;
}

/** Length of a field's value in bytes; 0 when it is absent, whatever an earlier message left as its end. */
export function fieldLength(message: HttpMessage, slot: number): number {
  const offset = message.fieldOffsets[slot];
  return offset === 0 ? 0 : message.fieldEnds[slot] - offset;
}
