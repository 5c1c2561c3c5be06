import { expect, test } from 'vitest';
import { describeNearestName, findNearestName } from '../src/nearest-name.ts';

const NAMES = ['p', 'promisc', 'log_every', 'log_split', 'timezone', 'config'];

test('a name with one slip in every three letters finds the name that was meant', () => {
  expect(findNearestName('promsic', NAMES)).toBe('promisc'); // exchanged
  expect(findNearestName('timezon', NAMES)).toBe('timezone'); // dropped
  expect(findNearestName('confiig', NAMES)).toBe('config'); // added
  expect(findNearestName('log_splat', NAMES)).toBe('log_split'); // replaced
  expect(findNearestName('xyzezone', NAMES)).toBeUndefined(); // 3 slips, 8 letters
  expect(findNearestName('xyzezoneq', ['timezoneq'])).toBe('timezoneq'); // 3 slips, 9 letters
});

test('case and the kind of dash are no slips', () => {
  expect(findNearestName('LOG-EVERY', NAMES)).toBe('log_every');
});

test('a beginning finds the one name it begins, and nothing if it begins two', () => {
  expect(findNearestName('time', NAMES)).toBe('timezone');
  expect(findNearestName('log', NAMES)).toBeUndefined();
});

test('short names are not near to each other', () => {
  expect(findNearestName('x', ['p', 'd'])).toBeUndefined();
});

test('a name of 64 letters is looked up, one of 65 is not', () => {
  const name = 'a'.repeat(64);
  expect(findNearestName(name, [name])).toBe(name);
  expect(findNearestName(`${name}a`, [`${name}a`])).toBeUndefined();
});

test('the end of a message names it, or is empty', () => {
  expect(describeNearestName('-p')).toBe(', did you mean -p');
  expect(describeNearestName(undefined)).toBe('');
});
