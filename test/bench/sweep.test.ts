import { expect, test } from 'vitest';
import type { LiveStep } from '../../bench/measure/live-step.ts';
import { carriedPerSec, hasLoss, sweepUpwards } from '../../bench/measure/sweep.ts';

const LADDER = { firstPerSec: 100, factor: 2, lastPerSec: 1600, refinements: 0 };

function step(offeredPerSec: number, changes: Partial<LiveStep> = {}): LiveStep {
  return {
    offeredPerSec,
    sentPerSec: offeredPerSec,
    packets: 1000,
    refusals: 0,
    cpuSec: 1,
    threadsCpuSec: [1],
    peakMemoryKb: 1,
    ...changes,
  };
}

/** A candidate that loses from a load on, in front of a sender that reaches another. */
function candidate({ losesFrom = Infinity, senderMost = Infinity }) {
  return async (offered: number) =>
    step(offered, {
      sentPerSec: Math.min(offered, senderMost),
      messages: { expected: 10, found: offered >= losesFrom ? 9 : 10 },
    });
}

function loads(steps: readonly LiveStep[]): number[] {
  return steps.map(({ offeredPerSec }) => offeredPerSec);
}

test('hasLoss: dropped packets or missing messages, whichever the candidate tells', () => {
  expect(hasLoss(step(1, { drops: 1 }))).toBe(true);
  expect(hasLoss(step(1, { drops: 0, messages: { expected: 2, found: 1 } }))).toBe(true);
  expect(hasLoss(step(1, { drops: 0, messages: { expected: 2, found: 2 } }))).toBe(false);
  expect(hasLoss(step(1))).toBe(false);
});

test('sweepUpwards: ends at the first loss', async () => {
  const steps = await sweepUpwards(LADDER, candidate({ losesFrom: 300 }));
  expect(loads(steps)).toEqual([100, 200, 400]);
  expect(carriedPerSec(steps)).toBe(200);
});

test('sweepUpwards: looks closer between the last load carried and the first one lost', async () => {
  const ladder = { ...LADDER, refinements: 2 };
  const steps = await sweepUpwards(ladder, candidate({ losesFrom: 300 }));
  expect(loads(steps)).toEqual([100, 200, 400, 283, 336]);
  expect(carriedPerSec(steps)).toBe(283);
});

test('sweepUpwards: ends at the last load where nothing is lost', async () => {
  expect(loads(await sweepUpwards(LADDER, candidate({})))).toEqual([100, 200, 400, 800, 1600]);
});

test('sweepUpwards: ends when the sender is too slow twice, not when it is once', async () => {
  const steps = await sweepUpwards(LADDER, candidate({ senderMost: 350 }));
  expect(loads(steps)).toEqual([100, 200, 400, 800]);
  expect(carriedPerSec(steps)).toBe(350);
});

test('carriedPerSec: a load above one that lost does not count, and 0 where all lost', () => {
  const lossy = { drops: 1 };
  expect(carriedPerSec([step(100), step(200, lossy), step(400)])).toBe(100);
  expect(carriedPerSec([step(100, lossy)])).toBe(0);
});
