import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { LiveSettings } from './measure/live.ts';
import { CANDIDATES } from './peers/candidates.ts';
import { WORKLOADS } from './workloads/workloads.ts';

/** The parts of a run; `report` writes tables and plots of what was measured before. */
export const PARTS = ['offline', 'live', 'scale', 'report'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  parts: readonly Part[];
  candidates: readonly string[];
  workloads: readonly string[];
  rounds: number;
  offlinePackets: number;
  live: LiveSettings;
  livePackets: number;
  workloadFolder: string;
  outFolder: string;
}

export const USAGE = `npm run bench -- [--quick] [--only ${PARTS.join('|')}] [--rounds N]
  [--candidates LIST] [--workloads LIST] [--ring MB] [--seconds N] [--first-load N] [--packets N]
  [--workload-dir DIR] [--out DIR]`;

/** A full run, and one that only shows that everything works. */
const FULL = { rounds: 5, packets: 1_000_000, livePackets: 100_000, seconds: 3 };
const QUICK = { rounds: 1, packets: 10_000, livePackets: 10_000, seconds: 1 };
const FULL_LADDER = { firstPerSec: 20_000, factor: 2, lastPerSec: 1_280_000, refinements: 2 };
const QUICK_LADDER = { firstPerSec: 10_000, factor: 2, lastPerSec: 20_000, refinements: 0 };
/** Of httplog's own default. */
const RING_MEGABYTES = '8';

/** Throws with the usage when an argument is wrong. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      candidates: { type: 'string' },
      workloads: { type: 'string' },
      ring: { type: 'string', default: RING_MEGABYTES },
      seconds: { type: 'string' },
      'first-load': { type: 'string' },
      packets: { type: 'string' },
      'workload-dir': { type: 'string', default: pathOf('.workloads') },
      out: { type: 'string' },
    },
  });
  const sizes = values.quick ? QUICK : FULL;
  const ladder = values.quick ? QUICK_LADDER : FULL_LADDER;
  const rounds = readCount('rounds', values.rounds, sizes.rounds);
  return {
    parts: readList('only', values.only, PARTS) as Part[],
    candidates: readList(
      'candidates',
      values.candidates,
      CANDIDATES.map(({ name }) => name),
    ),
    workloads: readList('workloads', values.workloads, Object.keys(WORKLOADS)),
    rounds,
    offlinePackets: readCount('packets', values.packets, sizes.packets),
    live: {
      rounds,
      seconds: readCount('seconds', values.seconds, sizes.seconds),
      ringMegabytes: readCount('ring', values.ring, Number(RING_MEGABYTES)),
      ladder: {
        ...ladder,
        firstPerSec: readCount('first-load', values['first-load'], ladder.firstPerSec),
      },
    },
    livePackets: sizes.livePackets,
    workloadFolder: values['workload-dir'],
    // Figures of a quick run must not take the place of real ones.
    outFolder: values.out ?? pathOf(values.quick ? '.workloads/quick' : '../docs/performance'),
  };
}

function readCount(name: string, text: string | undefined, otherwise: number): number {
  const count = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(count) || count < 1) {
    throw new Error(`--${name} is a whole number from 1 up, not ${text}`);
  }
  return count;
}

/** All of them unless some are named. */
function readList(name: string, text: string | undefined, known: readonly string[]): string[] {
  const chosen = text === undefined ? [...known] : text.split(',');
  const unknown = chosen.find((one) => !known.includes(one));
  if (unknown !== undefined) {
    throw new Error(`--${name} does not know ${unknown}: choose of ${known.join(', ')}`);
  }
  return chosen;
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
