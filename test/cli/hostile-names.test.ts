import { describe, expect, test } from 'vitest';
import { describeError } from '../../src/cli/describe-error.ts';
import { HttplogError } from '../../src/errors.ts';
import { replay, writeTemporary } from './run-replay.ts';

/** Names of files that others chose, in what httplog says on the terminal. */

const HOSTILE = 'a\u001b[2Jb\u009b31m\r\nhttplog: all is well\u2028\u202ec';

describe('a capture whose name forges lines and terminal escapes', () => {
  test.each([
    ['that is none', (name: string) => writeTemporary(name, Buffer.from('# no capture'))],
    ['that is empty', (name: string) => writeTemporary(name, Buffer.from(''))],
    ['that is not there', (name: string) => `nowhere-${name}`],
  ])('%s is named on one line, in letters', async (_, makePath) => {
    const { code, stderr } = await replay([makePath(HOSTILE)]);
    expect(code).not.toBe(0);
    expect(stderr.match(/^httplog: /gm)).toHaveLength(1);
    expect(stderr).toContain(
      'a\\u001b[2Jb\\u009b31m\\u000d\\u000ahttplog: all is well\\u2028\\u202ec',
    );
    expect(stderr).not.toMatch(/(?!\n)[\p{Cc}\u2028\u202e]/u);
  });
});

test('no error plays with the terminal, whatever it names', () => {
  const error = new HttplogError('Two: \u001b[2J\nsentences\r', {
    code: 'HTTPLOG_CONFIGURATION',
    exitCode: 2,
    hint: 'Try \u009b31m',
  });
  expect(describeError(error)).toBe(
    'httplog: Two: \\u001b[2J\nsentences\\u000d\n  Try \\u009b31m\n',
  );
  expect(describeError(new Error('\u001b[2J'))).not.toContain('\u001b');
});
