import type { Frame } from '../capture/frame.ts';
import {
  findArrival,
  hashSource,
  isOutgoing,
  NO_ARRIVAL,
  noteArrival,
} from '../decode/arrivals.ts';
import {
  JUDGED_COPIED,
  JUDGED_OTHER,
  JUDGED_TWIN,
  type Judgement,
} from '../decode/judge-message.ts';
import { NO_TRANSLATION, type Segment } from '../decode/segment.ts';
import {
  noteTranslation,
  ORIGINAL_AT,
  type Translations,
  undoTranslation,
  writeCapturedKey,
} from '../decode/translations.ts';
import { closeFlow } from '../exchange/end-exchange.ts';
import { firstWaitingOf, NO_EXCHANGE } from '../exchange/flow-state.ts';
import { directionOf, findFlow, NO_FLOW } from '../exchange/flow-table.ts';
import { noteTranslatedEnds } from '../exchange/nat-record.ts';
import type { ExchangeTracker } from '../exchange/tracker.ts';
import { MESSAGE_RESPONSE } from '../http/message.ts';
import { foldHandshake } from './fold-handshake.ts';
import type { Pipeline } from './pipeline-state.ts';
import type { Twins } from './twins.ts';

/** Sets the addresses of the segment in hand back to the client's own, where it is known that they were translated. */
export function undoTranslationOf(pipeline: Pipeline): void {
  const { twins, tracker, frame, segment } = pipeline;
  if (twins === undefined) {
    return;
  }
  if (twins.translations.count !== 0) {
    undoTranslation(twins.translations, frame.bytes, segment);
  }
  if (tracker !== undefined) {
    foldHandshake(pipeline, tracker, twins);
  }
}

/**
 * Judges a message of a capture of several devices, of which it was judged whether it was seen with the same addresses.
 * What comes into the host is never folded: only what is passed on, with other addresses and all else the same.
 */
export function judgeTwin(
  pipeline: Pipeline,
  twins: Twins,
  frame: Frame,
  segment: Segment,
  hash: number,
  timeMs: number,
  judgement: Judgement,
): Judgement {
  if (judgement > JUDGED_OTHER) {
    const isTwin = judgement === JUDGED_COPIED && segment.translation !== NO_TRANSLATION;
    return isTwin ? JUDGED_TWIN : judgement;
  }
  const { arrivals, translations } = twins;
  writeCapturedKey(translations, frame.bytes, segment);
  const source = hashSource(translations.key, 0);
  const arrival = findArrival(arrivals, segment, source, hash, timeMs);
  if (arrival === NO_ARRIVAL) {
    if (!isOutgoing(segment)) {
      noteArrival(arrivals, frame.bytes, segment, source, hash, timeMs);
    }
    return judgement;
  }
  if (isAwaited(pipeline)) {
    return judgement;
  }
  return foldConnection(pipeline, twins, frame, segment, arrival) ? JUDGED_TWIN : judgement;
}

/**
 * Says whether the message is a response that a request of its own flow waits for: the request was not known as a twin,
 * and the pair of this flow is not to lose its half.
 */
function isAwaited({ message, tracker }: Pipeline): boolean {
  return (
    message.kind === MESSAGE_RESPONSE &&
    tracker !== undefined &&
    tracker.flow !== NO_FLOW &&
    firstWaitingOf(tracker.flows, tracker.flow) !== NO_EXCHANGE
  );
}

/** From here on, what is captured of the connection behind the translation is that of the one before it. */
function foldConnection(
  { tracker }: Pipeline,
  { arrivals, translations }: Twins,
  frame: Frame,
  segment: Segment,
  arrival: number,
): boolean {
  const wasTranslated = segment.translation !== NO_TRANSLATION;
  if (!noteTranslation(translations, frame.bytes, segment, arrivals.rows, arrival)) {
    return false;
  }
  if (tracker !== undefined) {
    // The one behind it has begun with its handshake. One that was only taken for it goes on.
    if (!wasTranslated && tracker.flow !== NO_FLOW) {
      closeFlow(tracker, tracker.flow);
    }
    tracker.flow = NO_FLOW;
    noteTranslationOf(
      tracker,
      translations,
      segment,
      findFlow(tracker.flows, frame.bytes, segment),
    );
  }
  return true;
}

/** Notes for the exchanges of the flow, the segment's, what addresses it was captured with. */
export function noteTranslationOf(
  tracker: ExchangeTracker,
  { rows }: Translations,
  { translation }: Segment,
  flow: number,
): void {
  const { translatedEnds, flows } = tracker;
  if (flow !== NO_FLOW) {
    const direction = directionOf(flows, flow);
    const originalAt = translation + ORIGINAL_AT;
    noteTranslatedEnds(translatedEnds, flows, flow, direction, rows, translation, originalAt);
  }
}
