/**
 * Changes the rules of exchange, redact and filter one at a time, in a copy of this tree, and says which
 * changes no test notices. Half an hour and more: for whoever changes rules or tests, not for every commit.
 *
 *     node scripts/mutate.ts [--rooms exchange,filter] [--count 20] [--seed 1] [--minutes 90] [--only PATTERN]
 *
 * `--count` is of generated changes a room, besides the listed ones; `--only` takes those of all changes whose
 * description the regular expression matches. Exits with 1 when fewer than 95 % turned a test red.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LISTED_MUTANTS } from './listed-mutants.ts';
import {
  applyMutant,
  chooseMutants,
  describeMutant,
  findMutants,
  locateMutant,
  type Mutant,
} from './mutants.ts';

/** What tells of a room: a program that runs some of its tests faster, then test files, the quick ones first. */
export interface MutationRoom {
  readonly folder: string;
  readonly program?: string;
  readonly tests: readonly (readonly string[])[];
}

export const ROOMS: Readonly<Record<string, MutationRoom>> = {
  exchange: {
    folder: 'src/exchange',
    program: 'test/exchange/pairing-cases.ts',
    tests: [
      ['test/exchange/pairing.', 'test/exchange/early', 'test/exchange/lost'],
      ['test/output/record-outputs'],
      ['test/output/behind-proxy', 'test/exchange/full', 'test/exchange/faults'],
    ],
  },
  redact: {
    folder: 'src/redact',
    tests: [['test/redact'], ['test/output/record-outputs']],
  },
  filter: {
    folder: 'src/filter',
    tests: [['test/filter'], ['test/output/record-outputs']],
  },
};

/** A command that is green when it exits with 0, and how long it may take. */
interface Step {
  readonly args: readonly string[];
  timeoutMs: number;
}

const KILLED_SHARE_MIN = 0.95;
const UNCHANGED_TIMEOUT_MS = 600_000;
/** A change can make a loop endless: so many times what the unchanged tests took is long enough, and at least that. */
const TIMEOUT_FACTOR = 5;
const TIMEOUT_MS_MIN = 30_000;
/** No test is to fail because the machine is busy. */
const TEST_TIMEOUT_MS = 120_000;
const MILLISECONDS_PER_MINUTE = 60_000;
/** What the copy does not need, or must not have. */
const NOT_COPIED = new Set(['node_modules', '.git', 'dist', '.workloads']);

export interface Judged {
  readonly description: string;
  readonly isKilled: boolean;
}

/** A copy of the project that can be changed without harm; its packages are those of this checkout. */
export function copyProject(project: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'httplog-mutate-'));
  cpSync(project, copy, {
    recursive: true,
    filter: (path) => !NOT_COPIED.has(basename(path)),
  });
  symlinkSync(
    fileURLToPath(new URL('../node_modules', import.meta.url)),
    join(copy, 'node_modules'),
  );
  return copy;
}

/**
 * Makes each change in the copy, one at a time, and runs the steps until one is red.
 *
 * @param deadlineMs no change is tried behind it
 */
export async function judgeMutants(
  copy: string,
  room: MutationRoom,
  mutants: readonly Mutant[],
  deadlineMs: number,
): Promise<Judged[]> {
  const steps = await measureSteps(copy, room);
  const judged: Judged[] = [];
  for (const mutant of mutants) {
    if (Date.now() > deadlineMs) {
      console.log('Out of time: what follows was not tried (--minutes)');
      break;
    }
    const file = join(copy, mutant.file);
    const text = readFileSync(file, 'utf8');
    const description = describeMutant(text, mutant);
    writeFileSync(file, applyMutant(text, mutant));
    const isKilled = !(await areGreen(copy, steps));
    writeFileSync(file, text);
    console.log(`${isKilled ? 'killed  ' : 'SURVIVED'} ${description}`);
    judged.push({ description, isKilled });
  }
  return judged;
}

