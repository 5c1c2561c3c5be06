import { describe, expect, test } from 'vitest';
import { planDisplay, type Terminal } from '../../src/plan/display-plan.ts';

const TERMINAL: Terminal = { isTerminal: true, columns: 80, environment: {} };
const FILE: Terminal = { isTerminal: false, columns: undefined, environment: {} };

const isColored = (color: 'auto' | 'always' | 'never', terminal: Terminal) =>
  planDisplay({ color }, terminal).isColored;

describe('colours', () => {
  test('are for a terminal, unless somebody says something else', () => {
    expect(isColored('auto', TERMINAL)).toBe(true);
    expect(isColored('auto', FILE)).toBe(false);
    expect(isColored('always', FILE)).toBe(true);
    expect(isColored('never', TERMINAL)).toBe(false);
  });

  test.each([
    [{ NO_COLOR: '1' }, false],
    [{ NO_COLOR: '' }, true],
    [{ TERM: 'dumb' }, false],
    [{ TERM: 'xterm' }, true],
  ])('with the environment %j: %s; --color always counts before it', (environment, expected) => {
    const terminal: Terminal = { ...TERMINAL, environment };
    expect(isColored('auto', terminal)).toBe(expected);
    expect(isColored('always', terminal)).toBe(true);
  });
});

test.each<[string, Terminal, number]>([
  ['those of the terminal', TERMINAL, 80],
  ['those of COLUMNS', { ...TERMINAL, environment: { COLUMNS: '50' } }, 50],
  ['not those of a COLUMNS that is no number', { ...TERMINAL, environment: { COLUMNS: '0' } }, 80],
  ['120 where nobody knows', FILE, 120],
  ['120 on a terminal that does not know', { ...TERMINAL, columns: undefined }, 120],
])('columns are %s', (_, terminal, columns) => {
  expect(planDisplay({ color: 'auto' }, terminal).columns).toBe(columns);
});
