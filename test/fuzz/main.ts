/**
 * The long form of the fuzz tests: `npm run fuzz -- --minutes 20 [--seed N]`.
 *
 * First every frame of the fixtures, of `../shared/corpus` and of generated stacks is cut at every byte and changed
 * byte by byte; then mutants are made for the rest of the time, and those that took a new way through the decoder
 * become parents of others; and conversations are changed and paired. Failing inputs are written into `test/issues`. Exit code 1 when there is one.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { createFrame, FILL_END } from '../../src/capture/frame.ts';
import { openCapture } from '../../src/capture/open-capture.ts';
import { HttplogError } from '../../src/errors.ts';
import type { TimedFrame } from '../exchange/conversation.ts';
import { changedConversation } from './conversations.ts';
import { createExchangeOracle } from './exchange-oracle.ts';
import { createOracle, type Oracle, type TestFrame } from './frame-oracle.ts';
import { corpusCaptures, firstFrames, fixturePaths, noCorpus } from './known-frames.ts';
import { BORDER_BYTES, createRandom, mutate, type Random } from './random-bytes.ts';
import { stacks } from './stacks.ts';

const ISSUES = new URL('../issues/', import.meta.url);
const FRAMES_PER_CAPTURE = 5;
const HEADER_BYTES = 200;
/** Generated frames among the parents: every layer that is read, in many orders. */
const STACKS_COUNT = 600;
/** One conversation among so many frames. */
const FRAMES_PER_CONVERSATION = 8;
/** Inputs kept as parents; the newest take the place of others at random. */
const PARENTS_MAX = 20_000;
/** One capture file among so many frames: opening a file costs as much as thousands of frames. */
const FRAMES_PER_FILE = 4000;
/** Frames that a mutated file may give: its bytes bound them, and a mistake there must not last for ever. */
const FILE_FRAMES_MAX = 1_000_000;
/** Seconds after which one input has taken too long. */
const INPUT_SEC_MAX = 5;
const PROGRESS_INTERVAL_MS = 10_000;
const FINDINGS_MAX = 20;
const LINK_TYPES = [0, 1, 9, 12, 14, 50, 51, 101, 104, 108, 113, 228, 229, 239, 276];

interface Run {
  readonly random: Random;
  readonly deadlineMs: number;
  readonly ways: Set<string>;
  readonly findings: Map<string, string>;
  executions: number;
  conversations: number;
  files: number;
}

