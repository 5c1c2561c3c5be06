import { readInt32BE } from '../big-endian.ts';
import type { Frame } from '../capture/frame.ts';
import {
  LINKTYPE_LINUX_SLL,
  LINKTYPE_LINUX_SLL2,
  LINKTYPE_NETWORK,
} from '../capture/link-types.ts';
import { writeDirectionKey } from '../decode/directions.ts';
import { BODY_CLAIM_BYTES_MAX } from '../decode/limits.ts';
import {
  FACT_BODY_BYTES,
  FACT_FLAGS,
  FACT_HASH,
  FACT_HEAD_BYTES,
  FACT_IS_HEAD,
  FACT_IS_INTERIM,
  FACT_IS_OF_ALL_DEVICES,
  FACT_IS_REQUEST,
  FACT_IS_WHOLE,
  FACT_RECEIVED,
  FACT_SEQUENCE,
  FACT_TIME,
  messageTimeMs,
  NO_BODY_CLAIM,
} from '../decode/message-facts.ts';
import type { Segment } from '../decode/segment.ts';
import { BODY_LENGTH_UNKNOWN } from '../http/body-length.ts';
import { BYTE_CR, BYTE_LF, BYTE_SPACE } from '../http/grammar.ts';
import { type HeadHashKey, hashHead } from '../http/head-hash.ts';
import { type HttpMessage, MESSAGE_REQUEST } from '../http/message.ts';
import { readStatusCode } from '../http/status-code.ts';
import { HEAD_BYTES_MAX } from '../limits.ts';

const WORD_HEAD = 0x48454144;
const METHOD_HEAD_BYTES = 4;

/**
 * Writes what the message in hand is judged by.
 *
 * @param length of its body, or BODY_LENGTH_UNKNOWN
 * @param hashKey the same for all messages that are judged together
 * @param isHeadCompleted what follows a head that is not whole belongs to it, and is no repetition of another's rest
 */
export function writeMessageFacts(
  facts: Int32Array,
  at: number,
  frame: Frame,
  segment: Segment,
  message: HttpMessage,
  length: number,
  hashKey: HeadHashKey,
  isHeadCompleted: boolean,
): void {
  const { bytes } = frame;
  const { headEnd, startLineOffset } = message;
  const { payloadOffset } = segment;
  const isWhole = headEnd !== 0;
  const end = isWhole ? headEnd : Math.min(segment.payloadEnd, payloadOffset + HEAD_BYTES_MAX);
  let flags = (isWhole ? FACT_IS_WHOLE : 0) | (isOfAllDevices(frame) ? FACT_IS_OF_ALL_DEVICES : 0);
  if (message.kind === MESSAGE_REQUEST) {
    flags |= isHead(bytes, startLineOffset, end) ? FACT_IS_REQUEST | FACT_IS_HEAD : FACT_IS_REQUEST;
  } else {
    const statusCode = readStatusCode(bytes, message);
    const isInterim = statusCode >= 100 && statusCode < 200 && statusCode !== 101;
    flags |= isInterim ? FACT_IS_INTERIM : 0;
  }
  writeDirectionKey(facts, at, bytes, segment);
  facts[at + FACT_SEQUENCE] = segment.sequenceNumber;
  facts[at + FACT_RECEIVED] = segment.acknowledgmentNumber;
  const hashEnd = isWhole || !isHeadCompleted ? skipLineEnds(bytes, end) : end;
  const { startLineEnd } = message;
  const isLineAlone = !isWhole && message.foundCount === 0 && startLineEnd < end;
  facts[at + FACT_HASH] = hashHead(
    bytes,
    payloadOffset,
    startLineEnd,
    hashEnd,
    isLineAlone,
    hashKey,
  );
  facts[at + FACT_TIME] = messageTimeMs(frame.timestampSec, frame.timestampSubsecNs);
  facts[at + FACT_HEAD_BYTES] = end - payloadOffset;
  facts[at + FACT_BODY_BYTES] =
    length === BODY_LENGTH_UNKNOWN ? NO_BODY_CLAIM : Math.min(length, BODY_CLAIM_BYTES_MAX);
  facts[at + FACT_FLAGS] = flags;
}

/** Writes what the beginning of a connection is noted by. */
export function writeConnectionFacts(
  facts: Int32Array,
  at: number,
  frame: Frame,
  segment: Segment,
): void {
  writeDirectionKey(facts, at, frame.bytes, segment);
  facts[at + FACT_SEQUENCE] = segment.sequenceNumber;
  facts[at + FACT_TIME] = messageTimeMs(frame.timestampSec, frame.timestampSubsecNs);
}

/** Whether the method is HEAD. */
function isHead(bytes: Uint8Array, offset: number, end: number): boolean {
  return (
    end - offset > METHOD_HEAD_BYTES &&
    readInt32BE(bytes, offset) === WORD_HEAD &&
    bytes[offset + METHOD_HEAD_BYTES] === BYTE_SPACE
  );
}

function isOfAllDevices({ linkType }: Frame): boolean {
  return (
    linkType === LINKTYPE_NETWORK ||
    linkType === LINKTYPE_LINUX_SLL ||
    linkType === LINKTYPE_LINUX_SLL2
  );
}

/**
 * Where the last line ends: a head of which the empty line alone is missing is sent again whole, and shows nothing new.
 * Bound: the head's first byte is none of these.
 */
function skipLineEnds(bytes: Uint8Array, end: number): number {
  while (bytes[end - 1] === BYTE_LF || bytes[end - 1] === BYTE_CR) {
    end--;
  }
  return end;
}
