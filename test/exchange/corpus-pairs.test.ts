import { describe, expect, test } from 'vitest';
import { createCounters } from '../../src/counters/counters.ts';
import { replayCapture } from '../../src/worker/replay.ts';
import { type CorpusCapture, corpusCaptures, noCorpus } from '../fuzz/known-frames.ts';
import { missingTool, titleWithReason } from '../live/requirements.ts';
import { ListSink, settingsOf } from '../worker/pipeline-parts.ts';
import { CORPUS_DIFFERENCES, type CorpusDifference } from './corpus-differences.ts';
import { LOOK_FULL, LOOKS, pairKey, readSharkPairs } from './tshark-exchanges.ts';

const noDifference = missingTool('tshark') ?? noCorpus;

/** Every so many captures of the corpus; with `HTTPLOG_FUZZ_TSHARK=all` each of them, which takes minutes. */
const STRIDE = process.env.HTTPLOG_FUZZ_TSHARK === 'all' ? 1 : 24;
/** Over all: what tshark shows at its first look and httplog gives too. */
const AGREED_MIN = STRIDE === 1 ? 890 : 30;

interface ExchangeLine {
  client_ip: string;
  client_port: number;
  method?: string;
  target: string;
  status?: number;
  response_headers?: { date?: string };
}

/** The exchanges with request and final response that httplog finds, whether all their bytes were seen or not. */
async function readOurPairs(path: string): Promise<string[]> {
  const sink = new ListSink();
  const settings = settingsOf({
    outputs: [{ format: 'json', template: undefined, records: 'exchanges', isSplitByType: false }],
    headerNames: ['date'],
    isHeadCompleted: true,
  });
  await replayCapture({ path, settings, filterExpression: undefined }, sink, createCounters());
  return sink.lines
    .map((line): ExchangeLine => JSON.parse(line))
    .filter(({ method, status }) => method !== undefined && status !== undefined)
    .map(({ client_ip, client_port, method = '', target, status = 0, response_headers }) =>
      pairKey(client_ip, client_port, method, target, status, response_headers?.date ?? ''),
    );
}

/** How often each key occurs. */
function countKeys(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** The keys of `counts` that `others` lacks, as often as it lacks them. */
function missingFrom(
  others: ReadonlyMap<string, number>,
  counts: ReadonlyMap<string, number>,
): string[] {
  return [...counts].flatMap(([key, count]) =>
    Array.from({ length: Math.max(0, count - (others.get(key) ?? 0)) }, () => key),
  );
}

interface Comparison {
  onlyTshark: string[];
  onlyOurs: string[];
  agreedCount: number;
}

/**
 * Compares with tshark's first look. Only where that shows less than httplog the further looks are taken: then
 * what any of them shows has to be ours too, and what none of them shows is a difference.
 */
async function compare({ path }: CorpusCapture): Promise<Comparison> {
  const ours = countKeys(await readOurPairs(path));
  const theirs = countKeys(readSharkPairs(path, LOOK_FULL));
  const agreedCount =
    [...theirs.values()].reduce((sum, count) => sum + count, 0) - missingFrom(ours, theirs).length;
  const furtherLooks = missingFrom(theirs, ours).length > 0 ? LOOKS.slice(1) : [];
  for (const look of furtherLooks) {
    for (const [key, count] of countKeys(readSharkPairs(path, look))) {
      theirs.set(key, Math.max(count, theirs.get(key) ?? 0));
    }
  }
  const [onlyTshark, onlyOurs] = [missingFrom(ours, theirs), missingFrom(theirs, ours)];
  return { onlyTshark: onlyTshark.sort(), onlyOurs: onlyOurs.sort(), agreedCount };
}

function differenceOf(name: string): CorpusDifference | undefined {
  return CORPUS_DIFFERENCES.find(({ capture }) => capture === name);
}

describe.skipIf(noDifference)(
  titleWithReason('pairs of the corpus and tshark', noDifference),
  () => {
    const captures = corpusCaptures()
      .filter(({ reach }) => reach === 'A' || reach === 'B')
      .filter(({ name }, index) => index % STRIDE === 0 || differenceOf(name) !== undefined);

    test(
      'are the same, but for the differences that are explained',
      async () => {
        const expected = [];
        const found = [];
        let agreedSum = 0;
        for (const capture of captures) {
          const { onlyTshark, onlyOurs, agreedCount } = await compare(capture);
          agreedSum += agreedCount;
          found.push({ capture: capture.name, onlyTshark, onlyOurs });
          const difference = differenceOf(capture.name);
          expected.push({
            capture: capture.name,
            onlyTshark: [...(difference?.onlyTshark ?? [])].sort(),
            onlyOurs: [...(difference?.onlyOurs ?? [])].sort(),
          });
        }
        expect(found).toEqual(expected);
        expect(agreedSum).toBeGreaterThan(AGREED_MIN);
      },
      STRIDE === 1 ? 900_000 : 600_000,
    );

    test('each explained difference is of a capture of the corpus', () => {
      const names = new Set(captures.map(({ name }) => name));
      expect(CORPUS_DIFFERENCES.filter(({ capture }) => !names.has(capture))).toEqual([]);
      expect(CORPUS_DIFFERENCES.filter(({ reason }) => reason === '')).toEqual([]);
    });
  },
);
