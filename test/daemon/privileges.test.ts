import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { describe, expect, test } from 'vitest';
import { chooseUser, DEFAULT_USER, explainForUser } from '../../src/daemon/privileges.ts';
import { HttplogError } from '../../src/errors.ts';

const user = { name: 'www', uid: 33, gid: 33 };
const isRoot = process.getuid?.() === 0;
const hasDefaultUser = readFileSync('/etc/passwd', 'utf8').includes(`\n${DEFAULT_USER}:`);

describe('the user', () => {
  test('that one is already is no change', () => {
    expect(chooseUser(userInfo().username)).toBeUndefined();
  });

  test('that is not there is a mistake of who named it', () => {
    expect(() => chooseUser('no-such-user')).toThrow(
      expect.objectContaining({ exitCode: 2, message: 'There is no user no-such-user' }),
    );
  });

  test.skipIf(hasDefaultUser)('httplog, where there is none, is not missed', () => {
    expect(chooseUser(undefined)).toBeUndefined();
  });

  test.runIf(isRoot)('of a name is found with its ids', () => {
    expect(chooseUser('daemon')).toEqual({ name: 'daemon', uid: 1, gid: 1 });
  });

  test.skipIf(isRoot)('root is nobody that others can become', () => {
    expect(() => chooseUser('root')).toThrow(expect.objectContaining({ exitCode: 4 }));
  });
});

describe('an error of the start', () => {
  const createError = (exitCode: 2 | 4) =>
    new HttplogError('Directory /d is not writable', { code: 'HTTPLOG_X', exitCode, hint: 'Do' });

  test('about a permission names the user that lacks it', () => {
    expect(explainForUser(createError(4), user)).toMatchObject({
      message: 'Directory /d is not writable; httplog runs as user www',
      code: 'HTTPLOG_X',
      exitCode: 4,
      hint: 'Give it to that user (chown -R www), or stay root with --user root',
    });
  });

  test.each([
    ['of another kind', createError(2), user],
    ['of the one who started httplog', createError(4), undefined],
    ['that is none of ours', new TypeError('x'), user],
  ])('%s stays as it is', (_, error, who) => {
    expect(explainForUser(error, who)).toBe(error);
  });
});
