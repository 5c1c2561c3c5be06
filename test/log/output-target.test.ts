import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  checkOutputTarget,
  findBatchPath,
  type OutputTarget,
} from '../../src/log/output-target.ts';
import { makeBatch } from './line-batches.ts';
import { runAppend } from './run-append.ts';
import {
  findReasonNotToMount,
  makeDirectory,
  mountSmallDisk,
  remount,
  removeDirectory,
  unmountSmallDisk,
} from './small-disk.ts';

const NOBODY_UID = 65534;
const isRoot = process.getuid?.() === 0;
const REASON_NOT_TO_MOUNT = findReasonNotToMount();
const mountReason = REASON_NOT_TO_MOUNT === undefined ? '' : ` [skipped: ${REASON_NOT_TO_MOUNT}]`;

let directory = '';
beforeEach(() => {
  directory = makeDirectory();
});
afterEach(() => removeDirectory(directory));

/** What a user that is not root is told; modes mean nothing to root. */
function findErrorsOfPlainUser(target: OutputTarget): unknown {
  const task = { target, policy: 'fail', batchCount: 1, closeMs: 1000 } as const;
  return runAppend('$APPEND', isRoot ? { ...task, uid: NOBODY_UID } : task).report.errors;
}

describe('findBatchPath', () => {
  const daily = { kind: 'daily', directory: '/logs' } as const;

  test('a day has one file, or one for each stream', () => {
    const paths = ([0, 1, 2, 3, 4] as const).map((stream) =>
      findBatchPath(daily, makeBatch(0, { day: 20261121, stream })),
    );
    expect(paths).toEqual([
      '/logs/http-20261121.log',
      '/logs/http-CQ-20261121.log',
      '/logs/http-CR-20261121.log',
      '/logs/http-SQ-20261121.log',
      '/logs/http-SR-20261121.log',
    ]);
  });

  test('a suffix stands in place of log', () => {
    const json = { ...daily, suffix: 'json' };
    const paths = ([0, 4] as const).map((stream) =>
      findBatchPath(json, makeBatch(0, { day: 20261121, stream })),
    );
    expect(paths).toEqual(['/logs/http-20261121.json', '/logs/http-SR-20261121.json']);
  });

  test('a year before 1000 keeps eight digits', () => {
    expect(findBatchPath(daily, makeBatch(0, { day: 10101 }))).toBe('/logs/http-00010101.log');
  });

  test('-o takes every batch, whatever its day and stream', () => {
    const target = { kind: 'file', path: '/logs/all' } as const;
    expect(findBatchPath(target, makeBatch(0, { stream: 3 }))).toBe('/logs/all');
  });
});

describe('checkOutputTarget', () => {
  test('a writable directory passes, and stays empty', async () => {
    await checkOutputTarget({ kind: 'daily', directory });
    await checkOutputTarget({ kind: 'file', path: join(directory, 'new') });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('a missing directory of daily files is exit code 3 and says how to make it', async () => {
    const missing = join(directory, 'a', 'b');
    await expect(checkOutputTarget({ kind: 'daily', directory: missing })).rejects.toMatchObject({
      message: `Directory ${missing} does not exist`,
      hint: `Create it with mkdir -p ${missing}, or name another one with -d`,
      exitCode: 3,
    });
  });

  test('a file in place of the directory is exit code 2', async () => {
    const path = join(directory, 'file');
    writeFileSync(path, '');
    await expect(checkOutputTarget({ kind: 'daily', directory: path })).rejects.toMatchObject({
      message: `${path} is not a directory`,
      exitCode: 2,
    });
    const below = join(path, 'below');
    await expect(checkOutputTarget({ kind: 'file', path: below })).rejects.toMatchObject({
      message: `File ${below} cannot be used: not a directory (ENOTDIR)`,
      exitCode: 2,
    });
  });

  test('-o in a missing directory is exit code 3', async () => {
    const path = join(directory, 'missing', 'out');
    await expect(checkOutputTarget({ kind: 'file', path })).rejects.toMatchObject({
      message: `Directory ${join(directory, 'missing')} does not exist`,
      exitCode: 3,
    });
  });

  test('-o with a directory is exit code 2', async () => {
    await expect(checkOutputTarget({ kind: 'file', path: directory })).rejects.toMatchObject({
      message: `${directory} is a directory, not a file`,
      exitCode: 2,
    });
  });

  test('a directory that this user may not write is exit code 4', () => {
    chmodSync(directory, 0o555);
    const denied = [
      {
        code: 'HTTPLOG_OUTPUT_PERMISSION',
        exitCode: 4,
        message: `Directory ${directory} is not writable: permission denied (EACCES)`,
      },
    ];
    expect(findErrorsOfPlainUser({ kind: 'daily', directory })).toEqual(denied);
    expect(findErrorsOfPlainUser({ kind: 'file', path: join(directory, 'out') })).toEqual(denied);
  });

  test('a directory that this user may not even enter is exit code 4', () => {
    const inner = join(directory, 'closed', 'logs');
    mkdirSync(inner, { recursive: true });
    chmodSync(join(directory, 'closed'), 0);
    expect(findErrorsOfPlainUser({ kind: 'daily', directory: inner })).toMatchObject([
      { exitCode: 4, message: `Directory ${inner} is not writable: permission denied (EACCES)` },
    ]);
    chmodSync(join(directory, 'closed'), 0o755);
  });

  test('-o with a file that this user may not write is exit code 4', () => {
    const path = join(directory, 'out');
    writeFileSync(path, '');
    chmodSync(path, 0o444);
    expect(findErrorsOfPlainUser({ kind: 'file', path })).toMatchObject([
      { exitCode: 4, message: `File ${path} is not writable: permission denied (EACCES)` },
    ]);
  });

  test('a directory that this user may write passes', () => {
    chmodSync(directory, 0o777);
    expect(findErrorsOfPlainUser({ kind: 'daily', directory })).toEqual([]);
    expect(readdirSync(directory)).toEqual(['http-20190901.log']);
  });

  test.skipIf(REASON_NOT_TO_MOUNT !== undefined)(
    `a read-only file system is exit code 4${mountReason}`,
    async () => {
      mountSmallDisk(directory);
      try {
        remount(directory, 'ro');
        await expect(checkOutputTarget({ kind: 'daily', directory })).rejects.toMatchObject({
          message: `Directory ${directory} is not writable: read-only file system (EROFS)`,
          exitCode: 4,
        });
      } finally {
        unmountSmallDisk(directory);
      }
    },
  );
});
