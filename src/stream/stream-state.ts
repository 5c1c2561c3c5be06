import { type ChunkReader, createChunkReader } from '../http/chunk-reader.ts';
import type { FieldTables } from '../http/grammar.ts';
import { HEAD_WITHIN_LINE, type HeadEndSearch } from '../http/head-end.ts';
import { createHeadCheck, type HeadCheck } from '../http/head-faults.ts';
import { createHttpMessage, type HttpMessage } from '../http/message.ts';
import { type BytePool, createBytePool } from './byte-pool.ts';
import { type Direction, FROM_CLIENT, type HttpEvents } from './http-events.ts';
import { CHUNK_BYTES_MAX, CHUNK_LINE_BYTES_MAX } from './limits.ts';

/** What the next byte of a direction belongs to: a head, or what stands before it. */
export const SIDE_HEAD = 0;
export const SIDE_LENGTH = 1;
export const SIDE_CHUNKED = 2;
export const SIDE_UNTIL_CLOSE = 3;
/** A request's body, or the next request: the response has ended before the body began, so it may be left out. */
export const SIDE_DOUBT = 4;
/** Another protocol, or the next request: as the response to an upgrade or to CONNECT says. */
export const SIDE_WAITS = 5;
export const SIDE_UPGRADED = 6;
/** Nobody can say. */
export const SIDE_LOST = 7;
/** The client's first bytes of all: a proxy's header may stand before its head. */
export const SIDE_FIRST = 8;

/** Marks of a request that waits for its response. */
export const WAITING_HEAD = 0x1;
export const WAITING_CONNECT = 0x2;
export const WAITING_UPGRADE = 0x4;

/** One direction of a connection: the message that passes. */
export interface StreamSide extends HeadEndSearch {
  readonly direction: Direction;
  /** SIDE_*. */
  state: number;
  /** In SIDE_LENGTH: bytes of the body still to come. */
  remainingBytes: number;
  readonly chunks: ChunkReader;
  /** What is held until there is more of it; null while there is nothing. */
  held: Uint8Array | null;
  heldBytes: number;
  /** When the first of it came. */
  heldSec: number;
  heldNs: number;
  /** Of the held head: its start line is there, and is one. */
  isStartLineRead: boolean;
  /** Before a start line. */
  emptyLineBytes: number;
  /** SIDE_DOUBT is over: it is the body. */
  isBodySure: boolean;
  /** Only a feed that begins with a start line goes on. */
  isSeeking: boolean;
  isClosed: boolean;
  /** It has been closed, and what is held of it is read before that is told. */
  isCloseDue: boolean;
  /** LOST_*, of meaning in SIDE_LOST. */
  lostReason: number;
  /** Of the message that passes: when its first byte came, and its last so far. */
  startSec: number;
  startNs: number;
  lastSec: number;
  lastNs: number;
  headBytes: number;
  /** Bytes behind the head so far, chunk framing and missing ones included. */
  bodyBytes: number;
}

/** What all connections of a thread share: nothing in it outlives a call, but for the pool. */
export interface StreamParts {
  readonly fields: FieldTables;
  /** The head in hand, by direction. */
  readonly request: HttpMessage;
  readonly response: HttpMessage;
  readonly check: HeadCheck;
  readonly pool: BytePool;
}

/** A connection as its bytes tell it. */
export interface StreamState {
  readonly parts: StreamParts;
  readonly events: HttpEvents;
  readonly client: StreamSide;
  readonly server: StreamSide;
  /** Marks of the requests that wait, a ring. */
  waiting: Uint8Array;
  waitingFirst: number;
  waitingCount: number;
  /** The client has sent a request before the response before had ended. */
  isAhead: boolean;
  isUpgraded: boolean;
  /** What is held of the client can be read now. */
  isReleased: boolean;
  /** HEAD_*, of the head in hand. */
  headFaults: number;
  /** Time of the bytes in hand. */
  timeSec: number;
  timeNs: number;
}

/** @param fields those that the heads in hand are scanned for; a body's length needs two of them */
export function createStreamParts(fields: FieldTables): StreamParts {
  return {
    fields,
    request: createHttpMessage(fields.fieldsCount),
    response: createHttpMessage(fields.fieldsCount),
    check: createHeadCheck(),
    pool: createBytePool(),
  };
}

export function createSide(direction: Direction): StreamSide {
  return {
    direction,
    state: direction === FROM_CLIENT ? SIDE_FIRST : SIDE_HEAD,
    remainingBytes: 0,
    chunks: createChunkReader(CHUNK_BYTES_MAX, CHUNK_LINE_BYTES_MAX),
    held: null,
    heldBytes: 0,
    heldSec: 0,
    heldNs: 0,
    lineState: HEAD_WITHIN_LINE,
    isStartLineRead: false,
    emptyLineBytes: 0,
    isBodySure: false,
    isSeeking: false,
    isClosed: false,
    isCloseDue: false,
    lostReason: 0,
    startSec: 0,
    startNs: 0,
    lastSec: 0,
    lastNs: 0,
    headBytes: 0,
    bodyBytes: 0,
  };
}

/** The bytes in hand are the last of the message so far. */
export function touch(stream: StreamState, side: StreamSide): void {
  side.lastSec = stream.timeSec;
  side.lastNs = stream.timeNs;
}
