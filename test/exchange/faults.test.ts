import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asCaptured } from './conversation.ts';
import { addFaults, type Faults } from './random-faults.ts';
import { createTraffic, type Traffic } from './random-traffic.ts';
import { type ExchangeLine, requestId, responseId, runExchanges } from './run-exchanges.ts';

const NUM_RUNS = 12;
const SEED = 20190901;
const FLOWS_COUNT = 10;
const EXCHANGES_PER_FLOW = 20;

/** Shares of what loss of a hundredth of the frames leaves complete of what it did not hit itself. */
const COMPLETE_SHARE_MIN = 0.97;

const FAULTS: { name: string; faults: Faults; depthMax: number }[] = [
  { name: '1 % lost', faults: { dropped: 0.01 }, depthMax: 1 },
  { name: '10 % lost', faults: { dropped: 0.1 }, depthMax: 1 },
  { name: '10 % doubled', faults: { doubled: 0.1 }, depthMax: 1 },
  { name: '1 % moved', faults: { moved: 0.01 }, depthMax: 1 },
  { name: '10 % moved', faults: { moved: 0.1 }, depthMax: 1 },
  { name: 'captures begun in the middle', faults: { joinShare: 1 }, depthMax: 1 },
  {
    name: 'all of them',
    faults: { dropped: 0.01, doubled: 0.01, moved: 0.01, joinShare: 0.5 },
    depthMax: 1,
  },
  { name: '1 % lost, pipelined', faults: { dropped: 0.01 }, depthMax: 20 },
  { name: '10 % doubled, pipelined', faults: { doubled: 0.1 }, depthMax: 20 },
  { name: '1 % moved, pipelined', faults: { moved: 0.01 }, depthMax: 20 },
];

const seeds = fc.integer({ min: 1, max: 1_000_000 });

/** Complete exchanges by id, each checked to be of one request and its own response. */
function completeById(lines: readonly ExchangeLine[]): Map<string, ExchangeLine> {
  const complete = new Map<string, ExchangeLine>();
  for (const line of lines) {
    const asked = requestId(line);
    const answered = responseId(line);
    if (asked !== undefined && answered !== undefined) {
      expect(asked).toBe(answered);
    }
    if (line.complete) {
      expect(asked).toBeDefined();
      expect(complete.has(asked as string)).toBe(false);
      complete.set(asked as string, line);
    }
  }
  return complete;
}

/** To make the traffic costs as much as to pair it, and each fault is put into the same. */
const made = new Map<string, Traffic>();

function trafficOf(seed: number, depthMax: number): Traffic {
  const key = `${seed} ${depthMax}`;
  let traffic = made.get(key);
  if (traffic === undefined) {
    const counts = { flowsCount: FLOWS_COUNT, exchangesPerFlow: EXCHANGES_PER_FLOW };
    traffic = createTraffic(seed, { ...counts, depthMax });
    made.set(key, traffic);
  }
  return traffic;
}

test.each([1, 20])('every exchange is whole and exact, up to %i requests ahead', async (depth) => {
  await fc.assert(
    fc.asyncProperty(seeds, fc.boolean(), async (seed, isHeadCompleted) => {
      const { frames, exchanges } = trafficOf(seed, depth);
      const { lines } = await runExchanges(asCaptured(frames), { isHeadCompleted });
      const complete = completeById(lines);
      expect(lines).toHaveLength(exchanges.length);
      for (const exchange of exchanges) {
        const lastNs = Math.max(exchange.requestLastNs, exchange.responseLastNs);
        expect(complete.get(exchange.id)).toMatchObject({
          request_head_bytes: exchange.requestHeadBytes,
          request_body_bytes: exchange.requestBodyBytes,
          response_head_bytes: exchange.responseHeadBytes,
          response_body_bytes: exchange.responseBodyBytes,
          request_ms: milliseconds(exchange.requestLastNs - exchange.requestFirstNs),
          ttfb_ms: milliseconds(exchange.responseFirstNs - exchange.requestFirstNs),
          response_ms: milliseconds(exchange.responseLastNs - exchange.responseFirstNs),
          duration_ms: milliseconds(lastNs - exchange.requestFirstNs),
        });
      }
    }),
    { numRuns: NUM_RUNS, seed: SEED },
  );
});

test.each(FAULTS)('no wrong pair with $name', async ({ faults, depthMax }) => {
  await fc.assert(
    fc.asyncProperty(seeds, fc.boolean(), async (seed, isHeadCompleted) => {
      const captured = addFaults(trafficOf(seed, depthMax), seed, faults);
      const { lines } = await runExchanges(asCaptured(captured.frames), { isHeadCompleted });
      expect(completeById(lines).size).toBeGreaterThan(0);
      for (const line of lines) {
        expect(Math.min(0, line.ttfb_ms ?? 0, line.duration_ms ?? 0)).toBe(0);
      }
    }),
    { numRuns: NUM_RUNS, seed: SEED },
  );
});

test('pairing finds its place again behind what was lost', async () => {
  let unhit = 0;
  let whole = 0;
  for (let seed = 1; seed <= NUM_RUNS; seed++) {
    const traffic = trafficOf(seed, 1);
    const { frames, lost } = addFaults(traffic, seed, { dropped: 0.01 });
    const complete = completeById((await runExchanges(asCaptured(frames))).lines);
    for (const { id, requestFrame, responseFrame } of traffic.exchanges) {
      if (!lost.has(requestFrame) && !lost.has(responseFrame)) {
        unhit++;
        whole += complete.has(id) ? 1 : 0;
      }
    }
  }
  expect(unhit).toBeGreaterThan(0);
  expect(whole / unhit).toBeGreaterThan(COMPLETE_SHARE_MIN);
});

function milliseconds(ns: number): number {
  return Math.round(ns) / 1e6;
}
