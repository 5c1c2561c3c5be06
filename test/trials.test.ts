import { describe, expect, it } from 'vitest';
import { listTrials, missingTrials, readExpected, runTrial, WAYS } from './fixtures/run-trial.ts';
import { titleWithReason } from './live/requirements.ts';

/** Trials that are not right yet in one of the ways, and what is missing. A row that holds no more fails too. */
const NOT_YET: Readonly<Record<string, string>> = {
  'f18-body-that-looks-like-http': 'bodies give lines of text',
};

const TRIALS_COUNT = 29;

const named = listTrials().map((name) => [name.replace(/\.pcap.*$/, ''), name] as const);
const right = named.filter(([title]) => NOT_YET[title] === undefined);
const wrong = named.filter(([title]) => NOT_YET[title] !== undefined);

async function runAllWays(name: string): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const way of Object.keys(WAYS)) {
    found[way] = await runTrial(name, way);
  }
  return found;
}

/** What a trial is about, and what is right of it and why, its `.md` beside the capture says. */
describe.skipIf(missingTrials !== undefined)(
  titleWithReason('the captures of ../shared/trials', missingTrials),
  () => {
    it('are all there, and each row of those that are not right names one', () => {
      expect(named).toHaveLength(TRIALS_COUNT);
      expect(wrong.map(([title]) => title)).toEqual(Object.keys(NOT_YET));
    });

    it.each(right)('%s is right', async (_title, name) => {
      expect(await runAllWays(name)).toEqual(readExpected(name));
    });

    it.each(wrong)('%s is not right yet', async (title, name) => {
      expect(await runAllWays(name), `take the row of ${title} out`).not.toEqual(
        readExpected(name),
      );
    });
  },
);
