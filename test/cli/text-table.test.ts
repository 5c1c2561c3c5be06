import { expect, test } from 'vitest';
import { alignColumns } from '../../src/cli/text-table.ts';

test('columns are one below the other, rows may be of different length', () => {
  expect(alignColumns([['a', 'bb', 'c'], ['aaa', 'b'], ['']])).toEqual([
    'a    bb  c',
    'aaa  b',
    '',
  ]);
  expect(alignColumns([])).toEqual([]);
});
