import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { PROJECT } from '../structure/source-files.ts';
import { type ProcessExit, runCommand } from './child-process.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';

const noScene =
  (process.getuid?.() === 0 ? undefined : 'not root') ??
  canCaptureLive() ??
  canMakeNamespaces() ??
  missingTool('unshare', 'setpriv');
const SCENE_TIMEOUT_MS = 3 * PATIENCE_MS;
/** Of nobody on this machine: the user httplog, and another one. */
const HTTPLOG_ID = 64_321;
const OTHER_ID = 64_322;

/**
 * A machine of its own: processes, network, /run and users. Each `tell NAME AS` keeps what status says to that
 * user; each line that begins with # is what a test looks at.
 */
const SCENE = `
set -eu
folder=$1 node=$2 httplog=$3/bin/httplog start=$3/scripts/start_httplog.sh
mount -t tmpfs -o mode=755 none /run
mount --bind "$folder/passwd" /etc/passwd
ip link set lo up
cd "$folder"
as_root() { env -i PATH="$PATH" "$@"; }
as_user() { setpriv --reuid=${HTTPLOG_ID} --regid=${HTTPLOG_ID} --clear-groups env -i PATH="$PATH" "$@"; }
as_other() {
  setpriv --reuid=${OTHER_ID} --regid=${OTHER_ID} --clear-groups env -i PATH="$PATH" \\
    XDG_RUNTIME_DIR="$folder/user-run" "$@"
}
tell() {
  code=0
  "as_$2" timeout 60 "$httplog" status >"out/$1" 2>&1 || code=$?
  echo "# $1 $code $(sed -n 's/^pid  *//p' "out/$1" | tr '\\n' ' ')"
}
await() { until "$@" >/dev/null 2>&1; do sleep 0.1; done; }
mkdir -m 777 out logs logs/1 logs/2 logs/3 logs/4 logs/5 user-run
chown ${HTTPLOG_ID} logs/1 logs/3
chown ${OTHER_ID} logs/2 user-run

tell nothing root
# By hand, without the word run, with an admin server: becomes the user httplog.
env -i PATH="$PATH" "$httplog" -i lo -p 65000 -d "$folder/logs/1" --listen-admin 9911 2>1.err & one=$!
# By another user who has the capability, who has a place for it.
setpriv --reuid=${OTHER_ID} --regid=${OTHER_ID} --clear-groups --inh-caps=-all,+net_raw \\
  --ambient-caps=+net_raw env -i XDG_RUNTIME_DIR="$folder/user-run" \\
  "$httplog" run -i lo -p 65001 -d "$folder/logs/2" 2>2.err & two=$!
await grep 'Capturing on' 1.err
await grep 'Capturing on' 2.err
as_root "$start" start -i lo -p 65002 -d "$folder/logs/3" >3.out
three=$(cat /run/httplog.pid)
echo "# pids $one $two $three"
echo "# owners $(stat -c %U:%a /run/httplog /run/httplog/* | tr '\\n' ' ')"
tell all root
tell all-of-user user
tell all-of-other other

# What hides processes of others hides no daemon.
mount -o remount,hidepid=2 /proc
tell hidden other
mount -o remount,hidepid=0 /proc

# Killed: its file is still there, and is no daemon.
as_root "$start" stop >/dev/null
kill -9 $one
await test ! -e /proc/$one/exe
echo "# stale $(ls /run/httplog | wc -l)"
tell killed root
echo "# script-status $(as_root "$start" status | sed -n 's/^pid *//p')"
echo "# script-stop $(as_root "$start" stop 2>&1 || echo $?)"
# The number of a process of today, of a daemon of another day.
echo "{\\"pid\\":$two,\\"startTicks\\":1,\\"admin\\":\\"$folder/evil.sock\\"}" >/run/httplog/daemon-$two.json

# The user httplog means harm to root who asks.
as_user mkfifo /run/httplog/daemon-11.json
as_user ln -s "$folder/secret" /run/httplog/daemon-12.json
as_user sh -c 'head -c 100000 /dev/zero >/run/httplog/daemon-13.json'
as_user sh -c 'echo "[" >/run/httplog/daemon-14.json'
as_user sh -c 'echo null >/run/httplog/daemon-15.json'
as_user sh -c 'echo "{\\"pid\\":1,\\"startTicks\\":$(cut -d " " -f 22 /proc/1/stat),\\"admin\\":null}" >/run/httplog/daemon-16.json'
ticks=$(cut -d ' ' -f 22 /proc/$two/stat)
as_user sh -c "echo '{\\"pid\\":$two,\\"startTicks\\":$ticks,\\"admin\\":\\"$folder/evil.sock\\"}' >/run/httplog/daemon-17.json"
"$node" "$folder/evil-server.cjs" "$folder/evil.sock" $two & evil=$!
await test -S evil.sock
chmod 666 evil.sock
tell hostile root
kill $evil

# A process of anybody's that looks like one, and what only names the program.
kill $two
await test ! -e /proc/$two/exe
setpriv --reuid=${OTHER_ID} --clear-groups "$node" "$folder/cli/httplog.js" run & fake=$!
await grep -q httplog.js /proc/$fake/cmdline
sleep 600 & rest=$!
tell lookalike root
setpriv --reuid=${OTHER_ID} --clear-groups unshare -Ur "$node" "$folder/cli/httplog.js" run & fake2=$!
await grep -q httplog.js /proc/$fake2/cmdline
await sh -c "tr '\\0' ' ' </proc/$fake2/cmdline | grep -q '^[^ ]*node '"
tell in-its-own-namespace root
kill $fake $fake2 $rest

# The next start removes what is left of the first.
as_root "$start" start -i lo -p 65002 -d "$folder/logs/3" >/dev/null
echo "# cleaned $(ls /run/httplog)"
echo "# last $(cat /run/httplog.pid)"
as_root "$start" stop >/dev/null
echo "# left $(find /run/httplog user-run -name 'daemon-*' | wc -l)"
tell ended root
tell ended-of-script other
`;

