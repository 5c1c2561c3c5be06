import {
  DIRECTION_BODY_END,
  DIRECTION_CONNECTION,
  DIRECTION_KNOWN,
  DIRECTION_WORDS,
  findDirection,
  NO_DIRECTION,
  writeDirectionKey,
} from '../decode/directions.ts';
import type { MessageMemory } from '../decode/judge-message.ts';
import { DIRECTIONS_MAX } from '../decode/limits.ts';
import type { Segment } from '../decode/segment.ts';
import {
  areChunksLost,
  beginChunks,
  type ChunkFraming,
  chunksEndOf,
  createChunkFraming,
  followChunks,
} from '../exchange/chunked-body.ts';

/**
 * Chunked bodies whose heads were seen, so that no line is made of what stands in one and looks like a message. Only
 * segments that reach this process can be followed: behind the kernel's filter of heads the framing is lost with the
 * first chunk whose size comes in a segment of its own.
 */
export interface ChunkedBodies {
  readonly chunks: ChunkFraming;
  /** By place of a direction: the connection that is followed there; 0: none. */
  readonly connections: Int32Array;
  /** By place: the ports by which it is counted. */
  readonly ports: Uint16Array;
  /** By hash of ports: bodies that are followed. A segment of others costs this look-up. */
  readonly countByPorts: Uint16Array;
  /** All bodies that are followed. */
  count: number;
}

const PORTS_COUNT = 4096;

export function createChunkedBodies(): ChunkedBodies {
  return {
    chunks: createChunkFraming(DIRECTIONS_MAX),
    connections: new Int32Array(DIRECTIONS_MAX),
    ports: new Uint16Array(DIRECTIONS_MAX),
    countByPorts: new Uint16Array(PORTS_COUNT),
    count: 0,
  };
}

/** Follows the body behind the message judged last, whose head ends at `headEnd` in the segment. */
export function beginChunkedBody(
  bodies: ChunkedBodies,
  { directions, direction }: MessageMemory,
  bytes: Uint8Array,
  segment: Segment,
  headEnd: number,
): void {
  const { rows } = directions;
  const place = direction / DIRECTION_WORDS;
  const sequence = (segment.sequenceNumber + headEnd - segment.payloadOffset) | 0;
  endChunkedBody(bodies, place);
  bodies.connections[place] = rows[direction + DIRECTION_CONNECTION];
  bodies.ports[place] = hashPorts(segment);
  bodies.countByPorts[bodies.ports[place]]++;
  bodies.count++;
  beginChunks(bodies.chunks, place, sequence);
  readChunks(bodies, rows, direction, bytes, headEnd, segment.payloadEnd, sequence);
}

/** The message judged last has no chunked body: what was followed of its direction has ended. */
export function endChunkedBodyBefore(bodies: ChunkedBodies, { direction }: MessageMemory): void {
  if (bodies.count !== 0) {
    endChunkedBody(bodies, direction / DIRECTION_WORDS);
  }
}

/** Reads what framing the segment has, if its direction's body is followed. */
export function followChunkedBody(
  bodies: ChunkedBodies,
  { directions, opposite }: MessageMemory,
  bytes: Uint8Array,
  segment: Segment,
): void {
  if (bodies.count === 0 || bodies.countByPorts[hashPorts(segment)] === 0) {
    return;
  }
  const { rows } = directions;
  writeDirectionKey(opposite, 0, bytes, segment);
  const direction = findDirection(directions, opposite, 0);
  if (
    direction !== NO_DIRECTION &&
    bodies.connections[direction / DIRECTION_WORDS] === rows[direction + DIRECTION_CONNECTION]
  ) {
    const { payloadOffset, payloadEnd, sequenceNumber } = segment;
    readChunks(bodies, rows, direction, bytes, payloadOffset, payloadEnd, sequenceNumber);
  }
}

function readChunks(
  bodies: ChunkedBodies,
  rows: Int32Array,
  direction: number,
  bytes: Uint8Array,
  offset: number,
  end: number,
  sequence: number,
): void {
  const { chunks } = bodies;
  const place = direction / DIRECTION_WORDS;
  const hasEnded = followChunks(chunks, place, bytes, offset, end, sequence);
  const behind = (sequence + end - offset) | 0;
  if (hasEnded) {
    rows[direction + DIRECTION_BODY_END] = chunksEndOf(chunks, place);
    endChunkedBody(bodies, place);
  } else if (areChunksLost(chunks, place, behind)) {
    rows[direction + DIRECTION_BODY_END] = rows[direction + DIRECTION_KNOWN];
    endChunkedBody(bodies, place);
  } else {
    // Where the framing goes on no message begins.
    rows[direction + DIRECTION_BODY_END] = (chunksEndOf(chunks, place) + 1) | 0;
  }
}

function endChunkedBody(bodies: ChunkedBodies, place: number): void {
  if (bodies.connections[place] !== 0) {
    bodies.connections[place] = 0;
    bodies.countByPorts[bodies.ports[place]]--;
    bodies.count--;
  }
}

function hashPorts({ sourcePort, targetPort }: Segment): number {
  return (sourcePort ^ (targetPort << 5) ^ (targetPort >>> 7)) & (PORTS_COUNT - 1);
}
