import type { ListedMutant } from './mutants.ts';

/** Changes to one file, in the order of its text: the rule or what is taken out, the text, what stands there then. */
function changes(
  file: string,
  list: readonly (readonly [string, string, string])[],
): ListedMutant[] {
  return list.map(([name, find, replacement]) => ({ file, name, find, replacement }));
}

/** Every rule of pairing (docs/exchanges.md) taken out or turned round, whole or in one of its halves. */
export const LISTED_MUTANTS: readonly ListedMutant[] = [
  ...changes('src/exchange/find-answered.ts', [
    [
      'nothing-is-missing',
      'first !== NO_EXCHANGE && isNothingMissing(',
      'false && isNothingMissing(',
    ],
    [
      'nothing-is-missing: any request',
      'isInPlace(flows, sideOf(flow, FROM_CLIENT), start, leadBytesOf(slots, first)) &&',
      'true &&',
    ],
    [
      'nothing-is-missing: any response',
      'isInPlace(flows, server, sequenceNumber, leadBytes) &&',
      'true &&',
    ],
    [
      'nothing-is-missing: the server need not have the head',
      'bytesBetween(headEnd, acknowledgmentNumber) >= 0',
      'true',
    ],
    ['assumed-place-falls: a pair all the same', '!isFact(flows, flow, FLOW_ASTRAY)', 'true'],
    [
      'client-waits',
      'if (isClientWaiting(tracker, flow, segment)) {\n    const last',
      'if (false) {\n    const last',
    ],
    ['client-waits: of who sends ahead too', 'isFact(flows, flow, FLOW_AHEAD) ||', ''],
    ['client-waits: of a crowded request too', 'hasMark(slots, last, EXCHANGE_CROWDED) ||', ''],
    [
      'client-waits: whatever the client has',
      '||\n    !hasReceivedAllBefore(flows, flow, acknowledgmentOf(slots, last), segment.sequenceNumber)',
      '',
    ],
    [
      'client-waits: whatever the server has',
      'received === (total | 0) || isAllLead(',
      'true || isAllLead(',
    ],
    [
      'assumed-place-falls: nothing is assumed',
      'noteFact(flows, flow, FLOW_ASSUMED | FLOW_SURE);',
      'noteFact(flows, flow, FLOW_SURE);',
    ],
    ['early-response-keeps-who-waits', '!isBeforeWaiting(tracker, first, segment)', 'true'],
    [
      'lost-place-is-given-up: what waits stays',
      '!isBeforeWaiting(tracker, first, segment)',
      'false',
    ],
    [
      'interim-answers-nothing: first proof',
      'if (isInPlace(flows, server, sequenceNumber, leadBytes)) {',
      'if (false) {',
    ],
    [
      'interim-answers-nothing: second proof',
      'last !== NO_EXCHANGE &&\n    hasReceivedAllBefore(',
      'false &&\n    hasReceivedAllBefore(',
    ],
    [
      'nothing-is-missing: of a length beyond sequence numbers too',
      'total === UNKNOWN || total > SEQUENCE_LEAP_MAX',
      'total === UNKNOWN',
    ],
  ]),
  ...changes('src/exchange/client-ahead.ts', [
    [
      'lost-place-is-given-up: the request keeps its place',
      'forgetPlace(flows, sideOf(flow, FROM_CLIENT));',
      '',
    ],
    [
      'lost-place-is-given-up: who sends ahead is found again',
      'noteFact(flows, flow, FLOW_ASTRAY);',
      '',
    ],
    ['assumed-place-falls', 'if (isFact(flows, flow, FLOW_ASSUMED)) {', 'if (false) {'],
    ['silence-finds-the-place: astray for ever', 'FLOW_ASTRAY | FLOW_ASSUMED', 'FLOW_ASSUMED'],
    ['silence-finds-the-place: assumed for ever', 'FLOW_ASTRAY | FLOW_ASSUMED', 'FLOW_ASTRAY'],
    ['ahead-next-request', '    isRightBehind(slots, previous, next)', 'false'],
    [
      'ahead-next-request: of a crowded one too',
      '!hasMark(slots, previous, EXCHANGE_CROWDED) &&',
      '',
    ],
    [
      'ahead-next-request: whatever the client had',
      'acknowledgmentOf(slots, previous) === acknowledgmentOf(slots, next) &&',
      '',
    ],
    ['ahead-more-bytes: of a crowded one too', '!hasMark(slots, request, EXCHANGE_CROWDED) &&', ''],
    [
      'ahead-more-bytes: whatever the client had',
      'acknowledgmentOf(slots, request) === acknowledgment &&',
      '',
    ],
    ['ahead-more-bytes', 'isBeyond(flows, slots, request, end)', 'false'],
    ['ahead-server-has-more', 'isBeyond(flows, slots, answered, acknowledgment)', 'false'],
    ['ahead-before-the-end', 'waiting !== NO_EXCHANGE &&\n', 'false &&\n'],
    ['ahead-more-bytes: a line end counts', '> LINE_END_BYTES', '> 0'],
  ]),
  ...changes('src/exchange/note-request.ts', [
    ['lost-bytes-count: before a request', 'passBefore(tracker, flow, sequenceNumber)', '0'],
    ['within-request', 'isWithinRequest(tracker, flow, segment)', 'false'],
    ['too-many-wait', 'waitingCountOf(flows, flow) >= REQUESTS_WAITING_MAX', 'false'],
    ['crowded-request', 'isCrowded(flows, flow, segment, leadBytes)', 'false'],
    ['answered-already', 'wasAnsweredUnseen(flows, flow, sequenceNumber) || ', ''],
    ['lost-place-is-given-up: who is astray waits', ' || isFact(flows, flow, FLOW_ASTRAY)', ''],
    ['crowded-request: behind lost bytes', 'return isBehindLostBytes || ', 'return '],
    [
      'crowded-request: behind bytes seen',
      ' || hasSentSince(flows, flow, sequenceNumber, acknowledgment)',
      '',
    ],
    ['silence-finds-the-place', 'isFact(flows, flow, FLOW_ASTRAY) &&\n', 'false &&\n'],
    [
      'silence-finds-the-place: without silence',
      'timeNs - flows.lastSegmentNs[flow] > SILENCE_NS &&',
      '',
    ],
    [
      'silence-finds-the-place: bytes under way',
      '> SILENCE_NS &&\n    acknowledgment === passedOf(flows, server)',
      '> SILENCE_NS',
    ],
    [
      'head-of-several-segments: what passed of a request is not counted',
      'Math.max(0, passed)',
      '0',
    ],
    ['connect-time', 'isFact(flows, flow, FLOW_CONNECTED) && ns !== UNKNOWN', 'false'],
    ['connect-time: of every exchange', 'setConnectNs(flows, flow, UNKNOWN);', ''],
    ['no-body: HEAD is not known', 'return EXCHANGE_HEAD;', 'return 0;'],
    ['another-protocol: CONNECT is not known', '? EXCHANGE_CONNECT : 0', '? 0 : 0'],
  ]),
  ...changes('src/exchange/within-body.ts', [
    [
      'within-request: of unknown length',
      'headBytes !== 0 && acknowledgmentOf(slots, exchange) === acknowledgmentNumber',
      'false',
    ],
    [
      'within-request: of unknown length, for ever',
      ' && acknowledgmentOf(slots, exchange) === acknowledgmentNumber',
      '',
    ],
    ['within-request: without a head', ' headBytes !== 0 &&', ''],
    ['within-request: within its head', ' && position >= headBytes', ''],
    [
      'answered-within-request',
      '!isFirstBehindResponse(tracker, flow, exchange, segment.sequenceNumber, acknowledgmentNumber)',
      'true',
    ],
    ['body-left-out', 'isBodyLeftOut(slots, exchange, position, acknowledgmentNumber)', 'false'],
    [
      'body-left-out: the place stays',
      'movePlace(flows, sideOf(flow, FROM_CLIENT), segment.sequenceNumber);',
      '',
    ],
    ['body-left-out: a part of it', 'position === headBytesOf(slots, requestOf(exchange)) &&', ''],
    ['body-left-out: before the end', 'hasMark(slots, exchange, EXCHANGE_ENDED) &&', ''],
    [
      'body-left-out: not received',
      '&&\n    bytesBetween(responseEndOf(slots, exchange), acknowledgment) >= 0',
      '',
    ],
    [
      'within-request: beyond sequence numbers',
      'totalBytesOf(slots, request) <= SEQUENCE_LEAP_MAX',
      'true',
    ],
    ['asked-behind-it', 'behind === 0 && isAskedBehindIt(tracker, flow, segment)', 'false'],
    ['asked-behind-it: behind later bytes', 'behind === 0 && ', ''],
    [
      'within-response: of known length',
      'passedBytesOf(slots, response) - behind < total',
      'false',
    ],
    [
      'within-response: believed without a request',
      ' || firstWaitingOf(flows, flow) === NO_EXCHANGE',
      '',
    ],
    [
      'within-response: chunks',
      '!areChunksLost(slots.chunks, responseOf(exchange), segment.sequenceNumber)',
      'false',
    ],
    ['within-response: until close', 'hasMark(slots, exchange, EXCHANGE_UNTIL_CLOSE)', 'false'],
    [
      'within-response: framing that was lost',
      '!areChunksLost(slots.chunks, responseOf(exchange), segment.sequenceNumber)',
      'true',
    ],
  ]),
  ...changes('src/exchange/note-response.ts', [
    [
      'lost-bytes-count: before a response',
      'passBefore(tracker, flow, segment.sequenceNumber);',
      '',
    ],
    ['lost-bytes-count: the end of a response', 'settleResponse(tracker, flow);', ''],
    ['within-response', 'isWithinResponse(tracker, flow, segment)', 'false'],
    [
      'interim-answers-nothing',
      'statusCode >= 100 && statusCode < 200 && statusCode !== STATUS_SWITCHING_PROTOCOLS',
      'false',
    ],
    ['next-response-ends-it', 'endOpenResponse(tracker, flow, true, INCOMPLETE_GAP);', ''],
    [
      'another-protocol',
      'statusCode === STATUS_SWITCHING_PROTOCOLS || (isTunnel && tracker.isConnectHidden)',
      'false',
    ],
    [
      'tunnel-goes-on',
      'hasMark(slots, index, EXCHANGE_CONNECT) && statusCode >= 200 && statusCode < 300',
      'false',
    ],
    ['another-protocol: 101', 'statusCode === STATUS_SWITCHING_PROTOCOLS ||', ''],
    [
      'another-protocol: the flow goes on',
      'noteFact(flows, flow, isTunnel ? FLOW_OTHER_PROTOCOL | FLOW_HIDDEN : FLOW_OTHER_PROTOCOL);',
      '',
    ],
    ['no-body', 'hasNoBody ? 0 : bodyLength(bytes, message)', 'bodyLength(bytes, message)'],
    ['no-body: the rest of the segment', 'return hasNoBody;', 'return false;'],
  ]),
  ...changes('src/exchange/pass-bytes.ts', [
    ['lost-bytes-count: a leap', ' || bytesCount > SEQUENCE_LEAP_MAX', ''],
    ['lost-bytes-count: a time for all', 'if (!isTimeUnknown) {', 'if (true) {'],
    ['lost-bytes-count: no time behind a gap', ' && end === segmentSequence', ''],
    ['ahead-before-the-end: not asked', 'noteBeforeTheEnd(tracker, flow);', ''],
    [
      'chunks-tell-the-end: bytes behind',
      'passedBytesOf(slots, message) - behind',
      'passedBytesOf(slots, message)',
    ],
    ['upload-goes-on', 'if (!isUploading) {', 'if (true) {'],
    [
      'upload-goes-on: for ever',
      'if (open !== NO_EXCHANGE && hasMark(slots, open, EXCHANGE_ENDED)) {',
      'if (false) {',
    ],
  ]),
  ...changes('src/exchange/waiting.ts', [
    [
      'late-request',
      'if (bytesBetween(requestStartOf(slots, last), requestStartOf(slots, index)) > 0) {',
      'if (true) {',
    ],
    [
      'late-request: its bytes',
      'setPassedBytes(slots, requestOf(index), Math.max(0, ownBytes));',
      '',
    ],
    [
      'ahead-next-request: before the later one',
      'noteNextRequest(tracker, flow, index, later);',
      '',
    ],
    [
      'ahead-next-request: behind the earlier one',
      'noteNextRequest(tracker, flow, previous, index);',
      '',
    ],
    ['late-request: any number of steps', 'steps < LATE_REQUEST_STEPS_MAX && ', ''],
  ]),
  ...changes('src/exchange/start-flow.ts', [
    ['syn-begins-anew: the old one goes on', 'closeFlow(tracker, flow);', 'return;'],
    [
      'syn-begins-anew: once more',
      '? synSequenceOf(flows, flow) === sequenceNumber\n',
      '? false\n',
    ],
    ['syn-begins-anew: late', 'isLateSyn(flows, flow, sequenceNumber);', 'false;'],
    ['syn-begins-anew: late by any distance', ' && passedBytes <= LATE_SYN_BYTES_MAX', ''],
    [
      'syn-begins-anew: no place of the client',
      'expectMessageAt(flows, client, segment.sequenceNumber);',
      '',
    ],
    [
      'syn-begins-anew: no place of the server',
      'beginSide(tracker, FROM_SERVER, sequenceNumber);',
      '',
    ],
    [
      'syn-begins-anew: every SYN-ACK',
      'if (!isFact(flows, tracker.flow, FLOW_SYN_ACK)) {',
      'if (true) {',
    ],
    [
      'syn-ack-tells-both',
      'if (tracker.flow === NO_FLOW) {',
      'if (tracker.flow === NO_FLOW) {\n    return;',
    ],
    [
      'syn-ack-tells-both: not of the client',
      'beginSide(tracker, FROM_CLIENT, acknowledgmentNumber);',
      '',
    ],
    ['syn-ack-tells-both: no late SYN', 'noteLateSyn(tracker, flow, segment);', ''],
    [
      'first-ack-tells-the-server',
      'beginSide(tracker, FROM_SERVER, segment.acknowledgmentNumber);',
      '',
    ],
    [
      'connect-time: without a SYN-ACK',
      '!isFact(flows, flow, FLOW_SYN_ACK) ||\n    !isFact(flows, flow, FLOW_SYN) ||',
      '',
    ],
    ['connect-time: with the request', 'setConnectTime(slots, request, connectNs);', ''],
  ]),
  ...changes('src/exchange/follow-segment.ts', [
    [
      'message-behind-a-body: of a response',
      'return settleResponse(tracker, flow)\n',
      'return settleResponse(tracker, flow) && false\n',
    ],
    ['message-behind-a-body: of a request', 'return hasEnded\n', 'return false\n'],
    [
      'ahead-more-bytes: not asked',
      'noteMoreBytes(tracker, flow, request, end, acknowledgmentNumber);',
      '',
    ],
    [
      'crowded-request: nothing noted',
      'noteSent(flows, flow, tracker.segmentSequence, acknowledgmentNumber);',
      '',
    ],
    ['reset-ends-all', '(flags & TCP_FLAG_RST) !== 0 && rest === NO_REST', 'false'],
    ['reset-ends-all: before the rest of its segment', ' && rest === NO_REST', ''],
    ['server-closes', 'noteServerEnd(flows, flow, end);', ''],
    [
      'server-closes: by either side',
      'if (direction === FROM_SERVER) {\n      noteServerEnd',
      'if (true) {\n      noteServerEnd',
    ],
    [
      'server-closes: before all has passed',
      '&&\n    bytesBetween(passedOf(flows, sideOf(flow, FROM_SERVER)), serverEndOf(flows, flow)) <= 0',
      '',
    ],
    ['seen-again', 'countRetransmission(slots, index);', ''],
    [
      'silence-ends: in ten seconds, whatever passes',
      'isEndKnowable(tracker, open) ? LIST_WAITING : LIST_PASSING',
      'LIST_PASSING',
    ],
    [
      'silence-ends: in ten minutes, whatever passes',
      'isEndKnowable(tracker, open) ? LIST_WAITING : LIST_PASSING',
      'LIST_WAITING',
    ],
  ]),
  ...changes('src/exchange/note-message.ts', [
    ['asker-is-client', 'turnSides(tracker, flow);', ''],
    [
      'asker-is-client: from the wrong side',
      'if (isFact(flows, flow, isRequest ? FLOW_SURE : FLOW_HTTP | FLOW_SYN | FLOW_SYN_ACK)) {',
      'if (false) {',
    ],
    ['asker-is-client: never certain', 'noteFact(flows, flow, FLOW_HTTP);', ''],
  ]),
  ...changes('src/exchange/two-in-one-place.ts', [
    [
      'two-in-one-place',
      'if (first === NO_EXCHANGE || !hasMark(slots, first, EXCHANGE_DOUBTED)) {',
      'if (true) {',
    ],
  ]),
  ...changes('src/exchange/turn-sides.ts', [
    [
      "asker-is-client: the time of the handshake is the client's",
      'setConnectNs(flows, flow, UNKNOWN);',
      '',
    ],
  ]),
  ...changes('src/exchange/end-exchange.ts', [
    [
      'next-response-ends-it: whatever was announced',
      'hasMark(slots, index, EXCHANGE_ENDED) ||\n    (',
      'true ||\n    (',
    ],
    ['next-response-ends-it: until close is never whole', '? isEndTold : ', '? false : '],
    ['silence-ends', 'expireFlow(tracker, flow, list);\n      flow', 'break;\n      flow'],
  ]),
  ...changes('src/exchange/note-preamble.ts', [
    [
      'bytes-of-no-message',
      'noteLead(flows, sideOf(flow, direction), sequence, (sequence + end - offset) | 0);',
      '',
    ],
    [
      "bytes-of-no-message: they are the one before's",
      'advance(tracker, flow, (sequence - leadBytes) | 0);',
      'advance(tracker, flow, sequence);',
    ],
    ['proxy-header-first: anywhere', 'sequence === synSequenceOf(flows, flow)', 'true'],
  ]),
  ...changes('src/exchange/proxy-client.ts', [
    ['proxy-header-first', 'noteFact(flows, flow, FLOW_PROXIED);', ''],
  ]),
  ...changes('src/exchange/may-begin.ts', [
    ['bytes-of-a-body: of known length', 'passedBytesOf(slots, message) - behind >= total', 'true'],
    ['bytes-of-a-body: of chunks', '? !isFramingAhead(slots.chunks, message, sequence)', '? true'],
    ['bytes-of-a-body: until close', '      : false;', '      : true;'],
    ['answer-lets-go', 'flow === NO_FLOW ||\n    (firstWaitingOf', 'false &&\n    (firstWaitingOf'],
    ['answer-lets-go: whoever waits', 'firstWaitingOf(flows, flow) === NO_EXCHANGE &&', ''],
    [
      'answer-lets-go: whatever passes',
      ' &&\n      mayMessageBegin(tracker, sequence, acknowledgment))',
      ')',
    ],
  ]),
  ...changes('src/exchange/arrival-order.ts', [
    ['early-segment-waits', '(missing > 0 || unseen > 0) &&', 'false &&'],
    [
      'early-segment-waits: not for its own bytes',
      '(missing > 0 || unseen > 0) &&',
      'unseen > 0 &&',
    ],
    [
      'early-segment-waits: not for the other end',
      '(missing > 0 || unseen > 0) &&',
      'missing > 0 &&',
    ],
    ['early-segment-waits: for a FIN', 'bytesCount === 1 && isFact(flows, flow, fin)', 'false'],
    [
      'early-segment-waits: within a body',
      'passedBytesOf(slots, message) + ahead <= total',
      'false',
    ],
    ['acknowledged-hole-is-a-gap', 'return isAcknowledged && isOvertaken;', 'return false;'],
    [
      'acknowledged-hole-is-a-gap: whatever was acknowledged',
      'return isAcknowledged && isOvertaken;',
      'return isOvertaken;',
    ],
    [
      'acknowledged-hole-is-a-gap: whatever came',
      'return isAcknowledged && isOvertaken;',
      'return isAcknowledged;',
    ],
    [
      'waits-no-longer: in any order',
      'while (index !== NO_EARLY && !isFirstOfSide(early, flow, early.places[index])) {',
      'while (false) {',
    ],
    ['waits-no-longer: in a circle', 'return index === NO_EARLY ? first : index;', 'return index;'],
  ]),
  ...changes('src/exchange/early-segments.ts', [
    [
      'waits-no-longer',
      'return isExpired ? oldest : NO_EARLY;',
      'return timestampSec === Number.POSITIVE_INFINITY ? oldest : NO_EARLY;',
    ],
    ['waits-no-longer: as many as come', 'flowCounts[flow] < EARLY_SEGMENTS_PER_FLOW_MAX &&', ''],
  ]),
  ...changes('src/exchange/holes.ts', [
    ['late-is-not-again', '  return true;\n', '  return false;\n'],
    [
      'late-is-not-again: for ever',
      'state.holeFrom[side] = bytesBetween(end, holeEnd) <= 0 ? holeEnd : end;',
      '',
    ],
  ]),
];