/** What says to be another daemon. */
const EVIL_SERVER = `
const [path, pid] = process.argv.slice(2);
const status = { pid: Number(pid), version: 'owned', uptimeSeconds: 1, memoryBytes: 1, reasons: [], capture: null };
require('node:http').createServer((_, response) => response.end(JSON.stringify(status))).listen(path);
`;

describe.skipIf(noScene)(titleWithReason('httplog status', noScene), () => {
  let folder: string;
  let exit: ProcessExit;
  let told: Map<string, string>;
  const output = async (name: string) =>
    (await runCommand('cat', [join(folder, 'out', name)])).stdout;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'httplog-status-'));
    chmodSync(folder, 0o755);
    const users = [
      'root:x:0:0::/root:/bin/sh',
      `httplog:x:${HTTPLOG_ID}:${HTTPLOG_ID}::/nonexistent:/usr/sbin/nologin`,
    ];
    writeFileSync(join(folder, 'passwd'), `${users.join('\n')}\n`);
    writeFileSync(join(folder, 'secret'), 'SECRET\n', { mode: 0o600 });
    writeFileSync(join(folder, 'evil-server.cjs'), EVIL_SERVER);
    mkdirSync(join(folder, 'cli'));
    writeFileSync(join(folder, 'cli/httplog.js'), 'setInterval(() => {}, 1000);\n');
    const args = ['--mount', '--pid', '--net', '--fork', '--mount-proc', '--kill-child'];
    exit = await runCommand(
      'unshare',
      [...args, 'sh', '-c', SCENE, 'sh', folder, process.execPath, PROJECT],
      { timeoutMs: SCENE_TIMEOUT_MS },
    );
    const lines = exit.stdout.split('\n').filter((line) => line.startsWith('# '));
    told = new Map(
      lines.map((line) => {
        const [, name, ...words] = line.split(' ');
        return [name, words.join(' ').trim()];
      }),
    );
  }, SCENE_TIMEOUT_MS);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const pids = () => (told.get('pids') ?? '').split(' ');

  test('goes through all of it', () => {
    expect(exit.code, exit.stderr).toBe(0);
  });

  test('says that nothing runs when nothing does', async () => {
    expect(told.get('nothing')).toBe('3');
    expect(await output('nothing')).toBe('httplog does not run\n');
    expect(told.get('ended')).toBe('3');
    expect(told.get('ended-of-script')).toBe('3');
  });

  test('finds daemons by hand, of another user and of the script, for every user', async () => {
    const all = `0 ${[...pids()].sort((one, other) => Number(one) - Number(other)).join(' ')}`;
    expect(pids()).toHaveLength(3);
    expect(told.get('all')).toBe(all);
    expect(told.get('all-of-user')).toBe(all);
    expect(told.get('all-of-other')).toBe(all);
    const text = await output('all');
    expect(text.match(/^user +\S+$/gm)?.map((line) => line.split(/ +/)[1])).toEqual([
      'httplog',
      `${OTHER_ID}`,
      'httplog',
    ]);
    // The admin server's own words, of the one that has it; of the others how they were started.
    expect(text.match(/^packets +0 received/gm)).toHaveLength(1);
    expect(text).toMatch(/^options +-i lo -p 65001 -d /m);
  });

  test('leaves files that everybody may read and their user owns', () => {
    expect(told.get('owners')).toBe('httplog:755 httplog:644 httplog:644');
  });

  test('finds those that /proc hides', async () => {
    const [one, two, three] = pids();
    expect(told.get('hidden')?.split(' ').sort()).toEqual(['0', one, two, three].sort());
    expect(await output('hidden')).toContain('/proc hides the processes of others from this user');
  });

  test('takes the file of one that was killed for no daemon', () => {
    expect(told.get('stale')).toBe('1');
    expect(told.get('killed')).toBe(`0 ${pids()[1]}`);
  });

  test('is asked by the start script for what that has not started, and does not end', () => {
    expect(told.get('script-status')).toBe(pids()[1]);
    expect(told.get('script-stop')).toBe(
      'httplog runs, but this script has not started it: see httplog status',
    );
  });

  test('believes nothing of files that the kernel does not say, too', async () => {
    expect(told.get('hostile')).toBe(`0 ${pids()[1]}`);
    expect(await output('hostile')).not.toMatch(/owned|SECRET|bug/);
  });

  test('takes nobody in who only looks like a daemon', () => {
    expect(told.get('lookalike')).toBe('3');
    expect(told.get('in-its-own-namespace')).toBe('3');
  });

  test('leaves nothing behind', () => {
    expect(told.get('cleaned')).toBe(`daemon-${told.get('last')}.json`);
    expect(told.get('left')).toBe('0');
  });
});
