import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { FILTER_EMPTY, type PathRule } from '../../src/filter/filter-settings.ts';
import { countPatternSteps } from '../../src/pattern-steps.ts';
import { describeCostlyPatterns } from '../../src/plan/pattern-costs.ts';
import { REDACTION_DEFAULTS } from '../../src/redact/redaction-settings.ts';
import { runHttplog } from '../live/httplog-process.ts';

/** Patterns that would slow each exchange down are told before the first one. */

const directory = mkdtempSync(join(tmpdir(), 'httplog-patterns-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Some thousand times a plain one. */
const COSTLY = '(\\b.{1,30}\\b){30}%';
/** Found at once and all the same slow to place, which only redaction does. */
const COSTLY_TO_PLACE = '^(.{1,100}){1,9}$';

function rules(...patterns: string[]): PathRule[] {
  return patterns.map((pattern) => ({ pattern, isNegated: false }));
}

/** However long it takes: each look must have had a quiet moment, or this test would need a quiet machine. */
function warnings(paths: string[], own: string[] = []): string[] {
  const filter = { ...FILTER_EMPTY, includePaths: rules(...paths) };
  const ownPatterns = own.map((pattern, index) => ({ name: `own-${index}`, pattern }));
  const redaction = { ...REDACTION_DEFAULTS, ownPatterns };
  return describeCostlyPatterns({ filter, redaction }, { budgetMs: Number.POSITIVE_INFINITY });
}

const TOLD =
  / takes \d+ times as long as a plain one, \d+(\.\d)? (µs|ms) for a text of 128 bytes: /;

describe('patterns', () => {
  test.each([
    COSTLY,
    '[a-z].{1,200}[0-9].{1,200}_$',
    '^/api/v1/(?:\\b.{1,30}\\b){30}%',
    '(.{1,60}a.{1,60}b.{1,60}){3}%',
  ])('that cost many times what a plain one does are told: %s', (pattern) => {
    const [warning, ...others] = warnings([pattern]);
    expect(warning).toMatch(TOLD);
    expect(warning).toContain(`Pattern ${JSON.stringify(pattern)} of --include-path takes `);
    expect(others).toEqual([]);
  });

  test('as people write them are not', () => {
    const plain = [
      '^/shop/',
      '\\.html$',
      '(?i)admin',
      '^/(api|v[0-9]+)/users/[0-9]+(/.*)?$',
      'a{1,1000}',
    ];
    const files = [
      '\\.(?:css|js|png|jpe?g|gif|svg|woff2?|ico|map|txt|xml|webp)$',
      '(a+)+$',
      '.*.*=',
    ];
    const own = ['T-\\d{4,8}', '(?i)\\bcust_[0-9a-z]+', '[\\w.+-]+@[\\w-]+\\.[\\w.-]+'];
    expect(warnings([...plain, ...files], own)).toEqual([]);
    expect(warnings([])).toEqual([]);
  });

  test('of --redact-file are told by their names, and measured as they are used', () => {
    expect(warnings([COSTLY_TO_PLACE])).toEqual([]);
    const [warning] = warnings([], [COSTLY_TO_PLACE]);
    expect(warning).toMatch(TOLD);
    expect(warning).toContain('Pattern own-0 of --redact-file takes ');
  });

  test('past the time for all of them are counted', () => {
    let now = 0;
    const filter = { ...FILTER_EMPTY, excludePaths: rules('a', 'b', 'c') };
    const clock = () => ++now * 100;
    const told = describeCostlyPatterns({ filter, redaction: REDACTION_DEFAULTS }, { clock });
    expect(told.at(-1)).toMatch(/^[12] patterns more were not measured, to start in time$/);
  });
});

describe('the steps of a pattern', () => {
  test.each([
    ['abc', 3],
    ['a{1000}', 1000],
    ['(?:ab){10}', 40],
    ['\\Qa{9}\\E', 4],
    ['[a{9}]x', 2],
    ['\\p{Greek}{7}', 7],
    ['a{,9}', 5],
  ])('%s are some %i', (pattern, steps) => {
    expect(countPatternSteps(pattern)).toBe(steps);
  });

  test('are never far less than the ones that there are', async () => {
    const { RE2JS } = await import('re2js');
    const patterns = [
      ...[COSTLY, COSTLY_TO_PLACE, '(a{1,30}){1,30}', '(.{0,100}){9}', '(\\pL+\\pN+){1,100}x'],
      ...['(?P<n>a|b|){50}', '(?i)[\\pL\\pN]{1,300}x', '[]a-]{40}\\[{3}', '((a?){30}a{30}){10}z'],
      ...[
        '(|a|b){100}',
        '(?:x{2,}y{0,5}?){20}',
        '[[:alpha:]\\]{2}]{99}',
        '(?i:ab){30}',
        '(?s).{9}',
      ],
      ...['\\x{41}{50}\\x41{50}\\101{9}', '(?<name>ab)+{3}', '(\\Q)(\\E){20}', '\\Q((', '^(?i)a$'],
    ];
    for (const pattern of patterns) {
      let size = 0;
      try {
        size = RE2JS.compile(pattern).programSize();
      } catch {
        continue;
      }
      expect(countPatternSteps(pattern), pattern).toBeGreaterThan(size / 3 - 4);
    }
  });
});

describe('httplog', () => {
  test('refuses patterns that take seconds and memory to compile, exit 2', async () => {
    const pattern = '(.{0,1000})'.repeat(80);
    const path = join(directory, 'patterns.yaml');
    writeFileSync(path, `- name: huge\n  pattern: '${pattern}'\n`);
    const reason = /has 16\d{4} steps, allowed are 10000: repeat less/;
    for (const args of [
      ['--include-path', pattern],
      ['--redact-file', path],
    ]) {
      const exit = await runHttplog(['check-config', ...args, '--config', '/dev/null']);
      expect(exit).toMatchObject({ code: 2, stdout: '' });
      expect(exit.stderr).toMatch(reason);
    }
  });

  test('tells costly ones at the start of a replay and in check-config', async () => {
    const args = ['--exclude-path', COSTLY, '--config', '/dev/null'];
    const check = await runHttplog(['check-config', ...args]);
    expect(check.stdout).toMatch(/^Warning: Pattern .* of --exclude-path takes \d+ times as long/m);
    const { pathname } = new URL('../../conf/demo.pcap', import.meta.url);
    const replay = await runHttplog(['replay', pathname, '-p', 'any', '-o', '-', ...args]);
    expect(replay.stderr).toMatch(
      /^httplog: Pattern .* of --exclude-path takes \d+ times as long/m,
    );
  });
});
