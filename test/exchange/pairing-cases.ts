/**
 * Reads the conversations of `pairing-cases/` and runs them. As a program it names the first that does not come
 * out as it is written, and exits with 1: faster than the test, for `npm run mutate`.
 *
 *     node test/exchange/pairing-cases.ts
 */
import { readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { endPipeline, runPipeline } from '../../src/worker/pipeline.ts';
import { CLIENT } from '../fixtures/build-captures.ts';
import { FrameListSource, pipelineOf } from '../worker/pipeline-parts.ts';
import { asCaptured } from './conversation.ts';
import { expandRange, readSegments } from './read-case.ts';
import { EXCHANGE_SETTINGS, type ExchangeLine, pairOf } from './run-exchanges.ts';

export interface PairingCase {
  /** Among all cases. */
  number: number;
  rule: string;
  /** Theme, rule and words. */
  title: string;
  /** By the word behind the fence. */
  blocks: Map<string, string>;
}

/** What a case expects, and what came of it. */
export interface PairingResult {
  expected: string[];
  found: string[];
}

const CASES_URL = new URL('pairing-cases/', import.meta.url);

export function readAllCases(): PairingCase[] {
  return readdirSync(CASES_URL)
    .filter((file) => file !== 'README.md')
    .flatMap(readCases)
    .map((one, number) => ({ ...one, number }));
}

function readCases(file: string): Omit<PairingCase, 'number'>[] {
  const [head, ...rules] = readFileSync(new URL(file, CASES_URL), 'utf8').split(/^## /m);
  const theme = /^# (.*)$/m.exec(head)?.[1];
  return rules.flatMap((section) => {
    const [about, ...cases] = section.split(/^### /m);
    const rule = firstLine(about);
    return cases.map((text) => ({
      rule,
      title: `${theme} > ${rule} > ${firstLine(text)}`,
      blocks: new Map(
        [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, word, body]) => [word, body]),
      ),
    }));
  });
}

function firstLine(text: string): string {
  return text.slice(0, text.indexOf('\n'));
}

/** One pipeline for the cases of a rule: to make one costs more than to run them. */
const pipelines = new Map<string, ReturnType<typeof pipelineOf>>();

export async function runCase({ rule, number, blocks }: PairingCase): Promise<PairingResult> {
  const expected = (blocks.get('expect') as string).trimEnd().split('\n').flatMap(expandRange);
  // Heads are completed whenever exchanges are asked for.
  const settings = { ...EXCHANGE_SETTINGS, isHeadCompleted: true };
  const made = pipelines.get(rule) ?? pipelineOf({ settings });
  pipelines.set(rule, made);
  const { pipeline, sink } = await made;
  const address = `10.0.${number >> 8}.${number & 0xff}`;
  const frames = readSegments(blocks.get('segments') as string, { ...CLIENT, address });
  const source = new FrameListSource(asCaptured(frames));
  const before = sink.lines.length;
  source.fillNow();
  runPipeline(pipeline, source);
  endPipeline(pipeline);
  const lines = sink.lines.slice(before).map((line): ExchangeLine => JSON.parse(line));
  return { expected, found: lines.map((line, index) => describeLine(line, expected[index])) };
}

/** The exchange as the expectation writes it, with the fields that this one names. */
function describeLine(line: ExchangeLine, expected = ''): string {
  const values = line as unknown as Record<string, unknown>;
  const fields = [...expected.matchAll(/ (\w+)=/g)].map(
    ([, name]) => ` ${name}=${values[name] ?? '-'}`,
  );
  return `${pairOf(line)}${fields.join('')}`;
}

if (import.meta.main) {
  for (const one of readAllCases()) {
    const { expected, found } = await runCase(one);
    if (!isDeepStrictEqual(found, expected)) {
      console.error(`${one.title}: ${found.join(', ')}`);
      process.exit(1);
    }
  }
}
