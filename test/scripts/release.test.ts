import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runChecked, runCommand } from '../live/child-process.ts';
import { titleWithReason } from '../live/requirements.ts';
import { PROJECT, readProjectFile } from '../structure/source-files.ts';

const RELEASE_SCRIPT = join(PROJECT, 'scripts/release.sh');
const RELEASE_TIMEOUT_MS = 900_000;
const { version } = JSON.parse(readProjectFile('package.json'));
const withoutDpkg = existsSync('/usr/bin/dpkg-deb') ? undefined : 'no dpkg-deb';
const withoutShellcheck = existsSync('/usr/bin/shellcheck') ? undefined : 'no shellcheck';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'httplog-release-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(withoutShellcheck)(titleWithReason('shellcheck is content', withoutShellcheck), () => {
  const { status, stdout } = spawnSync('shellcheck', [RELEASE_SCRIPT], { encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

test.each([[[]], [['--help']], [['a', 'b']]])('wrong usage is told: %j', async (args) => {
  expect(await runCommand(RELEASE_SCRIPT, args, { cwd: folder })).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^Usage: release\.sh/),
  });
});

test('a directory that holds something is left alone', async () => {
  const used = join(folder, 'used');
  mkdirSync(used);
  writeFileSync(join(used, 'httplog-0.0.1.tgz'), '');
  expect(await runCommand(RELEASE_SCRIPT, [used])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: `release.sh: ${used} is not empty\n`,
  });
  expect(readdirSync(used)).toEqual(['httplog-0.0.1.tgz']);
});

describe.skipIf(withoutDpkg)(titleWithReason('a release', withoutDpkg), () => {
  let target: string;
  let printed: string;
  let names: string[];

  beforeAll(async () => {
    target = join(folder, 'new', 'release');
    const env = { DEB_COMPRESSION: 'none', DEB_REVISION: '7' };
    printed = await runChecked(RELEASE_SCRIPT, [target], { env, timeoutMs: RELEASE_TIMEOUT_MS });
    const architecture = (await runChecked('dpkg', ['--print-architecture'])).trim();
    names = [`httplog-${version}.tgz`, `httplog_${version}-7_${architecture}.deb`];
  }, RELEASE_TIMEOUT_MS);

  test('is two packages and their sums, and it names them', () => {
    expect(readdirSync(target).sort()).toEqual(['SHA256SUMS', ...names]);
    expect(printed.trim().split('\n').sort()).toEqual(
      ['SHA256SUMS', ...names].map((name) => join(target, name)),
    );
  });

  test('has sums that sha256sum finds right, of files beside them', async () => {
    const checked = await runChecked('sha256sum', ['--check', 'SHA256SUMS'], { cwd: target });
    expect(checked).toBe(names.map((name) => `${name}: OK\n`).join(''));
  });

  test('has the same program in both packages', async () => {
    const script = `
mkdir npm deb
tar -xzf "$1" -C npm
dpkg-deb --fsys-tarfile "$2" | tar -x -C deb
for part in bin dist package.json scripts/start_httplog.sh; do
  diff -r "npm/package/$part" "deb/usr/lib/httplog/$part"
done
ls deb/usr/lib/httplog/dist/cli | wc -l`;
    const files = names.map((name) => join(target, name));
    const same = await runChecked('sh', ['-euc', script, 'sh', ...files], { cwd: folder });
    expect(Number(same)).toBeGreaterThan(50);
  });
});
