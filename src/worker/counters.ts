import { METHODS_DEFAULT } from '../decode/http-grammar.ts';
import { TYPES_COUNT } from '../decode/message-type.ts';
import { OTHER_PROTOCOLS_COUNT } from '../decode/other-protocol.ts';
import { VERDICTS_COUNT } from '../decode/verdicts.ts';
import { COUNTS_COUNT } from '../exchange/exchange-counts.ts';
import { REDACTION_COUNTS_MAX } from '../limits.ts';

/**
 * Named slots of the counters that a decode worker writes and the control plane reads. One array a worker,
 * over shared memory: each has one writer, so plain additions are enough; doubles count to 2^53.
 */

/** By verdict: frames. Together with `filtered` they add up to the frames read. */
export const COUNTER_VERDICT_FIRST = 0;
/** Frames that the capture cut: fewer bytes captured than were on the wire. */
export const COUNTER_FRAMES_TRUNCATED = COUNTER_VERDICT_FIRST + VERDICTS_COUNT;
/** Frames that `-f` refused in a replay; live the kernel refuses them and nobody counts. */
export const COUNTER_FRAMES_FILTERED = COUNTER_FRAMES_TRUNCATED + 1;
/** By message type less one: messages written or dropped, duplicates not counted. */
export const COUNTER_MESSAGES_FIRST = COUNTER_FRAMES_FILTERED + 1;
/** Retransmitted first segments, not logged again. */
export const COUNTER_DUPLICATES = COUNTER_MESSAGES_FIRST + TYPES_COUNT;
/** Heads of several segments that were put together. */
export const COUNTER_HEADS_COMPLETED = COUNTER_DUPLICATES + 1;
/** Heads written as far as they were known: a gap, the time, the room. */
export const COUNTER_HEADS_INCOMPLETE = COUNTER_HEADS_COMPLETED + 1;
/** Lines that were made and handed over or wait in an open batch. */
export const COUNTER_LINES = COUNTER_HEADS_INCOMPLETE + 1;
/** Lines that found no free buffer, because the disk did not keep up. */
export const COUNTER_LINES_DROPPED = COUNTER_LINES + 1;
/** Live: packets that passed the kernel's filter, those that it dropped included. */
export const COUNTER_KERNEL_PACKETS = COUNTER_LINES_DROPPED + 1;
/** Live: packets that the kernel dropped because the ring was full. */
export const COUNTER_KERNEL_DROPS = COUNTER_KERNEL_PACKETS + 1;
/** Live: times that the kernel froze the ring's queue. */
export const COUNTER_KERNEL_FREEZES = COUNTER_KERNEL_DROPS + 1;

/** The tracker's counts: exchanges by reason, flows, retransmissions. */
export const COUNTER_TRACKER_FIRST = COUNTER_KERNEL_FREEZES + 1;
/** Exchanges that a filter refused. */
export const COUNTER_EXCHANGES_FILTERED = COUNTER_TRACKER_FIRST + COUNTS_COUNT;
/** Values redacted, by what they were redacted for. */
export const COUNTER_REDACTIONS_FIRST = COUNTER_EXCHANGES_FILTERED + 1;

/** Requests by index of their method in METHODS_DEFAULT; the last one of all others. */
export const COUNTER_METHOD_FIRST = COUNTER_REDACTIONS_FIRST + REDACTION_COUNTS_MAX;
export const METHOD_COUNTS_COUNT = METHODS_DEFAULT.length + 1;
/** Responses by the first digit of their status less one. */
export const COUNTER_STATUS_CLASS_FIRST = COUNTER_METHOD_FIRST + METHOD_COUNTS_COUNT;
export const STATUS_CLASSES_COUNT = 5;

