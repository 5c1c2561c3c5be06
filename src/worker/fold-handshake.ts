import {
  findArrival,
  hashSource,
  isOutgoing,
  NO_ARRIVAL,
  noteArrival,
} from '../decode/arrivals.ts';
import { messageTimeMs } from '../decode/message-facts.ts';
import { TCP_FLAG_ACK, TCP_FLAG_RST, TCP_FLAG_SYN } from '../decode/segment.ts';
import { noteTranslation, writeCapturedKey } from '../decode/translations.ts';
import { closeFlow } from '../exchange/end-exchange.ts';
import { findFlow, NO_FLOW } from '../exchange/flow-table.ts';
import { isHandshakeEnd } from '../exchange/start-flow.ts';
import type { ExchangeTracker } from '../exchange/tracker.ts';
import type { Pipeline } from './pipeline-state.ts';
import type { Twins } from './twins.ts';

const HANDSHAKE_FLAGS = TCP_FLAG_SYN | TCP_FLAG_ACK | TCP_FLAG_RST;
/** In place of the hash of a head. Both numbers of a handshake are its two ends' own. */
const HANDSHAKE_HASH = 0;

/**
 * Where flows are followed, connections behind a translation are told by their handshakes: none of their segments begins
 * a flow then, or waits for bytes that only the other one shows. **Before the flow is looked up.**
 *
 *     -> SYN              in, and out with other addresses: which is which, one number does not tell
 *     <- SYN ACK          in, and on its way through with one end set back: of no flow so far
 *     -> ACK              in, and out with other addresses: from here on one flow
 */
export function foldHandshake(pipeline: Pipeline, tracker: ExchangeTracker, twins: Twins): void {
  const { frame, segment } = pipeline;
  const flags = segment.flags & HANDSHAKE_FLAGS;
  const isSynAck = flags === (TCP_FLAG_SYN | TCP_FLAG_ACK);
  if (!isSynAck && (flags !== TCP_FLAG_ACK || tracker.flows.handshakesCount === 0)) {
    return;
  }
  const flow = findFlow(tracker.flows, frame.bytes, segment);
  if (!isSynAck && (flow === NO_FLOW || !isHandshakeEnd(tracker.flows, flow, segment))) {
    return;
  }
  const { arrivals, translations } = twins;
  const timeMs = messageTimeMs(frame.timestampSec, frame.timestampSubsecNs);
  writeCapturedKey(translations, frame.bytes, segment);
  const source = hashSource(translations.key, 0);
  const arrival = findArrival(arrivals, segment, source, HANDSHAKE_HASH, timeMs);
  if (arrival === NO_ARRIVAL) {
    if (!isOutgoing(segment)) {
      noteArrival(arrivals, frame.bytes, segment, source, HANDSHAKE_HASH, timeMs);
    }
  } else if (
    // A SYN-ACK of a flow whose SYN was seen is told by the ACK.
    isSynAck === (flow === NO_FLOW) &&
    noteTranslation(translations, frame.bytes, segment, arrivals.rows, arrival) &&
    flow !== NO_FLOW
  ) {
    closeFlow(tracker, flow);
  }
}
