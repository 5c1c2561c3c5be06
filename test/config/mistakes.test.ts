import { expect, test } from 'vitest';
import {
  configurationError,
  quoteValue,
  usageMistake,
  valueMistake,
} from '../../src/config/mistakes.ts';

test('a wrong value is told with option, value, origin and what is allowed', () => {
  expect(valueMistake('-p', 'x', 'environment HTTPLOG_PORT', 'a port')).toEqual({
    message: 'Option -p cannot be "x" (from environment HTTPLOG_PORT), allowed is a port',
    exitCode: 2,
  });
});

test('all mistakes become one error with a line for each', () => {
  const error = configurationError([usageMistake('One'), usageMistake('Two')], 'replay');
  expect(error).toMatchObject({
    message: 'One\nTwo',
    code: 'HTTPLOG_CONFIGURATION',
    exitCode: 2,
    hint: 'Run httplog replay -h for what is allowed',
  });
});

test('the exit code is the one that all mistakes agree on, else 2', () => {
  const missing = { message: 'File', exitCode: 3 } as const;
  expect(configurationError([missing, missing], 'run').exitCode).toBe(3);
  expect(configurationError([missing, usageMistake('One')], 'run').exitCode).toBe(2);
});

test('a repeated value shows no control character and no more than 120 characters', () => {
  expect(quoteValue('a\x1b[2J\n\x7f\x9b"')).toBe(String.raw`"a\u001b[2J\n\u007f\u009b\""`);
  expect(quoteValue('x'.repeat(120))).toBe(`"${'x'.repeat(120)}"`);
  expect(quoteValue('x'.repeat(121))).toBe(`"${'x'.repeat(120)}..."`);
});