const directory = mkdtempSync(join(tmpdir(), 'httplog-fuzz-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error('usage: npm run fuzz -- [--minutes N] [--seed WHOLE-NUMBER]');
  process.exit(2);
}
async function fuzz(): Promise<void> {
  const startMs = performance.now();
  const run: Run = {
    random: createRandom(seed),
    deadlineMs: startMs + minutes * 60_000,
    ways: new Set(),
    findings: new Map(),
    executions: 0,
    conversations: 0,
    files: 0,
  };
  console.log(`seed ${seed}, ${minutes} minutes`);
  if (noCorpus !== undefined) {
    console.log(`${noCorpus}: only the fixtures are seeds`);
  }
  const paths = [...fixturePaths(), ...corpusCaptures().map(({ path }) => path)];
  const parents: TestFrame[] = [];
  for (const path of paths) {
    parents.push(...(await firstFrames(path, FRAMES_PER_CAPTURE)));
  }
  console.log(`${paths.length} captures give ${parents.length} frames`);
  parents.push(...fc.sample(stacks, { numRuns: STACKS_COUNT, seed }));
  const report = setInterval(() => printState(run, startMs), PROGRESS_INTERVAL_MS);
  await cutAndSet(run, parents);
  await mutateFrames(run, parents, paths);
  clearInterval(report);
  printState(run, startMs);
  for (const [what, file] of run.findings) {
    console.log(`open: ${file}: ${what}`);
  }
  console.log(
    `${run.executions} executions, ${run.conversations} conversations, ${run.files} capture files, ` +
      `${run.findings.size} new findings, ${run.findings.size} open`,
  );
  process.exitCode = run.findings.size === 0 ? 0 : 1;
}

/** At most half of the time. */
async function cutAndSet(run: Run, frames: readonly TestFrame[]): Promise<void> {
  const oracle = createOracle({ isForgetful: true });
  const endMs = (performance.now() + run.deadlineMs) / 2;
  const check = (frame: TestFrame) => {
    execute(run, () => oracle.check(frame), describeFrames([frame]));
    run.ways.add(oracle.features());
  };
  for (const frame of frames) {
    if (performance.now() > endMs || run.findings.size > FINDINGS_MAX) {
      return;
    }
    for (let length = 0; length < Math.min(frame.bytes.length, 2000); length++) {
      check({ ...frame, bytes: frame.bytes.subarray(0, length) });
    }
    const bytes = frame.bytes.slice();
    for (let offset = 0; offset < Math.min(bytes.length, HEADER_BYTES); offset++) {
      const was = bytes[offset];
      for (const value of [...BORDER_BYTES, run.random.below(256)]) {
        bytes[offset] = value;
        check({ ...frame, bytes });
      }
      bytes[offset] = was;
    }
    await new Promise(setImmediate);
  }
}

async function mutateFrames(
  run: Run,
  parents: TestFrame[],
  paths: readonly string[],
): Promise<void> {
  const { random } = run;
  const alone = createOracle({ isForgetful: true });
  const together = createOracle({ isHeadCompleted: true });
  // What the second oracle has seen since it forgot: a finding needs all of it.
  let history: TestFrame[] = [];
  let pair = await createExchangeOracle();
  while (performance.now() < run.deadlineMs && run.findings.size <= FINDINGS_MAX) {
    const parent = random.pick(parents);
    const bytes = mutate(parent.bytes, random.pick(parents).bytes, random);
    const linkType = random.below(20) === 0 ? random.pick(LINK_TYPES) : parent.linkType;
    const wireLength = bytes.length + (random.below(4) === 0 ? random.below(2000) : 0);
    const frame: TestFrame = { linkType, bytes, wireLength };
    execute(run, () => alone.check(frame), describeFrames([frame]));
    const way = alone.features();
    if (!run.ways.has(way)) {
      run.ways.add(way);
      if (parents.length < PARENTS_MAX) {
        parents.push(frame);
      } else {
        parents[random.below(parents.length)] = frame;
      }
    }
    history.push(frame);
    execute(run, () => together.check(frame), describeFrames(history));
    if (history.length === 200) {
      execute(run, () => together.end(), describeFrames(history));
      together.forget();
      history = [];
    }
    if (random.below(FRAMES_PER_CONVERSATION) === 0) {
      const conversation = changedConversation(random);
      run.conversations++;
      // What is left of a conversation that failed is no other one's.
      const isFine = execute(run, () => pair(conversation), describeConversation(conversation));
      pair = isFine ? pair : await createExchangeOracle();
    }
    if (run.executions % FRAMES_PER_FILE < 2) {
      await mutateFile(run, random.pick(paths), random.pick(paths));
    }
  }
}

/** Runs one input and keeps it when it fails or takes too long; gives whether all was well. */
function execute(run: Run, action: () => unknown, describe: () => object): boolean {
  run.executions++;
  const startMs = performance.now();
  try {
    action();
    if (performance.now() - startMs > INPUT_SEC_MAX * 1000) {
      throw new Error(`An input took more than ${INPUT_SEC_MAX} s`);
    }
    return true;
  } catch (error) {
    keepFinding(run, error, describe());
    return false;
  }
}

const describeFrames = (frames: readonly TestFrame[]) => () => ({
  isHeadCompleted: frames.length > 1,
  frames: frames.map(({ linkType, bytes }) => ({ linkType, hex: hexOf(bytes) })),
});

const describeConversation = (frames: readonly TimedFrame[]) => () => ({
  conversation: frames.map(({ bytes, timeNs, wireLength }) => ({
    hex: hexOf(bytes),
    timeNs,
    wireLength,
  })),
});

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** A mutant of a capture file: only the errors that are meant for people may come out of the readers. */
async function mutateFile(run: Run, path: string, otherPath: string): Promise<void> {
  run.files++;
  run.executions++;
  const bytes = mutate(readFileSync(path), readFileSync(otherPath), run.random);
  const mutantPath = join(directory, 'mutant.capture');
  writeFileSync(mutantPath, bytes);
  try {
    await drain(mutantPath);
  } catch (error) {
    if (!(error instanceof HttplogError)) {
      keepFinding(run, error, { file: Buffer.from(bytes).toString('base64') });
    }
  }
}

let fileOracle: Oracle | undefined;

async function drain(path: string): Promise<void> {
  const capture = await openCapture(path);
  const frame = createFrame();
  fileOracle ??= createOracle({ isForgetful: true });
  try {
    let frames = 0;
    do {
      while (capture.next(frame)) {
        const { linkType, wireLength, timestampSec, offset, end } = frame;
        const bytes = frame.bytes.subarray(offset, end);
        fileOracle.check({ linkType, wireLength, timestampSec, bytes });
        if (++frames > FILE_FRAMES_MAX) {
          throw new Error(`A file gives more than ${FILE_FRAMES_MAX} frames`);
        }
      }
    } while ((await capture.fill()) !== FILL_END);
  } finally {
    capture.close();
  }
}

/** One file for each kind of failure: the same message a second time is the same mistake. */
function keepFinding(run: Run, error: unknown, input: object): void {
  const what = error instanceof Error ? error.message : String(error);
  const kind = what.replace(/\d+|".*/g, '');
  if ([...run.findings.keys()].some((known) => known.replace(/\d+|".*/g, '') === kind)) {
    return;
  }
  const hash = createHash('sha256').update(JSON.stringify(input)).digest('hex').slice(0, 12);
  const file = `found-${hash}.json`;
  const issue = { what: `Found by fuzzing: ${what.slice(0, 200)}`, ...input };
  writeFileSync(new URL(file, ISSUES), `${JSON.stringify(issue, null, 2)}\n`);
  run.findings.set(what, file);
  console.log(`finding: ${file}: ${error instanceof Error ? error.stack : what}`);
}

function printState(run: Run, startMs: number): void {
  const elapsedSec = (performance.now() - startMs) / 1000;
  const rate = Math.round(run.executions / elapsedSec);
  console.log(
    `${elapsedSec.toFixed(0)} s: ${run.executions} executions, ${rate}/s, ` +
      `${run.ways.size} ways, ${run.findings.size} findings`,
  );
}

await fuzz();
