import type { Frame } from '../capture/frame.ts';
import {
  LINKTYPE_LINUX_SLL,
  LINKTYPE_LINUX_SLL2,
  LINKTYPE_NETWORK,
} from '../capture/link-types.ts';
import { type Judgement, judgeMessage } from '../decode/judge-message.ts';
import {
  FACT_HAS_COPIES,
  FACT_HASH,
  FACT_RECEIVED,
  FACT_TIME,
  messageTimeMs,
  writeSegmentKey,
} from '../decode/message-facts.ts';
import { noteConnection } from '../decode/note-connection.ts';
import { beginBodies } from '../decode/open-bodies.ts';
import type { Segment } from '../decode/segment.ts';
import { BYTE_CR, BYTE_LF } from '../http/grammar.ts';
import { hashHead } from '../http/head-hash.ts';
import { HEAD_BYTES_MAX } from '../limits.ts';
import { NO_SLOT } from './count-message.ts';
import { addMessageKey, KEY_IS_CONNECTION } from './message-keys.ts';
import type { Pipeline } from './pipeline-state.ts';
import { NOTHING_HIDDEN } from './text-lines.ts';

/** What is asked of the memory of messages, and told to it. */

/** Judges `message`, which begins the segment. */
export function judgeSegment(pipeline: Pipeline, frame: Frame, segment: Segment): Judgement {
  return judgeMessage(
    pipeline.memory,
    frame.bytes,
    segment,
    hashOfMessage(pipeline, frame.bytes, segment),
    messageTimeMs(frame.timestampSec, frame.timestampSubsecNs),
    hasCopies(frame),
  );
}

/** Notes that the segment begins a connection. */
export function beginConnection(pipeline: Pipeline): void {
  const { frame, segment, keys, facts, bodies } = pipeline;
  if (bodies !== undefined) {
    beginBodies(bodies, frame.bytes, segment);
  }
  writeSegmentKey(facts, 0, frame.bytes, segment);
  facts[FACT_TIME] = messageTimeMs(frame.timestampSec, frame.timestampSubsecNs);
  if (keys === undefined) {
    noteConnection(pipeline.memory, facts, 0);
  } else {
    addMessageKey(keys, facts, KEY_IS_CONNECTION, NO_SLOT, NOTHING_HIDDEN, 0);
  }
}

/** Writes what `message` will be judged by when its part of a capture is joined to the others. */
export function writeFacts(pipeline: Pipeline, frame: Frame, segment: Segment): void {
  const { facts } = pipeline;
  writeSegmentKey(facts, 0, frame.bytes, segment);
  facts[FACT_RECEIVED] = segment.acknowledgmentNumber;
  facts[FACT_HASH] = hashOfMessage(pipeline, frame.bytes, segment);
  facts[FACT_TIME] = messageTimeMs(frame.timestampSec, frame.timestampSubsecNs);
  facts[FACT_HAS_COPIES] = hasCopies(frame) ? 1 : 0;
}

function hashOfMessage(
  { message, hashKey, heldHeads }: Pipeline,
  bytes: Uint8Array,
  { payloadOffset, payloadEnd }: Segment,
): number {
  const { headEnd, startLineEnd } = message;
  const isWhole = headEnd !== 0;
  const end = isWhole ? headEnd : Math.min(payloadEnd, payloadOffset + HEAD_BYTES_MAX);
  // What follows a held head belongs to it, and is no repetition of another's rest.
  const hashEnd = isWhole || heldHeads.headsMax === 0 ? skipLineEnds(bytes, end) : end;
  const isLineAlone = !isWhole && message.foundCount === 0 && startLineEnd < end;
  return hashHead(bytes, payloadOffset, startLineEnd, hashEnd, isLineAlone, hashKey);
}

/** Whether the frame is of a capture of all devices of a host. */
function hasCopies({ linkType }: Frame): boolean {
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
