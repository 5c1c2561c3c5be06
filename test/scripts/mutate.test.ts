import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LISTED_MUTANTS } from '../../scripts/listed-mutants.ts';
import {
  applyMutant,
  chooseMutants,
  findMutants,
  locateMutant,
  mutantsOf,
} from '../../scripts/mutants.ts';
import { copyProject, judgeMutants, ROOMS } from '../../scripts/mutate.ts';
import { PROJECT } from '../structure/source-files.ts';

/** The run of a copy's tests, three times, on a busy machine. */
const RUNS_TIMEOUT_MS = 300_000;

let project: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'httplog-planted-'));
  vi.spyOn(console, 'log').mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(project, { recursive: true, force: true });
});

function write(path: string, ...lines: string[]): void {
  mkdirSync(join(project, path, '..'), { recursive: true });
  writeFileSync(join(project, path), `${lines.join('\n')}\n`);
}

test(
  'a change that a test tells of is killed, one that none does survives, and the project stays as it is',
  async () => {
    const source = 'export const isHeld = (count: number): boolean => count < 3;';
    write('src/held.ts', source, source.replace('isHeld', 'isFree'));
    write(
      'test/held.test.ts',
      "import { expect, test } from 'vitest';",
      "import { isHeld } from '../src/held.ts';",
      "test('held', () => expect([2, 3].map(isHeld)).toEqual([true, false]));",
    );
    const before = readFileSync(join(project, 'src/held.ts'), 'utf8');
    const copy = copyProject(project);
    try {
      const room = { folder: 'src', tests: [['test/held.test.ts']] };
      const judged = await judgeMutants(copy, room, findMutants(copy, 'src'), Number.MAX_VALUE);
      expect(judged).toEqual([
        { description: 'src/held.ts:1 comparison: < -> <=', isKilled: true },
        { description: 'src/held.ts:2 comparison: < -> <=', isKilled: false },
      ]);
      expect(readFileSync(join(copy, 'src/held.ts'), 'utf8')).toBe(before);
      expect(readFileSync(join(project, 'src/held.ts'), 'utf8')).toBe(before);
    } finally {
      rmSync(copy, { recursive: true });
    }
  },
  RUNS_TIMEOUT_MS,
);

test('tests that are red before anything was changed end it', async () => {
  write('src/held.ts', 'export const one = 1;');
  write('check.ts', 'process.exitCode = 1;');
  const copy = copyProject(project);
  const room = { folder: 'src', program: 'check.ts', tests: [] };
  await expect(judgeMutants(copy, room, [], Number.MAX_VALUE)).rejects.toThrow(/Red before/);
  rmSync(copy, { recursive: true });
});

test('no change is tried behind the deadline', async () => {
  write('src/held.ts', 'export const isHeld = (count: number): boolean => count < 3;');
  write('check.ts', '');
  const copy = copyProject(project);
  const room = { folder: 'src', program: 'check.ts', tests: [] };
  expect(await judgeMutants(copy, room, findMutants(copy, 'src'), 0)).toEqual([]);
  rmSync(copy, { recursive: true });
});

describe('changes', () => {
  const changed = (text: string) =>
    mutantsOf('a.ts', text).map((mutant) => applyMutant(text, mutant));

  test.each([
    ['const f = () => a && b;', ['const f = () => (a || b);']],
    ['const f = () => !a;', ['const f = () => !!a;']],
    ['const f = () => a ? 1 : 2;', ['const f = () => (1);', 'const f = () => (2);']],
    ['const f = () => Math.min(a, b);', ['const f = () => Math.max(a, b);']],
    ['function f() { g(); }', ['function f() { ; }']],
    ['function f() { a++; }', ['function f() { a--; }']],
    [
      'function f() { if (a) return; }',
      ['function f() { if (false) return; }', 'function f() { if (true) return; }'],
    ],
    ['const f = () => a | 0;', []],
    ['const outside = a < b;', []],
    ['function f(a: A & B) {}', []],
  ])('of %s', (text, expected) => {
    expect(changed(text)).toEqual(expected);
  });

  test('chosen with the same seed are the same, in the order of the text', () => {
    const all = findMutants(PROJECT, 'src/filter');
    const chosen = chooseMutants(all, 10, 7);
    expect(chosen).toHaveLength(10);
    expect(chosen).toEqual(chooseMutants(all, 10, 7));
    expect(chosen).not.toEqual(chooseMutants(all, 10, 8));
    expect(chosen.map((one) => all.indexOf(one))).toEqual(
      chosen.map((one) => all.indexOf(one)).sort((a, b) => a - b),
    );
  });

  test.each(LISTED_MUTANTS)(
    '$name: its text stands once in $file, and what takes its place parses',
    (listed) => {
      const mutant = locateMutant(PROJECT, listed);
      const text = applyMutant(readFileSync(`${PROJECT}${listed.file}`, 'utf8'), mutant);
      expect(mutantsOf(listed.file, text).length).toBeGreaterThan(0);
    },
  );

  test('a text that stands twice, or not, is told', () => {
    write('a.ts', 'one();', 'one();');
    const listed = { file: 'a.ts', name: 'x', replacement: '' };
    expect(() => locateMutant(project, { ...listed, find: 'one' })).toThrow(/exactly once/);
    expect(() => locateMutant(project, { ...listed, find: 'two' })).toThrow(/exactly once/);
  });

  test('of every rule of pairing are listed', () => {
    const rules = [
      ...readFileSync(`${PROJECT}docs/exchanges.md`, 'utf8').matchAll(
        /\*\*([a-z]+(?:-[a-z]+)+)\*\*/g,
      ),
    ];
    const listed = new Set(LISTED_MUTANTS.map(({ name }) => name.split(':')[0]));
    expect(rules.map(([, rule]) => rule).filter((rule) => !listed.has(rule))).toEqual([]);
  });
});

test('the copy has no packages of its own', () => {
  write('node_modules/x/index.js', '');
  const copy = copyProject(project);
  expect(existsSync(join(copy, 'node_modules/x'))).toBe(false);
  rmSync(copy, { recursive: true });
});

test.each(Object.entries(ROOMS))('the tests that tell of %s are there', (_, { tests }) => {
  const files = readdirSync(join(PROJECT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => `test/${path}`);
  for (const name of tests.flat()) {
    expect(
      files.some((file) => file.startsWith(name)),
      name,
    ).toBe(true);
  }
});
