import { describe, expect, it } from 'vitest';
import { listTrials, missingTrials, readExpected, runTrial, WAYS } from './fixtures/run-trial.ts';
import { titleWithReason } from './live/requirements.ts';

const TRIALS_COUNT = 29;

const named = listTrials().map((name) => [name.replace(/\.pcap.*$/, ''), name] as const);

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
    it('are all there', () => {
      expect(named).toHaveLength(TRIALS_COUNT);
    });

    it.each(named)('%s is right', async (_title, name) => {
      expect(await runAllWays(name)).toEqual(readExpected(name));
    });
  },
);
