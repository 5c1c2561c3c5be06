import { forgetHeads, noteHead, noteInterim, takeHead } from './asked-with-head.ts';
import {
  addDirection,
  beginConnection,
  createDirections,
  DIRECTION_ASKED,
  DIRECTION_BODY_END,
  DIRECTION_CONNECTION,
  DIRECTION_FIRST,
  DIRECTION_HEADS,
  DIRECTION_KEY_WORDS,
  DIRECTION_KNOWN,
  DIRECTION_RECEIVED,
  DIRECTION_TIME,
  type Directions,
  findDirection,
  forgetDirections,
  NO_DIRECTION,
  writeOppositeKey,
} from './directions.ts';
import {
  BODY_CLAIM_BYTES_MAX,
  CONNECTION_SILENT_MS,
  COPY_MS_MAX,
  SYN_COPY_MS_MAX,
} from './limits.ts';
import {
  FACT_BODY_BYTES,
  FACT_FLAGS,
  FACT_HASH,
  FACT_HEAD_BYTES,
  FACT_IS_HEAD,
  FACT_IS_INTERIM,
  FACT_IS_OF_ALL_DEVICES,
  FACT_IS_REQUEST,
  FACT_RECEIVED,
  FACT_SEQUENCE,
  FACT_TIME,
} from './message-facts.ts';
import {
  createSeenMessages,
  findSeen,
  forgetMessages,
  keepSeen,
  SEEN_OTHER,
  SEEN_SAME,
  type SeenMessages,
} from './seen-messages.ts';

/**
 * What a segment that looks like a message is. `docs/decisions/0010` has the rules, and what could be made of each by
 * who wants to hide a request or to forge one.
 */
export const JUDGED_NEW = 0;
/** A message under a sequence number under which another one was seen. One of them is not the connection's: both are written. */
export const JUDGED_OTHER = 1;
/** The message was sent again. */
export const JUDGED_REPEATED = 2;
/** The same segment was captured again, on another device of the host. */
export const JUDGED_COPIED = 3;
/** It stands in the body of the message before it. */
export const JUDGED_BODY = 4;

export type Judgement =
  | typeof JUDGED_NEW
  | typeof JUDGED_OTHER
  | typeof JUDGED_REPEATED
  | typeof JUDGED_COPIED
  | typeof JUDGED_BODY;

/** What the messages seen so far are judged by. */
export interface MessageMemory {
  readonly directions: Directions;
  readonly seen: SeenMessages;
  /** Of the message judged last: the row of its direction. */
  direction: number;
  /** Key of the other direction of the message in hand. */
  readonly opposite: Int32Array;
}

export function createMessageMemory(): MessageMemory {
  return {
    directions: createDirections(),
    seen: createSeenMessages(),
    direction: NO_DIRECTION,
    opposite: new Int32Array(DIRECTION_KEY_WORDS),
  };
}

/** Makes it as it was when it was made. */
export function forgetAllMessages({ directions, seen }: MessageMemory): void {
  forgetDirections(directions);
  forgetMessages(seen);
}

/**
 * Judges the message whose facts stand at `at`. What is neither a repetition nor a body's is to be noted, `noteJudged`.
 * Hot: once a message, two cache lines.
 */
export function judgeMessage(memory: MessageMemory, facts: Int32Array, at: number): Judgement {
  const { directions, seen } = memory;
  const { rows } = directions;
  const sequence = facts[at + FACT_SEQUENCE];
  const timeMs = facts[at + FACT_TIME];
  const hash = facts[at + FACT_HASH];
  const row = findOrAdd(directions, facts, at, sequence, facts[at + FACT_RECEIVED], timeMs);
  memory.direction = row;
  const connection = rows[row + DIRECTION_CONNECTION];
  const aheadBytes = (sequence - rows[row + DIRECTION_KNOWN]) | 0;
  let judgement: Judgement = JUDGED_NEW;
  // At its end as well: a head that is held was judged, and is noted when it is whole.
  if (aheadBytes <= 0) {
    const found = findSeen(seen, connection, sequence, hash, timeMs);
    if (found === SEEN_SAME) {
      const hasCopies = (facts[at + FACT_FLAGS] & FACT_IS_OF_ALL_DEVICES) !== 0;
      return hasCopies && seen.sinceMs <= COPY_MS_MAX ? JUDGED_COPIED : JUDGED_REPEATED;
    }
    judgement = found === SEEN_OTHER ? JUDGED_OTHER : JUDGED_NEW;
  }
  if (aheadBytes < 0 || judgement === JUDGED_OTHER) {
    // Who says what about the bytes behind is not certain any more: nothing is taken for a body.
    rows[row + DIRECTION_BODY_END] = rows[row + DIRECTION_KNOWN];
  } else if (
    ((rows[row + DIRECTION_BODY_END] - sequence) | 0) > 0 &&
    rows[row + DIRECTION_RECEIVED] === facts[at + FACT_RECEIVED]
  ) {
    return JUDGED_BODY;
  }
  keepSeen(seen, connection, sequence, hash, timeMs);
  return judgement;
}

/**
 * Notes where the message that was judged last ends.
 *
 * @returns true when it is a response that has no body whatever its head says, because HEAD asked for it
 */
export function noteJudged(memory: MessageMemory, facts: Int32Array, at: number): boolean {
  const { rows } = memory.directions;
  const known = rows[memory.direction + DIRECTION_KNOWN];
  return ((facts[at + FACT_SEQUENCE] - known) | 0) >= 0 && noteNext(memory, facts, at);
}

