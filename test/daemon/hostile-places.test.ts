import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lchownSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { openAdminServer } from '../../src/admin/server.ts';
import { checkProfilePath } from '../../src/daemon/profile-path.ts';
import { openServiceLog } from '../../src/daemon/service-log.ts';
import { refuseLockedOutputs } from '../../src/log/lock-places.ts';
import { lockOutputs } from '../../src/log/output-locks.ts';
import type { OutputPlan } from '../../src/plan/output-plan.ts';
import { lockDescriptor } from '../../src/system/locks.ts';
import { startCpuProfile } from '../../src/worker/cpu-profile.ts';
import { makeDirectory, removeDirectory } from '../log/small-disk.ts';

const OTHER_UID = 65534;
const STICKY_MODE = 0o1777;

let directory = '';
/** Of another user, within a directory of root's. */
let theirs = '';
let victim = '';
beforeEach(() => {
  directory = makeDirectory();
  theirs = join(directory, 'theirs');
  victim = join(directory, 'victim');
  mkdirSync(theirs);
  writeFileSync(victim, 'before\n', { mode: 0o600 });
  chmodSync(victim, 0o600);
});
afterEach(() => removeDirectory(directory));

const listen = (path: string): ReturnType<typeof openAdminServer> =>
  openAdminServer({
    address: { kind: 'socket', path },
    hosts: [],
    findAnswer: () => undefined,
    onError: () => undefined,
  });

describe('the socket of the admin server', () => {
  test('a link in its place does not open what it leads to', async () => {
    const path = join(theirs, 'admin.sock');
    const opening = listen(path);
    const { mode } = statSync(path);
    unlinkSync(path);
    symlinkSync(victim, path);
    const server = await opening;
    onTestFinished(() => server.close());
    expect(statSync(victim).mode & 0o777).toBe(0o600);
    expect(mode & 0o777).toBe(0o660);
  });
});

describe.skipIf(process.getuid?.() !== 0)('as root', () => {
  test('no admin socket is made where another user can replace the way', async () => {
    const way = join(theirs, 'way');
    mkdirSync(way);
    chownSync(theirs, OTHER_UID, OTHER_UID);
    await expect(listen(join(way, 'admin.sock'))).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining(`${theirs} belongs to user id ${OTHER_UID}`),
    });
    expect(readdirSync(way)).toEqual([]);
  });

  test('no service log is written where another user can replace the way', async () => {
    const way = join(theirs, 'way');
    mkdirSync(way);
    chownSync(theirs, OTHER_UID, OTHER_UID);
    await expect(openServiceLog({ directory: way, quiet: false })).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining(`${theirs} belongs to user id ${OTHER_UID}`),
    });
    expect(readdirSync(way)).toEqual([]);
  });

  test('a profile is not written through the link of another user', () => {
    chmodSync(theirs, STICKY_MODE);
    const path = join(theirs, 'profile');
    const made = join(directory, 'made');
    symlinkSync(made, path);
    lchownSync(path, OTHER_UID, OTHER_UID);
    expect(() => checkProfilePath(path, { isStrict: true })).toThrow(
      `the link ${path} belongs to user id ${OTHER_UID}`,
    );
    expect(existsSync(made)).toBe(false);
  });

  test('a profile is not written through a link that came while it was made', async () => {
    chmodSync(theirs, STICKY_MODE);
    const path = join(theirs, 'profile');
    checkProfilePath(path, { isStrict: true });
    const end = await startCpuProfile(path, { isStrict: true });
    unlinkSync(path);
    symlinkSync(victim, path);
    lchownSync(path, OTHER_UID, OTHER_UID);
    await expect(end?.()).rejects.toThrow(/belongs to user id/);
    expect(readFileSync(victim, 'utf8')).toBe('before\n');
  });

  test('the lock of another user in a shared directory keeps nobody away', () => {
    chmodSync(theirs, STICKY_MODE);
    const lockPath = join(theirs, '.http-log.lock');
    writeFileSync(lockPath, '');
    chownSync(lockPath, OTHER_UID, OTHER_UID);
    const fd = openSync(lockPath, 'r');
    onTestFinished(() => closeSync(fd));
    expect(lockDescriptor(fd)).toBe(0);
    const plan: OutputPlan = {
      settings: { format: 'text', template: undefined, records: 'messages', isSplitByType: false },
      target: { kind: 'lines', target: { kind: 'daily', directory: theirs, suffix: 'log' } },
    };
    const warnings: string[] = [];
    refuseLockedOutputs([plan]);
    lockOutputs([plan], (text) => warnings.push(text)).release();
    expect(warnings).toEqual([
      expect.stringMatching(/^Cannot lock .*\.http-log\.lock belongs to user id 65534; a second/),
    ]);
    expect(existsSync(lockPath)).toBe(true);
  });
});