/** The steps of a room, with the time that they may take; throws when one is red before anything was changed. */
async function measureSteps(copy: string, { program, tests }: MutationRoom): Promise<Step[]> {
  const vitest = join(copy, 'node_modules/vitest/vitest.mjs');
  const options = ['run', '--bail', '1', '--testTimeout', String(TEST_TIMEOUT_MS)];
  const steps = [
    ...(program === undefined ? [] : [[program]]),
    ...tests.map((files) => [vitest, ...options, ...files]),
  ].map((args): Step => ({ args, timeoutMs: UNCHANGED_TIMEOUT_MS }));
  for (const step of steps) {
    const startMs = Date.now();
    if (!(await isGreen(copy, step))) {
      throw new Error(`Red before anything was changed: ${step.args.join(' ')}`);
    }
    step.timeoutMs = Math.max(TIMEOUT_MS_MIN, TIMEOUT_FACTOR * (Date.now() - startMs));
  }
  return steps;
}

async function areGreen(copy: string, steps: readonly Step[]): Promise<boolean> {
  for (const step of steps) {
    if (!(await isGreen(copy, step))) {
      return false;
    }
  }
  return true;
}

function isGreen(copy: string, { args, timeoutMs }: Step): Promise<boolean> {
  const child = spawn(process.execPath, args, {
    cwd: copy,
    stdio: 'ignore',
    // A group of its own, so that an endless loop in a fork ends with it.
    detached: true,
  });
  const end = () => endGroup(child.pid);
  process.once('exit', end);
  return new Promise((done, fail) => {
    const timer = setTimeout(end, timeoutMs);
    child.on('error', fail);
    child.on('exit', (code) => {
      clearTimeout(timer);
      process.off('exit', end);
      done(code === 0);
    });
  });
}

function endGroup(pid: number | undefined): void {
  try {
    process.kill(-(pid as number), 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** The changes of a room that are to be tried: the listed ones, and as many generated ones. */
function mutantsOfRoom(copy: string, folder: string, count: number, seed: number): Mutant[] {
  const listed = LISTED_MUTANTS.filter(({ file }) => file.startsWith(`${folder}/`));
  return [
    ...listed.map((one) => locateMutant(copy, one)),
    ...chooseMutants(findMutants(copy, folder), count, seed),
  ];
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      rooms: { type: 'string', default: Object.keys(ROOMS).join(',') },
      count: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '90' },
      only: { type: 'string', default: '' },
    },
  });
  const rooms = values.rooms.split(',');
  const unknown = rooms.filter((name) => !(name in ROOMS));
  if (unknown.length > 0) {
    console.error(`No rooms: ${unknown.join(', ')}; there are ${Object.keys(ROOMS).join(', ')}`);
    process.exit(2);
  }
  const deadlineMs = Date.now() + Number(values.minutes) * MILLISECONDS_PER_MINUTE;
  const copy = copyProject(fileURLToPath(new URL('..', import.meta.url)));
  process.once('exit', () => rmSync(copy, { recursive: true, force: true }));
  process.once('SIGINT', () => process.exit(1)).once('SIGTERM', () => process.exit(1));
  const only = new RegExp(values.only);
  const judged: Judged[] = [];
  for (const room of rooms.map((name) => ROOMS[name])) {
    const mutants = mutantsOfRoom(copy, room.folder, Number(values.count), Number(values.seed));
    const wanted = mutants.filter((mutant) => {
      const text = readFileSync(join(copy, mutant.file), 'utf8');
      return only.test(describeMutant(text, mutant));
    });
    judged.push(...(await judgeMutants(copy, room, wanted, deadlineMs)));
  }
  const killedCount = judged.filter(({ isKilled }) => isKilled).length;
  console.log(`${killedCount} of ${judged.length} changes turned a test red`);
  process.exitCode = killedCount >= KILLED_SHARE_MIN * judged.length ? 0 : 1;
}
