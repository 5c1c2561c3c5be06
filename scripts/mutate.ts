/**
 * Changes the rules of exchange, redact and filter one at a time, in a copy of this tree, and says which
 * changes no test notices. Half an hour and more: for whoever changes rules or tests, not for every commit.
 *
 *     node scripts/mutate.ts [--rooms exchange,filter] [--count 20] [--seed 1] [--minutes 90] [--only TEXT]
 *
 * `--count` is of generated changes a room, besides the listed ones; `--only` takes those of all changes whose
 * description has the text. Exits with 1 when fewer than 95 % of the changes turned a test red.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
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

/** Test files that tell of a room, those that are quick and tell most first. */
export interface MutationRoom {
  readonly folder: string;
  readonly tests: readonly (readonly string[])[];
}

const ROOMS: Readonly<Record<string, MutationRoom>> = {
  exchange: {
    folder: 'src/exchange',
    tests: [
      ['test/exchange/pairing-cases.test.ts'],
      [
        'test/exchange/pairing',
        'test/exchange/lost',
        'test/exchange/full',
        'test/worker/record-outputs',
      ],
      ['test/exchange/faults'],
    ],
  },
  redact: {
    folder: 'src/redact',
    tests: [['test/redact'], ['test/worker/record-outputs.test.ts']],
  },
  filter: {
    folder: 'src/filter',
    tests: [['test/filter'], ['test/worker/record-outputs.test.ts']],
  },
};

const KILLED_SHARE_MIN = 0.95;
/** A change can make a loop endless; a run without one takes some seconds. */
const RUN_TIMEOUT_MS = 120_000;
const MILLISECONDS_PER_MINUTE = 60_000;
/** What the copy does not need, or must not have. */
const NOT_COPIED = new Set(['node_modules', '.git', 'dist', '.workloads']);

export interface Judged {
  readonly mutant: Mutant;
  readonly isKilled: boolean;
}

/** A copy of the project that can be changed without harm; its packages are the project's own. */
export function copyProject(project: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'httplog-mutate-'));
  cpSync(project, copy, {
    recursive: true,
    filter: (path) => !NOT_COPIED.has(path.slice(path.lastIndexOf('/') + 1)),
  });
  const packages = fileURLToPath(new URL('../node_modules', import.meta.url));
  symlinkSync(packages, join(copy, 'node_modules'));
  return copy;
}

/** Makes the change in the copy, runs the tests until one is red, and takes the change back. */
export async function judgeMutant(
  copy: string,
  mutant: Mutant,
  tests: MutationRoom['tests'],
): Promise<boolean> {
  const file = join(copy, mutant.file);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, applyMutant(text, mutant));
  try {
    for (const files of tests) {
      if (!(await areTestsGreen(copy, files))) {
        return true;
      }
    }
    return false;
  } finally {
    writeFileSync(file, text);
  }
}

/** Runs test files in the copy up to the first failure; one that takes too long has failed. */
export function areTestsGreen(copy: string, files: readonly string[]): Promise<boolean> {
  const vitest = join(copy, 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', '--bail', '1', ...files], {
    cwd: copy,
    stdio: 'ignore',
    // A group of its own, so that an endless loop in a fork ends with it.
    detached: true,
    env: { ...process.env, FORCE_COLOR: '0' },
  });
  return new Promise((done, fail) => {
    const timer = setTimeout(() => endGroup(child.pid), RUN_TIMEOUT_MS);
    child.on('error', fail);
    child.on('exit', (code) => {
      clearTimeout(timer);
      done(code === 0);
    });
  });
}

function endGroup(pid: number | undefined): void {
  if (pid !== undefined) {
    process.kill(-pid, 'SIGKILL');
  }
}

interface MutateOptions {
  rooms: string[];
  count: number;
  seed: number;
  only: string;
  deadlineMs: number;
}

async function mutate(project: string, options: MutateOptions): Promise<Judged[]> {
  const copy = copyProject(project);
  const end = (): never => {
    rmSync(copy, { recursive: true, force: true });
    process.exit(1);
  };
  process.once('SIGINT', end).once('SIGTERM', end);
  try {
    const judged: Judged[] = [];
    for (const name of options.rooms) {
      const room = ROOMS[name];
      if (!(await areTestsGreen(copy, room.tests.flat()))) {
        throw new Error(`The tests of ${name} are red before anything was changed`);
      }
      judged.push(...(await judgeRoom(copy, room, options)));
    }
    return judged;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function judgeRoom(
  copy: string,
  room: MutationRoom,
  options: MutateOptions,
): Promise<Judged[]> {
  const listed = LISTED_MUTANTS.filter(({ file }) => file.startsWith(`${room.folder}/`));
  const generated = chooseMutants(findMutants(copy, room.folder), options.count, options.seed);
  const mutants = [...listed.map((one) => locateMutant(copy, one)), ...generated];
  const judged: Judged[] = [];
  for (const mutant of mutants) {
    const description = describeMutant(readFileSync(join(copy, mutant.file), 'utf8'), mutant);
    if (!description.includes(options.only)) {
      continue;
    }
    if (Date.now() > options.deadlineMs) {
      console.log('Out of time: what follows was not tried (--minutes)');
      break;
    }
    const isKilled = await judgeMutant(copy, mutant, room.tests);
    console.log(`${isKilled ? 'killed  ' : 'SURVIVED'} ${description}`);
    judged.push({ mutant, isKilled });
  }
  return judged;
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
  const judged = await mutate(resolve(fileURLToPath(new URL('..', import.meta.url))), {
    rooms,
    count: Number(values.count),
    seed: Number(values.seed),
    only: values.only,
    deadlineMs: Date.now() + Number(values.minutes) * MILLISECONDS_PER_MINUTE,
  });
  const killedCount = judged.filter(({ isKilled }) => isKilled).length;
  console.log(`${killedCount} of ${judged.length} changes turned a test red`);
  process.exitCode = killedCount >= KILLED_SHARE_MIN * judged.length ? 0 : 1;
}
