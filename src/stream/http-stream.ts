import { CHUNK_DATA, passChunkData } from '../http/chunk-reader.ts';
import { beginDoubt, beSureOfBody, isBodyInDoubt, readDoubt } from './body-in-doubt.ts';
import { giveBytes } from './byte-pool.ts';
import { endMessage, loseSide } from './end-message.ts';
import { findAgain } from './find-again.ts';
import { dropHeld, holdBytes } from './held-bytes.ts';
import {
  CLOSE_IN_ORDER,
  type Close,
  type Direction,
  FROM_CLIENT,
  FROM_SERVER,
  type HttpEvents,
  LOST_GAP,
  LOST_NO_ROOM,
  LOST_TOO_LONG,
} from './http-events.ts';
import { HELD_BYTES_OF_ONE_MAX, STREAM_WAITING_MIN } from './limits.ts';
import { readChunked, readLength, tellData } from './read-body.ts';
import { readFirst } from './read-first.ts';
import { readHead } from './read-head.ts';
import {
  createSide,
  SIDE_CHUNKED,
  SIDE_DOUBT,
  SIDE_FIRST,
  SIDE_HEAD,
  SIDE_LENGTH,
  SIDE_LOST,
  SIDE_UNTIL_CLOSE,
  SIDE_UPGRADED,
  SIDE_WAITS,
  type StreamParts,
  type StreamSide,
  type StreamState,
} from './stream-state.ts';

/**
 * Reads the bytes of one connection as HTTP/1, whoever brings them: a proxy's sockets, reassembled packets, a test.
 *
 *     feed(FROM_CLIENT, bytes, 0, 120, sec, ns)   ->   requestHead, requestData, requestEnd
 *     feed(FROM_SERVER, ...)                      ->   responseHead, ...
 *
 * Feeds are of any size and in the order of the connection, the two directions as they come. A request is fed
 * before its response. Nothing is thrown; what cannot be read for sure is told as `lost`.
 *
 * @see RFC 9112
 */
export class HttpStream implements StreamState {
  readonly parts: StreamParts;
  readonly events: HttpEvents;
  readonly client = createSide(FROM_CLIENT);
  readonly server = createSide(FROM_SERVER);
  waiting: Uint8Array = new Uint8Array(STREAM_WAITING_MIN);
  waitingFirst = 0;
  waitingCount = 0;
  isAhead = false;
  isUpgraded = false;
  isReleased = false;
  headFaults = 0;
  timeSec = 0;
  timeNs = 0;

  constructor(parts: StreamParts, events: HttpEvents) {
    this.parts = parts;
    this.events = events;
  }

  /**
   * Bytes of one direction; nothing keeps them when it returns.
   *
   * @param sec when they came, in seconds of the epoch
   * @param ns nanoseconds behind it
   */
  feed(
    direction: Direction,
    bytes: Uint8Array,
    offset: number,
    end: number,
    sec: number,
    ns: number,
  ): void {
    const side = sideOf(this, direction);
    this.timeSec = sec;
    this.timeNs = ns;
    if (side.isClosed || offset >= end) {
      return;
    }
    if (side.state === SIDE_LOST || side.isSeeking) {
      findAgain(this, side, bytes, offset, end);
    }
    readSide(this, side, bytes, offset, end);
  }

  /** So many bytes of a direction were never seen: those of a body pass, others leave nothing to go by. */
  gap(direction: Direction, bytesCount: number): void {
    const side = sideOf(this, direction);
    if (side.isClosed || bytesCount <= 0) {
      return;
    }
    if (side.state === SIDE_DOUBT) {
      beSureOfBody(this, side);
      release(this);
    }
    passMissing(this, side, bytesCount);
    release(this);
  }

  /** A direction ends, or with it both. Calling it again changes nothing. */
  close(direction: Direction, how: Close): void {
    const side = sideOf(this, direction);
    if (how !== CLOSE_IN_ORDER) {
      this.#end(how, direction);
      return;
    }
    if (side.isClosed) {
      return;
    }
    if (side.state === SIDE_DOUBT) {
      beSureOfBody(this, side);
      release(this);
    }
    if (side.state === SIDE_UNTIL_CLOSE) {
      endMessage(this, side);
      release(this);
    }
    side.isClosed = true;
    side.isCloseDue = true;
    tellClose(this, side);
  }

  #end(how: Close, direction: Direction): void {
    if (this.client.isClosed && this.server.isClosed) {
      return;
    }
    this.client.isClosed = true;
    this.server.isClosed = true;
    this.client.isCloseDue = false;
    dropHeld(this, this.client);
    dropHeld(this, this.server);
    this.events.closed(direction, how);
  }
}

