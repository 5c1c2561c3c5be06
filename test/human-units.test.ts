import { expect, test } from 'vitest';
import { describeDuration, describeSize, HUMAN_BYTES_MAX } from '../src/human-units.ts';

test.each([
  [0, '0 us'],
  [999, '0 us'],
  [850_999, '850 us'],
  [1e6, '1.0 ms'],
  [9_999_999, '9.9 ms'],
  [10e6, '10 ms'],
  [999_999_999, '999 ms'],
  [1.49e9, '1.4 s'],
  [59.99e9, '59.9 s'],
  [90e9, '1.5 min'],
  [3599e9, '59 min'],
  [3600e9 * 1.5, '1.5 h'],
  [2 ** 53, '2501 h'],
])('a duration of %i ns is %s', (durationNs, text) => {
  expect(describeDuration(durationNs)).toBe(text);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [12_399, '12.3 kB'],
  [123_999, '123 kB'],
  [1.29e6, '1.2 MB'],
  [3.4e9, '3.4 GB'],
  [2 ** 53, '9007 TB'],
])('a size of %i bytes is %s', (byteCount, text) => {
  expect(describeSize(byteCount)).toBe(text);
});

test('no text is longer than the room that is made for it', () => {
  for (let value = 1; value < 2 ** 53; value *= 1.7) {
    const texts = [describeDuration(Math.floor(value)), describeSize(Math.floor(value))];
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThanOrEqual(HUMAN_BYTES_MAX);
  }
});
