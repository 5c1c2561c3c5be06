import { quoteValue } from '../config/mistakes.ts';
import type { FilterSettings, PathRule } from '../filter/filter-settings.ts';
import { compilePattern } from '../filter/path-pattern.ts';
import { createDraft, openDraft } from '../redact/draft.ts';
import { createOwnPattern } from '../redact/own-patterns.ts';
import type { RedactionSettings } from '../redact/redaction-settings.ts';
import { PATTERN_COST_FACTOR_MAX, PATTERN_MEASURE_MS, PATTERNS_MEASURE_MS } from './limits.ts';

/** Looks at one text as a worker does for each exchange. */
type Look = (text: Uint8Array) => void;

interface Candidate {
  name: string;
  pattern: string;
  compile: (pattern: string) => Look;
}

export interface MeasureOptions {
  /** Milliseconds. */
  clock?: () => number;
  /** For one pattern. */
  budgetMs?: number;
}

const TEXT_BYTES = 128;
const TEXTS_PER_ROUND = 8;
const ROUNDS_MIN = 3;
const ROUNDS_MAX = 12;
/** As most patterns are: a word and a few signs, found anywhere. */
const PLAIN_PATTERN = '/cart/[0-9]+$';
/** A plain one takes some microseconds; a clock that says less than this says nothing. */
const PLAIN_MS_MIN = 0.001;
const PATH_SIGNS = 'abcdefghijklmnopqrstuvwxyz0123456789/-_.';
/** What stands for itself at the beginning of a pattern: without it nothing behind would be looked at. */
const PREFIX = /^(?:\(\?[a-zA-Z]+\))?\^?((?:[^\\.[\](){}|*+?^$]|\\[^a-zA-Z0-9])*)/;
const MARK = new Uint8Array(8);

/**
 * Patterns of the operator that take many times as long as a plain one, a sentence each. All take time in
 * proportion to the text, but by what factor is theirs to say: every exchange pays it. Each is measured once,
 * on texts that were never seen before, made of signs of paths and of its own.
 */
export function describeCostlyPatterns(
  { filter, redaction }: { filter: FilterSettings; redaction: RedactionSettings },
  { clock = () => performance.now(), budgetMs = PATTERN_MEASURE_MS }: MeasureOptions = {},
): string[] {
  const candidates = findCandidates(filter, redaction);
  const plainMs = new Map<Candidate['compile'], number>();
  const warnings: string[] = [];
  const startedAtMs = clock();
  for (const [index, { name, pattern, compile }] of candidates.entries()) {
    if (clock() - startedAtMs > Math.max(PATTERNS_MEASURE_MS, budgetMs)) {
      warnings.push(
        `${candidates.length - index} patterns more were not measured, to start in time`,
      );
      break;
    }
    const plain =
      plainMs.get(compile) ??
      Math.max(measure(PLAIN_PATTERN, compile, 0, clock, budgetMs), PLAIN_MS_MIN);
    plainMs.set(compile, plain);
    const limitMs = plain * PATTERN_COST_FACTOR_MAX;
    const costMs = measure(pattern, compile, limitMs, clock, budgetMs);
    if (costMs > limitMs) {
      warnings.push(describeCost(name, costMs, costMs / plain));
    }
  }
  return warnings;
}

function findCandidates(filter: FilterSettings, redaction: RedactionSettings): Candidate[] {
  const ofPaths = (rules: readonly PathRule[], flag: string) =>
    rules.map(({ pattern }) => {
      const name = `Pattern ${quoteValue(pattern)} of ${flag}`;
      return { name, pattern, compile: lookAtPath };
    });
  const own = redaction.ownPatterns.map(({ name, pattern }) => {
    return { name: `Pattern ${name} of --redact-file`, pattern, compile: lookAtValue };
  });
  return [
    ...ofPaths(filter.includePaths, '--include-path'),
    ...ofPaths(filter.excludePaths, '--exclude-path'),
    ...own,
  ];
}

function lookAtPath(pattern: string): Look {
  const isMatch = compilePattern(pattern);
  return (text) => void isMatch(text, 0, text.length);
}

function lookAtValue(pattern: string): Look {
  const replace = createOwnPattern(pattern);
  const draft = createDraft(TEXT_BYTES * MARK.length);
  return (text) => {
    openDraft(draft, text, 0, text.length);
    replace(draft, MARK);
  };
}

/**
 * Milliseconds for one text: those of the middle one of some rounds, so that neither the compiler of JavaScript
 * nor another process that took the core makes a pattern look costly, nor a round of lucky texts a cheap one.
 * Ends early with one that is not.
 */
function measure(
  pattern: string,
  compile: Candidate['compile'],
  limitMs: number,
  clock: () => number,
  budgetMs: number,
): number {
  const look = compile(pattern);
  const nextText = createTexts(pattern);
  const endMs = clock() + budgetMs;
  const rounds: number[] = [];
  const isDecided = () => rounds.length >= ROUNDS_MIN && findMiddle(rounds) <= limitMs;
  while (rounds.length < ROUNDS_MAX && !isDecided() && clock() < endMs) {
    rounds.push(measureRound(look, nextText, clock, endMs));
  }
  return findMiddle(rounds);
}

/** Milliseconds for one text; of fewer texts when the time is over. */
function measureRound(
  look: Look,
  nextText: () => Uint8Array,
  clock: () => number,
  endMs: number,
): number {
  const texts = Array.from({ length: TEXTS_PER_ROUND }, nextText);
  const startedAtMs = clock();
  let nowMs = startedAtMs;
  let looks = 0;
  while (looks < texts.length && (looks === 0 || nowMs < endMs)) {
    look(texts[looks++]);
    nowMs = clock();
  }
  return (nowMs - startedAtMs) / looks;
}

function findMiddle(rounds: readonly number[]): number {
  return rounds.toSorted((left, right) => left - right)[rounds.length >> 1] ?? 0;
}

/** By turns of signs of paths, and of the pattern's own behind its beginning; each time the same ones. */
function createTexts(pattern: string): () => Uint8Array {
  const [, prefix] = PREFIX.exec(pattern) ?? [];
  const own = pattern.replace(/\\[a-zA-Z]/g, '').match(/[\w/%=&.@:-]/g) ?? [...PATH_SIGNS];
  let turn = 0;
  let seed = 1;
  const choose = (signs: ArrayLike<string>) => {
    // Numerical Recipes' generator: chance would measure other texts at each start.
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return signs[Math.floor((seed / 2 ** 32) * signs.length)];
  };
  return () => {
    const isOwn = turn++ % 2 === 1;
    const beginning = isOwn ? (prefix ?? '').replaceAll('\\', '') : '/';
    const signs = isOwn ? own : PATH_SIGNS;
    const rest = Array.from({ length: TEXT_BYTES }, () => choose(signs)).join('');
    return new Uint8Array(Buffer.from(beginning + rest).subarray(0, TEXT_BYTES));
  };
}

function describeCost(name: string, costMs: number, factor: number): string {
  const time = costMs < 1 ? `${Math.round(costMs * 1000)} µs` : `${costMs.toFixed(1)} ms`;
  const perSecond = Math.max(1, Math.floor(1000 / costMs));
  return (
    `${name} takes ${Math.round(factor)} times as long as a plain one, ${time} for a text of` +
    ` ${TEXT_BYTES} bytes: a worker looks at ${perSecond} of these a second, and at nothing else`
  );
}
