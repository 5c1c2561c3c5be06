/** Runs the captures of ../shared/trials, and reads what is right of each, which `trials/` has a file for. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createCounters } from '../src/counters/counters.ts';
import type { PipelineSettings } from '../src/worker/pipeline-settings.ts';
import { replayCapture } from '../src/worker/replay.ts';
import type { ExchangeLine } from './exchange/run-exchanges.ts';
import { ListSink, settingsOf } from './worker/pipeline-parts.ts';

const TRIALS_URL = new URL('../../shared/trials/', import.meta.url);

/** The outputs that each is tried with. */
export const WAYS: Readonly<Record<string, Partial<PipelineSettings>>> = {
  text: {},
  'complete heads': { isHeadCompleted: true },
  json: {
    outputs: [{ format: 'json', template: undefined, records: 'exchanges', isSplitByType: false }],
    isHeadCompleted: true,
  },
};

export const missingTrials = existsSync(TRIALS_URL) ? undefined : 'no ../shared/trials';

export function listTrials(): string[] {
  return missingTrials === undefined
    ? readdirSync(TRIALS_URL).filter((name) => name.includes('.pcap'))
    : [];
}

/** A line for each message or exchange, as far as a trial is about it. */
export async function runTrial(name: string, way: string): Promise<string[]> {
  const sink = new ListSink();
  const path = fileURLToPath(new URL(name, TRIALS_URL));
  const settings = settingsOf(WAYS[way]);
  await replayCapture({ path, settings, filterExpression: undefined }, sink, createCounters());
  return sink.lines.map(way === 'json' ? describeExchange : describeMessage);
}

/** `GET /a 200`, with what is not as usual: `200 without a request`, `GET /a gap`, segments seen again. */
function describeExchange(line: string): string {
  const exchange: ExchangeLine = JSON.parse(line);
  const { method, target, status, incomplete, retransmitted_segments: again } = exchange;
  const parts = [method, shorten(target ?? ''), status, incomplete, again && `again ${again}`];
  return parts.filter((part) => part !== undefined && part !== '' && part !== 0).join(' ');
}

/** `CQ GET /a`, `CR 200`. */
function describeMessage(line: string): string {
  const [, type, start] = /^\S+ \S+ \S+ \S+ (C[QR]) (.*)$/.exec(line) ?? [];
  const words = type === 'CR' ? start.replace(/^HTTP\S+\s+/, '') : start;
  return `${type} ${shorten(
    words
      .split(' ')
      .slice(0, type === 'CR' ? 1 : 2)
      .join(' '),
  )}`;
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

/** By way: the lines that are right; each file has a section a way, of which the second may say `as text`. */
export function readExpected(name: string): Record<string, string[]> {
  const file = new URL(`trials/${name.replace(/\.pcap.*$/, '')}.txt`, import.meta.url);
  const sections = readFileSync(file, 'utf8').trimEnd().split(/^== /m).slice(1);
  return Object.fromEntries(
    sections.map((section) => {
      const [way, ...lines] = section.trimEnd().split('\n');
      return [way, lines];
    }),
  );
}
