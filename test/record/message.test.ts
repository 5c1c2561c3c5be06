import { describe, expect, it } from 'vitest';
import { createMessage, takeRequest, takeResponse } from '../../src/record/message.ts';
import { TYPE_CQ, TYPE_CR, TYPE_SQ, TYPE_SR } from '../../src/record/message-type.ts';
import { type ExchangeParts, makeExchange } from '../exchange/make-exchange.ts';

const MIDNIGHT = { timestampSec: 1567382399, timestampSubsecNs: 990_000_000 };

function take(parts: ExchangeParts) {
  const exchange = makeExchange(parts);
  const request = createMessage(0);
  const response = createMessage(0);
  takeRequest(request, exchange);
  takeResponse(response, exchange);
  return { exchange, request, response };
}

describe('messages of an exchange', () => {
  it('are each of their side, and of the type that the side makes them', () => {
    const { request, response } = take({ type: TYPE_CQ });
    expect([request.hasRequest, request.hasResponse, request.type]).toEqual([true, false, TYPE_CQ]);
    expect([response.hasRequest, response.hasResponse, response.type]).toEqual([
      ...[false, true, TYPE_CR],
    ]);
    const asked = take({ type: TYPE_SQ });
    expect([asked.request.type, asked.response.type]).toEqual([TYPE_SQ, TYPE_SR]);
  });

  it('have the heads and ends of the exchange itself, and nothing of the other head', () => {
    const { exchange, request, response } = take({ vlanIds: [7], retransmittedSegments: 3 });
    expect(request.request).toBe(exchange.request);
    expect(response.response).toBe(exchange.response);
    expect(request.client).toBe(exchange.client);
    expect(request.id).toBe(exchange.id);
    expect([request.statusCode, response.statusCode]).toEqual([-1, 200]);
    expect([request.requestHeadBytes, request.responseHeadBytes]).toEqual([
      ...[exchange.requestHeadBytes, -1],
    ]);
    expect([request.wire.vlanTagsCount, request.wire.vlanIds[0]]).toEqual([1, 7]);
    expect([request, response].map(({ wire }) => wire.retransmittedSegments)).toEqual([0, 0]);
  });

  it('a request whose line is cut says so, whatever the record was before', () => {
    const cut = makeExchange({ isTargetCut: true });
    const whole = makeExchange();
    const request = createMessage(0);
    const marks = [cut, whole, cut].map((exchange) => {
      takeRequest(request, exchange);
      return request.isTargetCut;
    });
    expect(marks).toEqual([true, false, true]);
  });

  it('are each at its own time, the response in the next second', () => {
    const { request, response } = take({ ...MIDNIGHT, firstByteNs: 20_000_000 });
    expect(request).toMatchObject(MIDNIGHT);
    expect(response).toMatchObject({ timestampSec: 1567382400, timestampSubsecNs: 10_000_000 });
  });

  it('a response without a request is at the time of the exchange', () => {
    expect(take({ ...MIDNIGHT, requestHead: null, firstByteNs: -1 }).response).toMatchObject(
      MIDNIGHT,
    );
  });
});
