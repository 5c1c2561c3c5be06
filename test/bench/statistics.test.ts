import { expect, test } from 'vitest';
import { median, ratioOf, spreadOf } from '../../bench/measure/statistics.ts';

test('median: the middle of an odd number of rounds, the mean of the two middle ones of an even number', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([10, 1, 2, 4])).toBe(3);
  expect(median([7])).toBe(7);
});

test('median: figures of two digits are not sorted as texts', () => {
  expect(median([10, 9, 8])).toBe(9);
});

test('spreadOf: median, lowest and highest', () => {
  expect(spreadOf([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5 });
});

test('ratioOf: rounds are compared with each other, not medians', () => {
  // Both were twice as slow in the second round.
  expect(ratioOf([1, 2, 1], [2, 4, 2])).toEqual({ median: 0.5, min: 0.5, max: 0.5 });
});

test('ratioOf: without rounds there is nothing to tell', () => {
  expect(ratioOf([1], [])).toBeUndefined();
});