function sideOf(stream: HttpStream, direction: Direction): StreamSide {
  return direction === FROM_CLIENT ? stream.client : stream.server;
}

/** Tells the end of a direction, once what is held of it has been read. */
function tellClose(stream: StreamState, side: StreamSide): void {
  const { client, server, events } = stream;
  if (side.state === SIDE_WAITS && side.held !== null && !server.isClosed) {
    return;
  }
  side.isCloseDue = false;
  dropHeld(stream, side);
  events.closed(side.direction, CLOSE_IN_ORDER);
  if (client.isCloseDue) {
    tellClose(stream, client);
  }
}

/** Bound: each turn takes a byte or changes the state, at most once before the next byte. */
function readSide(
  stream: StreamState,
  side: StreamSide,
  bytes: Uint8Array,
  offset: number,
  end: number,
): void {
  while (offset < end) {
    offset = readNext(stream, side, bytes, offset, end);
    release(stream);
  }
}

function readNext(
  stream: StreamState,
  side: StreamSide,
  bytes: Uint8Array,
  offset: number,
  end: number,
): number {
  switch (side.state) {
    case SIDE_FIRST:
      return readFirst(stream, side, bytes, offset, end);
    case SIDE_HEAD:
      return side.isSeeking ? end : readHead(stream, side, bytes, offset, end);
    case SIDE_LENGTH:
    case SIDE_CHUNKED:
      if (isBodyInDoubt(stream, side)) {
        beginDoubt(side);
        return offset;
      }
      return side.state === SIDE_LENGTH
        ? readLength(stream, side, bytes, offset, end)
        : readChunked(stream, side, bytes, offset, end);
    case SIDE_UNTIL_CLOSE:
      tellData(stream, side, bytes, offset, end);
      return end;
    case SIDE_DOUBT:
      return readDoubt(stream, side, bytes, offset, end);
    case SIDE_WAITS:
      waitWith(stream, side, bytes, offset, end);
      return end;
    case SIDE_UPGRADED:
      stream.events.upgradedData(side.direction, bytes, offset, end);
      return end;
    default:
      return end;
  }
}

/** What stands behind an upgrade or CONNECT is read once the response has said what it is. */
function waitWith(
  stream: StreamState,
  side: StreamSide,
  bytes: Uint8Array,
  offset: number,
  end: number,
): void {
  if (side.heldBytes + end - offset > HELD_BYTES_OF_ONE_MAX) {
    loseSide(stream, side, LOST_TOO_LONG);
  } else if (!holdBytes(stream, side, bytes, offset, end)) {
    loseSide(stream, side, LOST_NO_ROOM);
  }
}

/** Reads what was held of the client, now that it is known what it is, with the time at which it came. */
function release(stream: StreamState): void {
  while (stream.isReleased) {
    stream.isReleased = false;
    const { client, parts, timeSec, timeNs } = stream;
    const { held, heldBytes } = client;
    if (held !== null) {
      client.held = null;
      client.heldBytes = 0;
      stream.timeSec = client.heldSec;
      stream.timeNs = client.heldNs;
      let offset = 0;
      while (offset < heldBytes) {
        offset = readNext(stream, client, held, offset, heldBytes);
      }
      giveBytes(parts.pool, held);
      stream.timeSec = timeSec;
      stream.timeNs = timeNs;
    }
  }
  if (stream.client.isCloseDue) {
    tellClose(stream, stream.client);
  }
}

function passMissing(stream: StreamState, side: StreamSide, bytesCount: number): void {
  const passing = passableBytes(side);
  if (side.state === SIDE_LOST) {
    return;
  }
  if (passing < bytesCount && side.state !== SIDE_LENGTH) {
    loseSide(stream, side, LOST_GAP);
    return;
  }
  const count = Math.min(passing, bytesCount);
  side.bodyBytes += count;
  stream.events.missing(side.direction, count);
  if (side.state === SIDE_CHUNKED) {
    passChunkData(side.chunks, count);
  } else if (side.state === SIDE_LENGTH) {
    side.remainingBytes -= count;
    if (side.remainingBytes === 0) {
      endMessage(stream, side);
    }
  }
  if (count < bytesCount) {
    loseSide(stream, side, LOST_GAP);
  }
}

/** Bytes that may be missing without a doubt where the next message begins. */
function passableBytes({ state, chunks, remainingBytes }: StreamSide): number {
  switch (state) {
    case SIDE_LENGTH:
      return remainingBytes;
    case SIDE_CHUNKED:
      return chunks.state === CHUNK_DATA ? chunks.size : 0;
    case SIDE_UNTIL_CLOSE:
    case SIDE_UPGRADED:
      return Number.POSITIVE_INFINITY;
    default:
      return 0;
  }
}
