import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingTool, titleWithReason } from '../live/requirements.ts';
import { PROJECT, readProjectFile } from '../structure/source-files.ts';

/** The commands of docs/recipes.md, as they stand there, with the capture that the page names. */

const folder = mkdtempSync(join(tmpdir(), 'httplog-recipes-'));
const commands = [
  ...readProjectFile('docs/recipes.md').matchAll(/^httplog replay day\.pcap .*$/gm),
];

beforeAll(() => {
  mkdirSync(join(folder, 'bin'));
  symlinkSync(join(PROJECT, 'bin/httplog'), join(folder, 'bin/httplog'));
  copyFileSync(join(PROJECT, 'docs/pictures/shop.pcap'), join(folder, 'day.pcap'));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** What a shell makes of the line where the capture is. */
function run(command: string) {
  const { HTTPLOG_FILTER: _, ...environment } = process.env;
  const PATH = `${join(folder, 'bin')}:${process.env.PATH}`;
  const options = {
    cwd: folder,
    env: { ...environment, PATH, TZ: 'UTC' },
    encoding: 'utf8',
  } as const;
  return spawnSync('bash', ['-o', 'pipefail', '-c', command], options);
}

/** The programs that read the lines. */
function findMissing(command: string): string | undefined {
  const [, next] = /\| (\w+) /.exec(command) ?? [];
  return next === undefined ? undefined : missingTool(next);
}

describe('the recipes', () => {
  test('are there', () => {
    expect(commands.length).toBeGreaterThanOrEqual(9);
  });

  for (const [command] of commands) {
    const missing = findMissing(command);
    test.skipIf(missing)(titleWithReason(command, missing), () => {
      const { status, stderr } = run(command);
      expect({ status, complaint: /^httplog: .*/m.exec(stderr) }).toEqual({
        status: 0,
        complaint: null,
      });
    });
  }

  test('find what was slow, and what failed', () => {
    const slow = run('httplog replay day.pcap -p any --format short --slower-than 500ms').stdout;
    expect(slow.match(/POST +shop\.example\/orders/g)).toHaveLength(2);
    const failed = run('httplog replay day.pcap -p any --format short --status 5xx').stdout;
    expect(failed.match(/ 500 /g)).toHaveLength(1);
  });

  test('hide addresses and query parameters in a log that is given away', () => {
    const [command] = commands
      .map(([line]) => line)
      .filter((line) => line.includes('--anonymize-ip'));
    const { stdout } = run(command);
    expect(stdout).toContain('"target":"/search?q=REDACTED"');
    expect(stdout).not.toContain('203.0.113.9');
  });
});
