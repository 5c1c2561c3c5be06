import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { countFrames, createCounters } from '../src/counters/counters.ts';
import { HttplogError } from '../src/errors.ts';
import { replayCapture } from '../src/worker/replay.ts';
import { runHttplog } from './live/httplog-process.ts';
import { titleWithReason } from './live/requirements.ts';
import { ListSink, settingsOf } from './worker/pipeline-parts.ts';

/** Real captures of public projects, with the lines that each must give. It lies beside the project. */
const CORPUS_URL = new URL('../../shared/corpus/', import.meta.url);
/** Captures that go through the command too: each costs the start of a process. */
const COMMAND_CAPTURES_COUNT = 20;

interface CorpusRow {
  capture: string;
  packets: number;
  /** `A`, `B`: its lines byte for byte; `none`: no line; else some of its lines or none. */
  reach: string;
}

const noCorpus = existsSync(new URL('INDEX.tsv', CORPUS_URL)) ? undefined : 'no ../shared/corpus';
const rows = noCorpus === undefined ? readIndex() : [];
const wholeRows = rows.filter(isWhole);
const silentRows = rows.filter(({ reach }) => reach === 'none');
const partialRows = rows.filter((row) => !isWhole(row) && row.reach !== 'none');

function isWhole({ reach }: CorpusRow): boolean {
  return reach === 'A' || reach === 'B';
}

function readIndex(): CorpusRow[] {
  const [, ...lines] = readFileSync(new URL('INDEX.tsv', CORPUS_URL), 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [capture, , packets, , reach] = line.split('\t');
    return { capture, packets: Number(packets), reach };
  });
}

function pathOf(capture: string): string {
  return fileURLToPath(new URL(capture, CORPUS_URL));
}

function readExpected(capture: string): string {
  return readFileSync(new URL(`${capture}.lines`, CORPUS_URL), 'utf8');
}

/** What `httplog replay CAPTURE -p any -o - --timezone UTC` writes, made in this process. */
async function replay(capture: string) {
  const sink = new ListSink();
  const counters = createCounters();
  let error: unknown;
  try {
    const request = { path: pathOf(capture), settings: settingsOf(), filterExpression: undefined };
    await replayCapture(request, sink, counters);
  } catch (thrown) {
    error = thrown;
  }
  return { text: sink.lines.map((line) => `${line}\n`).join(''), counters, error };
}

/** One clear sentence, or no error at all. */
function expectCleanEnd(error: unknown): void {
  if (error !== undefined) {
    expect(error).toBeInstanceOf(HttplogError);
    expect((error as HttplogError).message).toMatch(/^\S.*[^.]$/);
  }
}

/** Rows with their names in front, for titles: vitest shortens what it takes out of an object. */
function named(from: readonly CorpusRow[]): [string, CorpusRow][] {
  return from.map((row) => [row.capture, row]);
}

/** Rows from first to last at equal distances. */
function sample(from: readonly CorpusRow[], count: number): CorpusRow[] {
  return Array.from({ length: Math.min(count, from.length) }, (_, index) => {
    return from[Math.floor((index * from.length) / count)];
  });
}

const skipsWithout = describe.skipIf(noCorpus !== undefined);

skipsWithout(titleWithReason('corpus: captures in reach give their lines', noCorpus), () => {
  it.each(named(wholeRows))('%s', async (capture, { packets }) => {
    const { text, counters, error } = await replay(capture);
    expect(error).toBeUndefined();
    expect(text).toBe(readExpected(capture));
    expect(countFrames(counters)).toBe(packets);
  });
});

skipsWithout(titleWithReason('corpus: captures without HTTP give no line', noCorpus), () => {
  it.each(named(silentRows))('%s', async (capture) => {
    const { text, error } = await replay(capture);
    expect(text).toBe('');
    expectCleanEnd(error);
  });
});

skipsWithout(titleWithReason('corpus: other captures give no wrong line', noCorpus), () => {
  it.each(named(partialRows))('%s', async (capture, { reach }) => {
    const { text, error } = await replay(capture);
    if (reach === 'ambiguous') {
      expect(text).toBe(readExpected(capture));
    }
    const expected = new Set(readExpected(capture).split('\n'));
    expect(text.split('\n').filter((line) => !expected.has(line))).toEqual([]);
    expectCleanEnd(error);
  });
});

skipsWithout(titleWithReason('corpus: the command gives the same', noCorpus), () => {
  const silentCount = COMMAND_CAPTURES_COUNT / 4;
  const sampled = [
    ...sample(wholeRows, COMMAND_CAPTURES_COUNT - silentCount),
    ...sample(silentRows, silentCount),
  ];

  it.each(named(sampled))('%s', async (capture, row) => {
    const args = ['replay', pathOf(capture), '-p', 'any', '-o', '-', '--timezone', 'UTC'];
    const { code, stdout, stderr } = await runHttplog(args);
    expect(stdout).toBe(isWhole(row) ? readExpected(capture) : '');
    expect(code, stderr).toBeLessThanOrEqual(isWhole(row) ? 0 : 1);
  });
});

skipsWithout(titleWithReason('corpus', noCorpus), () => {
  it('its index names captures of every reach', () => {
    expect(wholeRows.length).toBeGreaterThan(300);
    expect(wholeRows.filter(({ reach }) => reach === 'B')).toHaveLength(11);
    expect(silentRows.length).toBeGreaterThan(500);
    expect(new Set(partialRows.map(({ reach }) => reach))).toEqual(new Set(['out', 'ambiguous']));
  });
});