/** Upper bounds of the classes of time to the first byte, in seconds. */
export const FIRST_BYTE_BOUNDS_SEC: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
/** Exchanges by time to the first byte, each in one class; the last one of all that took longer. */
export const COUNTER_FIRST_BYTE_FIRST = COUNTER_STATUS_CLASS_FIRST + STATUS_CLASSES_COUNT;
export const FIRST_BYTE_COUNTS_COUNT = FIRST_BYTE_BOUNDS_SEC.length + 1;
/** Sum of the times to the first byte, in seconds. */
export const COUNTER_FIRST_BYTE_SEC = COUNTER_FIRST_BYTE_FIRST + FIRST_BYTE_COUNTS_COUNT;

/** Bytes on the wire of the frames read. */
export const COUNTER_FRAME_BYTES = COUNTER_FIRST_BYTE_SEC + 1;

/**
 * Live: packets that a worker was in the middle of when it failed, the rest of a block of the ring; after an
 * end without warning all of that block, with those that it had read.
 */
export const COUNTER_PACKETS_ABANDONED = COUNTER_FRAME_BYTES + 1;
/** Live: times that this worker was started anew. */
export const COUNTER_RESTARTS = COUNTER_PACKETS_ABANDONED + 1;

/** Packets that were received and not looked at, because the number of `-c` was reached. */
export const COUNTER_PACKETS_UNREAD = COUNTER_RESTARTS + 1;
/** By protocol less one: segments that were read and begin no message but something that is known. */
export const COUNTER_OTHER_PROTOCOL_FIRST = COUNTER_PACKETS_UNREAD + 1;

/** Live: share of the ring that waits, 0 to 1; NaN while no ring is to be seen. Of several workers the largest. */
export const COUNTER_RING_FILL = COUNTER_OTHER_PROTOCOL_FIRST + OTHER_PROTOCOLS_COUNT;
/** The largest of these shares so far. */
export const COUNTER_RING_FILL_MAX = COUNTER_RING_FILL + 1;

/** No count: the first port on which HTTP was seen and which is not read; 0 while there is none. */
export const COUNTER_HTTP_PORT_UNREAD = COUNTER_RING_FILL_MAX + 1;
/** No count: a link type that is not read; 0, which is read, while there is none. */
export const COUNTER_LINK_TYPE_UNREAD = COUNTER_HTTP_PORT_UNREAD + 1;

export const COUNTERS_COUNT = COUNTER_LINK_TYPE_UNREAD + 1;

export type Counters = Float64Array<ArrayBufferLike>;

export function createCounters(): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(COUNTERS_COUNT * Float64Array.BYTES_PER_ELEMENT));
}

/** @param ringFill of `CaptureStatistics` */
export function noteRingFill(counters: Counters, ringFill = Number.NaN): void {
  counters[COUNTER_RING_FILL] = ringFill;
  if (ringFill > counters[COUNTER_RING_FILL_MAX]) {
    counters[COUNTER_RING_FILL_MAX] = ringFill;
  }
}

/** Adds the counters of all workers up. */
export function sumCounters(parts: readonly Counters[]): Float64Array<ArrayBuffer> {
  const sum = new Float64Array(COUNTERS_COUNT);
  for (const part of parts) {
    addCounters(sum, part);
  }
  return sum;
}

/** Adds to a sum; of rings' fills, and of what is no count, the larger one stays. */
export function addCounters(sum: Counters, part: Counters): void {
  for (let slot = 0; slot < COUNTER_RING_FILL; slot++) {
    sum[slot] += part[slot];
  }
  for (let slot = COUNTER_RING_FILL; slot < COUNTERS_COUNT; slot++) {
    sum[slot] = Math.max(sum[slot], part[slot]);
  }
}

/** Frames read, whatever became of them. */
export function countFrames(counters: Counters): number {
  let frames = counters[COUNTER_FRAMES_FILTERED];
  for (let verdict = 0; verdict < VERDICTS_COUNT; verdict++) {
    frames += counters[COUNTER_VERDICT_FIRST + verdict];
  }
  return frames;
}
