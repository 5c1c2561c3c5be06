import { describe, expect, it } from 'vitest';
import { createRandom } from '../decode/seeded-random.ts';
import { STREAM_CASES, WHOLE_CASES } from './conversations.ts';
import { BYTE_BY_BYTE, type Cut, eventsOf, linesOf, WHOLE } from './feed-stream.ts';

/** Every head as its start line. */
function shorten(line: string): string {
  const head =
    /^((?:request|interim|response)(?: \([^)]*\))? )(?!data |end$)([^\r\n]*)[\s\S]*$/.exec(line);
  return head === null ? line : head[1] + head[2];
}

/** Pieces of any size, the same each time. */
function randomCut(seed: number, bytesMax: number): Cut {
  const random = createRandom(seed);
  return () => 1 + random(bytesMax);
}

/** One cut, behind so many bytes of each step. */
const cutAt = (at: number): Cut => {
  return (left) => (left > at ? left - at : left);
};

describe('a stream', () => {
  it.each([...STREAM_CASES, ...WHOLE_CASES].map((one) => [one.title, one] as const))(
    'tells: %s',
    (_title, { steps, events }) => {
      expect(eventsOf(steps).map(shorten)).toEqual(events);
    },
  );

  it.each(STREAM_CASES.map((one) => [one.title, one] as const))(
    'tells the same however it is cut: %s',
    (_title, { steps }) => {
      const whole = { events: eventsOf(steps), lines: linesOf(steps) };
      const same = (cut: Cut, how: string): void => {
        expect({ events: eventsOf(steps, cut), lines: linesOf(steps, cut) }, how).toEqual(whole);
      };
      same(WHOLE, 'whole');
      same(BYTE_BY_BYTE, 'byte by byte');
      const longest = Math.max(...steps.map((step) => ('bytes' in step ? step.bytes.length : 0)));
      for (let at = 1; at < Math.min(longest, 300); at++) {
        same(cutAt(at), `cut ${at} bytes before the end`);
      }
      for (let seed = 1; seed <= 20; seed++) {
        same(randomCut(seed, 1 + 3 * seed), `random cut ${seed}`);
      }
    },
  );
});
