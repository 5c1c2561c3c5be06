import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { runCommand } from '../live/child-process.ts';
import { titleWithReason } from '../live/requirements.ts';
import { readProjectFile } from '../structure/source-files.ts';

/** The package's scripts on machines that are not as they expect, each in a throw-away root of its own. */

const IN_OWN_ROOT = `
set -eu
folder=$(mktemp -d)
trap 'rmdir "$folder" 2>/dev/null || :' EXIT
mount -t tmpfs none "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
mount -t tmpfs none "$folder/root/run"
mount -t proc proc "$folder/root/proc"
printf '%s' "$1" >"$folder/root/postinst"
printf '%s' "$2" >"$folder/root/postrm"
chroot "$folder/root" sh -c "
  umask 022
  rm -rf /log
  if getent passwd httplog; then userdel httplog; fi
  if getent group httplog; then groupdel httplog; fi
" >/dev/null 2>&1
exec chroot "$folder/root" sh -euc "$3"
`;

const BUILD_SCRIPT = readProjectFile('scripts/build-deb.sh');
const scriptOf = (mark: string): string =>
  BUILD_SCRIPT.split(`<<'${mark}'\n`)[1]?.split(`\n${mark}\n`)[0] ?? '';

const runInRoot = (script: string, postinst = '', postrm = '') => {
  const args = ['-mpf', 'sh', '-c', IN_OWN_ROOT, 'sh', postinst, postrm, script];
  return runCommand('unshare', args);
};
const run = (script: string) => runInRoot(script, scriptOf('POSTINST'), scriptOf('POSTRM'));

const reason = findReason();

function findReason(): string | undefined {
  if (process.getuid?.() !== 0) {
    return 'not root';
  }
  const args = ['-mpf', 'sh', '-c', IN_OWN_ROOT, 'sh', '', '', 'command -v useradd getent'];
  return spawnSync('unshare', args).status === 0 ? undefined : 'no overlay, or no useradd';
}

describe.skipIf(reason)(titleWithReason('the maintainer scripts', reason), () => {
  test('install with a group httplog that is there before', async () => {
    const exit = await run(`
      groupadd httplog
      sh /postinst configure ""
      stat -c '%U:%G %a' /log/httplog`);
    expect(exit).toMatchObject({ code: 0, stdout: 'httplog:httplog 750\n' });
  });

  test('install with a user httplog of another group', async () => {
    const exit = await run(`
      useradd --system -g nogroup --no-create-home httplog
      sh /postinst configure ""
      stat -c '%U:%G %a' /log/httplog`);
    expect(exit).toMatchObject({ code: 0, stdout: 'httplog:nogroup 750\n' });
  });

  test('make and give nothing away where another user may lead it elsewhere', async () => {
    const exit = await run(`
      mkdir /log
      chown 64321 /log
      sh /postinst configure ""
      ls -A /log
      mkdir /log/elsewhere
      ln -s elsewhere /log/httplog
      sh /postinst configure ""
      stat -c %U /log/elsewhere`);
    expect(exit).toMatchObject({ code: 0, stdout: 'root\n' });
    expect(exit.stderr).toMatch(/others than root may write \/log/);
    expect(exit.stderr).not.toContain('chown -R');
  });

  test('purge while the user still has a process, and say what is left', async () => {
    const exit = await run(`
      sh /postinst configure ""
      mkfifo /hold
      setpriv --reuid=httplog --clear-groups sh -c 'echo begun; read -r _' </hold >/begun &
      exec 3>/hold
      until [ -s /begun ]; do sleep 0.05; done
      sh /postrm purge
      exec 3>&-`);
    expect(exit.code).toBe(0);
    expect(exit.stderr).toMatch(/user httplog is kept: userdel httplog/);
  });
});
