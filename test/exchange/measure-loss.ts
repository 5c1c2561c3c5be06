/**
 * How many exchanges are complete when frames are lost or moved, and how many pairs are wrong:
 *
 *     node test/exchange/measure-loss.ts [--seeds 40] [--exchanges 20]
 *
 * Each seed is a capture of 10 connections with 20 exchanges each, unless told otherwise. `always ahead`: the client of every connection
 * sends 20 requests ahead, else of each one up to so many.
 */
import { parseArgs } from 'node:util';
import { asCaptured } from './conversation.ts';
import { addFaults, type Faults } from './random-faults.ts';
import { createTraffic, type TrafficOptions } from './random-traffic.ts';
import { requestId, responseId, runExchanges } from './run-exchanges.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '40' },
    exchanges: { type: 'string', default: '20' },
  },
});
const COUNTS = { flowsCount: 10, exchangesPerFlow: Number(values.exchanges) };
const WAYS: readonly [string, TrafficOptions, Faults][] = [
  ['1 % lost, always ahead', { ...COUNTS, depthMax: 20, isAlwaysDeep: true }, { dropped: 0.01 }],
  ['1 % lost, up to 20 ahead', { ...COUNTS, depthMax: 20 }, { dropped: 0.01 }],
  ['1 % lost, one at a time', { ...COUNTS, depthMax: 1 }, { dropped: 0.01 }],
  ['1 % moved, always ahead', { ...COUNTS, depthMax: 20, isAlwaysDeep: true }, { moved: 0.01 }],
];

for (const [name, options, faults] of WAYS) {
  let asked = 0;
  let complete = 0;
  let wrong = 0;
  let unhit = 0;
  let unhitComplete = 0;
  for (let seed = 1; seed <= Number(values.seeds); seed++) {
    const traffic = createTraffic(seed, options);
    const { frames, lost } = addFaults(traffic, seed, faults);
    const { lines } = await runExchanges(asCaptured(frames), { isHeadCompleted: true });
    const found = new Set(lines.filter((line) => line.complete).map(requestId));
    asked += traffic.exchanges.length;
    complete += found.size;
    wrong += lines.filter((line) => {
      const [request, response] = [requestId(line), responseId(line)];
      return request !== undefined && response !== undefined && request !== response;
    }).length;
    for (const { id, requestFrame, responseFrame } of traffic.exchanges) {
      if (!lost.has(requestFrame) && !lost.has(responseFrame)) {
        unhit++;
        unhitComplete += found.has(id) ? 1 : 0;
      }
    }
  }
  const percent = (part: number, all: number) => `${((100 * part) / all).toFixed(1)} %`;
  console.log(
    `${name}: ${percent(complete, asked)} of ${asked} complete, ${wrong} wrong; ` +
      `${percent(unhitComplete, unhit)} of those whose heads were not lost`,
  );
}
