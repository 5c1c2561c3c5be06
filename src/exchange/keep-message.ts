import type { Frame } from '../capture/frame.ts';
import type { Segment } from '../decode/segment.ts';
import type { HttpMessage } from '../http/message.ts';
import type { MessageType } from '../record/message-type.ts';
import { packedBytesMax, packMessage } from '../record/pack-message.ts';
import { blockOffset, blocksOf, keepBytes, NO_BLOCK, takeBlock } from './byte-store.ts';
import { evictFlow } from './end-exchange.ts';
import { isSlotFree, takeSlot } from './exchange-state.ts';
import { LIST_PASSING, LIST_WAITING, NO_FLOW, touchFlow } from './flow-table.ts';
import { STORE_BLOCK_BYTES } from './limits.ts';
import { type ExchangeTracker, timeOf } from './tracker.ts';

/**
 * Takes a slot for an exchange that begins with this message. Room is made at the cost of the flow that is
 * longest without a segment; the one in hand has one now.
 */
export function startExchange(
  tracker: ExchangeTracker,
  frame: Frame,
  segment: Segment,
  type: MessageType,
): number {
  const { slots, flows } = tracker;
  const flow = tracker.flow;
  while (!isSlotFree(slots) && evictOther(tracker, flow)) {
    // Each turn forgets one flow; one alone has at most REQUESTS_WAITING_MAX slots.
  }
  flows.lastSegmentNs[flow] = tracker.timeNs;
  return takeSlot(slots, flow, type, frame, segment, timeOf(tracker, frame));
}

/** Keeps what is shown of a message; gives its chain, or NO_BLOCK when even now there is no room. */
export function keepMessage(
  tracker: ExchangeTracker,
  bytes: Uint8Array,
  message: HttpMessage,
): number {
  const { store } = tracker;
  const { stagingOffset } = store;
  const flow = tracker.flow;
  const isSmall = message.headEnd !== 0 && packedBytesMax(message) <= STORE_BLOCK_BYTES;
  if (isSmall && store.freeCount > 0) {
    const block = takeBlock(store);
    packMessage(store.bytes, blockOffset(block), bytes, message);
    return block;
  }
  const byteLength = packMessage(store.bytes, stagingOffset, bytes, message) - stagingOffset;
  if (store.freeCount < blocksOf(byteLength)) {
    while (store.freeCount < blocksOf(byteLength) && evictOther(tracker, flow)) {
      // Each turn forgets one flow.
    }
    if (store.freeCount < blocksOf(byteLength)) {
      return NO_BLOCK;
    }
    // An evicted exchange was put together where this message stood.
    packMessage(store.bytes, stagingOffset, bytes, message);
  }
  return keepBytes(store, stagingOffset, byteLength);
}

/** Forgets the flow longest without a segment of those that have an exchange; false when there is no other. */
function evictOther(tracker: ExchangeTracker, flow: number): boolean {
  const { flows } = tracker;
  // Behind all others, and among them: it is about to have an exchange.
  touchFlow(flows, flow, LIST_WAITING, tracker.timeNs);
  const passing = flows.oldest[LIST_PASSING];
  const oldest = passing === NO_FLOW ? flows.oldest[LIST_WAITING] : passing;
  if (oldest === flow) {
    return false;
  }
  evictFlow(tracker, oldest);
  return true;
}
