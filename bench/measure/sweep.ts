import type { LiveStep } from './live-step.ts';

/** Offered loads in packets a second: from the first upwards by the factor, at most the last. */
export interface Ladder {
  firstPerSec: number;
  factor: number;
  lastPerSec: number;
  /** Loads tried between the last one carried and the first one not. */
  refinements: number;
}

/** A sender that reaches less than this share of a rate is at its own limit. */
const REACHED_SHARE = 0.9;

/** Whether anything was lost: packets as the kernel counts them, or lines. */
export function hasLoss({ drops, messages }: LiveStep): boolean {
  return (drops ?? 0) > 0 || (messages !== undefined && messages.found < messages.expected);
}

function isReached({ offeredPerSec, sentPerSec }: LiveStep): boolean {
  return sentPerSec >= offeredPerSec * REACHED_SHARE;
}

/** The highest load that was sent without a loss, below the first one that was not; 0 where all had losses. */
export function carriedPerSec(steps: readonly LiveStep[]): number {
  const sorted = steps.toSorted((a, b) => a.sentPerSec - b.sentPerSec);
  const firstLoss = sorted.findIndex(hasLoss);
  const carried = firstLoss < 0 ? sorted : sorted.slice(0, firstLoss);
  return carried.at(-1)?.sentPerSec ?? 0;
}

/** Upwards until something is lost or the sender can no more, then finer below the first loss. */
export async function sweepUpwards(
  ladder: Ladder,
  runStep: (offeredPerSec: number) => Promise<LiveStep>,
): Promise<LiveStep[]> {
  const steps: LiveStep[] = [];
  for (let rate = ladder.firstPerSec; rate <= ladder.lastPerSec; rate *= ladder.factor) {
    const step = await runStep(Math.round(rate));
    steps.push(step);
    if (hasLoss(step)) {
      return [...steps, ...(await refine(rate / ladder.factor, rate, ladder.refinements, runStep))];
    }
    // One slow step may be the machine's; two are the sender's end.
    if (steps.length > 1 && steps.slice(-2).every((one) => !isReached(one))) {
      break;
    }
  }
  return steps;
}

async function refine(
  carried: number,
  lost: number,
  refinements: number,
  runStep: (offeredPerSec: number) => Promise<LiveStep>,
): Promise<LiveStep[]> {
  if (refinements === 0) {
    return [];
  }
  const middle = Math.sqrt(carried * lost);
  const step = await runStep(Math.round(middle));
  const rest = hasLoss(step)
    ? await refine(carried, middle, refinements - 1, runStep)
    : await refine(middle, lost, refinements - 1, runStep);
  return [step, ...rest];
}
