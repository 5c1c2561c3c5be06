import { NO_PLACE, type OpenBodies } from '../decode/body-rows.ts';
import {
  findAnswered,
  hasNothingOpen,
  mayAnswerHead,
  noteAnswer,
  noteBody,
  noteHeadAsked,
  noteOpenHead,
  noteOtherAsked,
  passMessage,
} from '../decode/open-bodies.ts';
import type { Segment } from '../decode/segment.ts';
import { bodyFraming } from '../http/body-framing.ts';
import { FIELD_CONTENT_LENGTH, FIELD_TRANSFER_ENCODING } from '../http/grammar.ts';
import { isAnsweredByHeadAlone } from '../http/head-alone.ts';
import { type HttpMessage, MESSAGE_REQUEST } from '../http/message.ts';
import { readStatusCode } from '../http/status-code.ts';

const STATUS_FINAL_MIN = 200;
/** What a head is searched for here that nothing is held against. */
const NO_FAULTS = 0;

/**
 * Notes which bytes behind the message are its body.
 *
 * @param segment begins with it
 * @param hasNoBody its request says so
 */
export function noteMessageBody(
  bodies: OpenBodies,
  bytes: Uint8Array,
  segment: Segment,
  message: HttpMessage,
  hasNoBody: boolean,
): void {
  const { fieldOffsets, headEnd } = message;
  const isRequest = message.kind === MESSAGE_REQUEST;
  let saysNothing = hasNoBody;
  if (isRequest) {
    if (isAnsweredByHeadAlone(bytes, message)) {
      noteHeadAsked(bodies, bytes, segment);
    } else if (bodies.hasHeads) {
      noteOtherAsked(bodies, bytes, segment);
    }
  } else {
    const answered = findAnswered(bodies, bytes, segment);
    if (answered !== NO_PLACE && readStatusCode(bytes, message) >= STATUS_FINAL_MIN) {
      noteAnswer(bodies, answered, segment.acknowledgmentNumber);
    }
    saysNothing ||= bodies.hasHeads && mayAnswerHead(bodies, bytes, segment);
  }
  if (headEnd === 0) {
    noteOpenHead(bodies, bytes, segment);
    return;
  }
  const isFramed =
    !saysNothing &&
    (fieldOffsets[FIELD_CONTENT_LENGTH] !== 0 || fieldOffsets[FIELD_TRANSFER_ENCODING] !== 0);
  if (!isFramed && hasNothingOpen(bodies)) {
    passMessage(bodies, segment);
    return;
  }
  const framing = isFramed ? bodyFraming(bytes, message, NO_FAULTS) : 0;
  noteBody(bodies, bytes, segment, headEnd - segment.payloadOffset, framing);
}
