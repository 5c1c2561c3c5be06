import { DEVICE_OUTGOING } from '../capture/device.ts';
import { ARRIVALS_MAX, TWIN_MS_MAX } from './limits.ts';
import {
  ADDRESS_WORDS,
  FACT_HASH,
  FACT_RECEIVED,
  FACT_SEQUENCE,
  FACT_TIME,
  FACT_WORDS,
  PORTS_AT,
  SOURCE_AT,
  writeSegmentKey,
} from './message-facts.ts';
import type { Segment } from './segment.ts';

/**
 * The messages that came into the host a moment ago, by what address translation leaves as it is. What a host passes on
 * is the same message once more, with other addresses: its twin.
 *
 * Flat memory, one place a hash, the newer takes it: what is forgotten is written twice. Nobody who does not know the
 * key of `hashHead` can choose the place.
 *
 * @see docs/decisions/0011-one-exchange-behind-translation.md
 */
export interface Arrivals {
  /** By place: ARRIVAL_WORDS, the facts of the message and behind them ARRIVAL_*. */
  readonly rows: Int32Array;
}

/** Where it came in, see `packDevice`; 0: the place is free. */
const ARRIVAL_DEVICE = FACT_WORDS;
/** A hash of the end that has sent it, as it was captured. */
const ARRIVAL_SOURCE = ARRIVAL_DEVICE + 1;
/** One cache line. */
const ARRIVAL_WORDS = 16;
const PLACE_SHIFT = 32 - Math.log2(ARRIVALS_MAX);
const GOLDEN_RATIO = 0x9e3779b1 | 0;

export const NO_ARRIVAL = -1;

export function createArrivals(): Arrivals {
  return { rows: new Int32Array(ARRIVALS_MAX * ARRIVAL_WORDS) };
}

export function isOutgoing({ device }: Segment): boolean {
  return (device & DEVICE_OUTGOING) !== 0;
}

/**
 * Notes a message that comes into the host with this segment.
 *
 * @param source see `hashSource`
 */
export function noteArrival(
  { rows }: Arrivals,
  bytes: Uint8Array,
  segment: Segment,
  source: number,
  hash: number,
  timeMs: number,
): void {
  const at = placeOf(segment, hash) * ARRIVAL_WORDS;
  writeSegmentKey(rows, at, bytes, segment);
  rows[at + FACT_RECEIVED] = segment.acknowledgmentNumber;
  rows[at + FACT_HASH] = hash;
  rows[at + FACT_TIME] = timeMs;
  rows[at + ARRIVAL_DEVICE] = segment.device;
  rows[at + ARRIVAL_SOURCE] = source;
}

/**
 * Where the direction's key of the message begins, in `rows`, of which this one is a twin; or NO_ARRIVAL. It leaves the
 * host, or it is on its way up from the port of a bridge: there it has come over another device from the same source,
 * since what translates what comes in changes the destination alone. Of what comes in from outside neither is true.
 */
export function findArrival(
  { rows }: Arrivals,
  segment: Segment,
  source: number,
  hash: number,
  timeMs: number,
): number {
  const at = placeOf(segment, hash) * ARRIVAL_WORDS;
  const isSame =
    rows[at + FACT_SEQUENCE] === segment.sequenceNumber &&
    rows[at + FACT_RECEIVED] === segment.acknowledgmentNumber &&
    rows[at + FACT_HASH] === hash &&
    rows[at + ARRIVAL_DEVICE] !== 0 &&
    Math.abs((timeMs - rows[at + FACT_TIME]) | 0) <= TWIN_MS_MAX;
  const isPassed =
    isOutgoing(segment) ||
    (rows[at + ARRIVAL_DEVICE] !== segment.device && rows[at + ARRIVAL_SOURCE] === source);
  return isSame && isPassed ? at : NO_ARRIVAL;
}

/** A hash of the end that has sent a segment, whose direction's key stands at `at`. */
export function hashSource(keys: Int32Array, at: number): number {
  let hash = keys[at + PORTS_AT] >>> 16;
  for (let word = 0; word < ADDRESS_WORDS; word++) {
    hash = Math.imul(hash ^ keys[at + SOURCE_AT + word], GOLDEN_RATIO);
    hash ^= hash >>> 15;
  }
  return hash;
}

function placeOf({ sequenceNumber }: Segment, hash: number): number {
  return Math.imul(sequenceNumber ^ hash, GOLDEN_RATIO) >>> PLACE_SHIFT;
}
