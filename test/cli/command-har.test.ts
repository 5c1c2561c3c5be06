import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readArchive } from '../format/har-model.ts';
import { runHttplog } from '../live/httplog-process.ts';
import { PATHS, SHOP } from './command-records-capture.ts';
import { folder } from './run-replay.ts';

/** The real command, writing HTTP Archives. */

const run = (...args: string[]) =>
  runHttplog(['replay', ...args, '-p', 'any', '--format', 'har'], { cwd: folder });

describe('--format har', () => {
  test('prints an archive with every exchange, and hides credentials', async () => {
    const names = ['cookie', 'set-cookie', 'authorization', 'x-tenant'].join(',');
    const { stdout, code } = await run(SHOP, '--header', names);
    expect(code).toBe(0);
    const entries = readArchive(stdout);
    expect(entries.map(({ response }) => response.status)).toEqual([200, 503, 404, 404]);
    expect(
      entries.map(({ request }) => new URL(request.url).pathname.replace(/a{9,}/, 'aaa')),
    ).toEqual(PATHS);
    expect(stdout).not.toMatch(/YW5uOnBhc3N3b3Jk|abc123|abc\.def/);
    expect(entries[0].request.cookies.map(({ name }) => name)).toEqual(['sid', 'theme']);
    expect(entries[0].request.headers).toContainEqual({ name: 'x-tenant', value: 'blue, green' });
  });

  test('of captures without an exchange is an archive of none', async () => {
    const { stdout, code } = await run(SHOP, '--host', 'nobody.example');
    expect(code).toBe(0);
    expect(readArchive(stdout)).toEqual([]);
  });

  test('in a file is whole, and is not appended to', async () => {
    const args = [SHOP, SHOP, '-o', 'shop.har'];
    expect(await run(...args)).toMatchObject({ code: 0, stdout: '' });
    const document = readFileSync(join(folder, 'shop.har'), 'utf8');
    expect(readArchive(document)).toHaveLength(2 * PATHS.length);
    const again = await run(...args);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('File shop.har has something in it');
    expect(readFileSync(join(folder, 'shop.har'), 'utf8')).toBe(document);
  });

  test('is no format of daily files', async () => {
    const { code, stderr } = await run(SHOP, '-d', '.');
    expect(code).toBe(2);
    expect(stderr).toContain('Format har is one document, and daily files have no end to close it');
  });

  test('that cannot be ended is an error', async () => {
    const { code, stderr } = await run(SHOP, '--host', 'nobody.example', '-o', '/dev/full');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const full = await run(SHOP, '-o', '/dev/full');
    expect(full.code).toBe(1);
    expect(full.stderr).toContain('no space left on device (ENOSPC)');
  });
});