/** The same for a message that was judged when a part of its head was there, and has more of it now. */
export function noteHeld(memory: MessageMemory, facts: Int32Array, at: number): boolean {
  const { directions, seen } = memory;
  const sequence = facts[at + FACT_SEQUENCE];
  const timeMs = facts[at + FACT_TIME];
  const row = findOrAdd(directions, facts, at, sequence, facts[at + FACT_RECEIVED], timeMs);
  memory.direction = row;
  const connection = directions.rows[row + DIRECTION_CONNECTION];
  keepSeen(seen, connection, sequence, facts[at + FACT_HASH], timeMs);
  return noteJudged(memory, facts, at);
}

/**
 * A SYN begins a connection: what was seen of an older one between the same ports is no earlier copy of what comes.
 *
 * @param facts the direction's key, the sequence number of the first byte and the time
 * @see RFC 9293 sections 3.5 and 3.6
 */
export function noteConnection(memory: MessageMemory, facts: Int32Array, at: number): void {
  const { directions, opposite } = memory;
  const { rows } = directions;
  const sequence = facts[at + FACT_SEQUENCE];
  const timeMs = facts[at + FACT_TIME];
  const row = findDirection(directions, facts, at);
  writeOppositeKey(facts, at, opposite);
  const other = findDirection(directions, opposite, 0);
  if (row !== NO_DIRECTION && isSynAgain(rows, row, other, sequence, timeMs)) {
    return;
  }
  if (other !== NO_DIRECTION) {
    forgetHeads(rows, other);
    // Where the other side's bytes begin, its first message tells: as after a long silence.
    beginConnection(directions, other, 0, 0, (timeMs - CONNECTION_SILENT_MS - 1) | 0);
  }
  const client = row === NO_DIRECTION ? addDirection(directions, facts, at) : row;
  forgetHeads(rows, client);
  beginConnection(directions, client, sequence, 0, timeMs);
  rows[client + DIRECTION_FIRST] = sequence;
}

/**
 * Says whether a SYN is the one that its connection has begun with, sent or captured again: nothing was seen since, or
 * a moment ago a message that is not answered, or its time stands before that of a message.
 */
function isSynAgain(
  rows: Int32Array,
  row: number,
  other: number,
  sequence: number,
  timeMs: number,
): boolean {
  if (rows[row + DIRECTION_FIRST] !== sequence) {
    return false;
  }
  if (rows[row + DIRECTION_KNOWN] === sequence) {
    return true;
  }
  const sinceMs = (timeMs - rows[row + DIRECTION_TIME]) | 0;
  if (other === NO_DIRECTION || rows[other + DIRECTION_RECEIVED] === 0) {
    return sinceMs <= SYN_COPY_MS_MAX;
  }
  return Math.min(sinceMs, (timeMs - rows[other + DIRECTION_TIME]) | 0) < 0;
}

/** The row of the message's direction; after a long silence its message begins anew wherever it stands. */
function findOrAdd(
  directions: Directions,
  facts: Int32Array,
  at: number,
  sequence: number,
  received: number,
  timeMs: number,
): number {
  const { rows } = directions;
  let row = findDirection(directions, facts, at);
  if (row === NO_DIRECTION) {
    row = addDirection(directions, facts, at);
    beginConnection(directions, row, sequence, received, timeMs);
  } else if (Math.abs((timeMs - rows[row + DIRECTION_TIME]) | 0) > CONNECTION_SILENT_MS) {
    rows[row + DIRECTION_KNOWN] = sequence;
    rows[row + DIRECTION_BODY_END] = sequence;
    forgetHeads(rows, row);
  }
  return row;
}

/** Notes the message that stands furthest ahead, and where its body ends. */
function noteNext(memory: MessageMemory, facts: Int32Array, at: number): boolean {
  const row = memory.direction;
  const { rows } = memory.directions;
  let hasNoBody = false;
  const flags = facts[at + FACT_FLAGS];
  const isRequest = (flags & FACT_IS_REQUEST) !== 0;
  const received = facts[at + FACT_RECEIVED];
  const headEnd = (facts[at + FACT_SEQUENCE] + facts[at + FACT_HEAD_BYTES]) | 0;
  if (isRequest) {
    const asked = rows[row + DIRECTION_RECEIVED] === received ? rows[row + DIRECTION_ASKED] : 0;
    rows[row + DIRECTION_ASKED] = asked + 1;
  } else if (rows[row + DIRECTION_HEADS] !== 0) {
    hasNoBody = takeHead(rows, row, facts, at);
  }
  const bodyBytes = hasNoBody ? 0 : facts[at + FACT_BODY_BYTES];
  rows[row + DIRECTION_KNOWN] = headEnd;
  rows[row + DIRECTION_BODY_END] =
    bodyBytes > 0 ? (headEnd + Math.min(bodyBytes, BODY_CLAIM_BYTES_MAX)) | 0 : headEnd;
  rows[row + DIRECTION_RECEIVED] = received;
  rows[row + DIRECTION_TIME] = facts[at + FACT_TIME];
  if ((flags & FACT_IS_HEAD) !== 0) {
    noteHead(memory.directions, memory.opposite, rows[row + DIRECTION_ASKED] - 1, facts, at);
  } else if ((flags & FACT_IS_INTERIM) !== 0) {
    noteInterim(memory.directions, memory.opposite, facts, at);
  }
  return hasNoBody;
}
