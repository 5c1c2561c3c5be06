import {
  FROM_CLIENT,
  hasSeenBytes,
  notePassed,
  passedOf,
  sideOf,
  synSequenceOf,
} from './flow-state.ts';
import { NO_FLOW } from './flow-table.ts';
import { leadBytesBefore, noteLead } from './lead-bytes.ts';
import { advance } from './pass-bytes.ts';
import { noteProxyClient } from './proxy-client.ts';
import { bytesBetween } from './sequence.ts';
import type { ExchangeTracker } from './tracker.ts';

/**
 * Notes bytes of the segment in hand that belong to no message: empty lines, a proxy's header. The next message's
 * place is before them, so that no byte is missing between it and the one before.
 *
 *     -> POST a, Content-Length: 5, five bytes, CR LF
 *     <- a
 *     -> b           begins behind the line end, and nothing is missing
 *
 * @param sequence number of the first of them
 * @rule bytes-of-no-message
 * @see RFC 9112 section 2.2
 */
export function notePreamble(
  tracker: ExchangeTracker,
  bytes: Uint8Array,
  offset: number,
  end: number,
  sequence: number,
): void {
  const { flows, flow, direction } = tracker;
  if (flow === NO_FLOW || end === offset) {
    return;
  }
  noteLead(flows, sideOf(flow, direction), sequence, (sequence + end - offset) | 0);
  if (direction === FROM_CLIENT) {
    const isFirst = sequence === synSequenceOf(flows, flow);
    noteProxyClient(tracker.proxyClients, flows, flow, bytes, offset, end, isFirst);
  }
}

/**
 * Passes the bytes before a message that begins here: those of the message before, and those of none.
 *
 * @returns how many bytes directly before it belong to no message
 */
export function passBefore(tracker: ExchangeTracker, flow: number, sequence: number): number {
  const { flows, direction } = tracker;
  const side = sideOf(flow, direction);
  const leadBytes = leadBytesBefore(flows, side, sequence);
  advance(tracker, flow, (sequence - leadBytes) | 0);
  if (
    leadBytes > 0 &&
    hasSeenBytes(flows, side) &&
    bytesBetween(passedOf(flows, side), sequence) > 0
  ) {
    notePassed(flows, side, sequence);
  }
  return leadBytes;
}
