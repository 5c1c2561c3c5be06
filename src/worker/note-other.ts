import {
  COUNTER_HTTP_PORT_UNREAD,
  COUNTER_LINK_TYPE_UNREAD,
  COUNTER_OTHER_PROTOCOL_FIRST,
} from '../counters/counter-table.ts';
import { countUnreadFrames } from '../counters/unread-frames.ts';
import { UNREAD_LINK_TYPE } from '../decode/unread-kinds.ts';
import { VERDICT_LINK_UNSUPPORTED, VERDICT_SEGMENT } from '../decode/verdicts.ts';
import { classifySegment } from '../http/classify.ts';
import { MESSAGE_NONE, MESSAGE_REQUEST } from '../http/message.ts';
import { classifyOther, OTHER_NONE } from '../http/other-protocol.ts';
import type { Pipeline } from './pipeline-state.ts';

/** What is noted of traffic that gives no lines, so that an operator who gets none can be told why. */

/** Of a segment that is read and begins no message. */
export function noteOtherProtocol({ frame, segment, counters }: Pipeline): void {
  const other = classifyOther(frame.bytes, segment.payloadOffset, segment.payloadEnd);
  if (other !== OTHER_NONE) {
    counters[COUNTER_OTHER_PROTOCOL_FIRST + other - 1]++;
  }
}

/**
 * Of a frame that is not read: the first port on which HTTP was seen, a link type, what it carries. Once a port is known it costs a
 * comparison, before that what a segment that begins no message costs.
 */
export function noteUnreadFrame(pipeline: Pipeline, verdict: number): void {
  const { frame, counters, segment } = pipeline;
  if (segment.unreadKind !== 0) {
    countUnreadFrames(counters, segment.unreadKind, 1);
    segment.unreadKind = 0;
  }
  if (verdict === VERDICT_SEGMENT) {
    if (counters[COUNTER_HTTP_PORT_UNREAD] === 0) {
      counters[COUNTER_HTTP_PORT_UNREAD] = findServerPort(pipeline, frame.bytes);
    }
  } else if (verdict === VERDICT_LINK_UNSUPPORTED) {
    counters[COUNTER_LINK_TYPE_UNREAD] = frame.linkType;
    countUnreadFrames(counters, UNREAD_LINK_TYPE | frame.linkType, 1);
  }
}

/** 0 when the segment begins no message. */
function findServerPort({ segment, methods, message }: Pipeline, bytes: Uint8Array): number {
  const { payloadOffset, payloadEnd, sourcePort, targetPort } = segment;
  const kind = classifySegment(bytes, payloadOffset, payloadEnd, methods, message);
  if (kind === MESSAGE_NONE) {
    return 0;
  }
  return kind === MESSAGE_REQUEST ? targetPort : sourcePort;
}
