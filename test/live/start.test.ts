import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { runCommand, waitUntil } from './child-process.ts';
import { runHttplog, startHttplog } from './httplog-process.ts';
import {
  CAPTURING,
  countTypes,
  makeLogDirectory,
  parseLines,
  removeLogDirectory,
} from './log-lines.ts';
import { ownSettings } from './own-settings.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { curl } from './web-client.ts';
import { useWebScene } from './web-scene.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/httplog', import.meta.url));
const NOBODY = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
const NO_CAPABILITY = [...NOBODY, '--bounding-set', '-all'];
const ONLY_NET_RAW = [
  ...NOBODY,
  ...['--inh-caps', '-all,+net_raw', '--ambient-caps', '-all,+net_raw'],
  ...['--bounding-set', '-all,+net_raw'],
];
const NOT_PERMITTED =
  'httplog: Capturing packets is not permitted to this user\n' +
  '  Run as root, or give the process CAP_NET_RAW: no other capability is needed\n';

const noCapture = canCaptureLive();
const noLive = noCapture ?? canMakeNamespaces() ?? missingTool('nginx', 'curl');
const noUser = noLive ?? missingTool('setpriv');
const noDrop = process.getuid?.() === 0 ? missingTool('setpriv') : 'setpriv needs root';

function newDirectory(): string {
  const directory = makeLogDirectory();
  onTestFinished(() => removeLogDirectory(directory));
  return directory;
}

describe.skipIf(noDrop)(titleWithReason('without the capability', noDrop), () => {
  test.each(['afpacket', 'libpcap'])(
    'live capture with %s is not permitted, exit 4, and CAP_NET_RAW is named',
    async (engine) => {
      const args = ['-i', 'lo', '-o', '-', '--engine', engine];
      const command = [PROGRAM, ...ownSettings(args, false)];
      const exit = await runCommand('setpriv', [...NO_CAPABILITY, ...command]);
      expect(exit).toMatchObject({ code: 4, stdout: '', stderr: NOT_PERMITTED });
    },
  );

  test('the demo says so in one line and replays a recording of all four types', async () => {
    const exit = await runCommand('setpriv', [...NO_CAPABILITY, PROGRAM, 'demo']);
    expect(exit.code).toBe(0);
    expect(exit.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(exit.stderr).toContain('CAP_NET_RAW');
    for (const type of ['CQ', 'CR', 'SQ', 'SR']) {
      expect(exit.stdout).toMatch(new RegExp(`#\\d+ ${type} `));
    }
    expect(exit.stdout).toMatch(/Packets: \d+ read.*\nMessages: .*\nLines: \d+ written, 0 dropped/);
  });
});

describe.skipIf(noCapture)(titleWithReason('the demo', noCapture), () => {
  test('captures lo live and prints lines of all four types, then the summary', async () => {
    const { code, stdout, stderr } = await runHttplog(['demo']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const lines = parseLines(
      stdout
        .split('\n')
        .filter((line) => /^\d{4}-/.test(line))
        .map((line) => `${line}\n`)
        .join(''),
    );
    const { CQ, CR, SQ, SR } = countTypes(lines);
    expect(CQ).toBeGreaterThan(0);
    expect(SQ).toBeGreaterThan(0);
    expect([CQ, SQ]).toEqual([CR, SR]);
    expect(stdout).toContain(`Messages: ${CQ} CQ, ${CR} CR, ${SQ} SQ, ${SR} SR, 0 retransmitted`);
    expect(stdout).toContain(`Lines: ${lines.length} written, 0 dropped`);
    expect(stdout).toMatch(/Packets: \d+ received, 0 dropped by the kernel/);
  });
});

test('an interface that is not there is refused with the list of those there are, exit 3', async () => {
  const exit = await runHttplog(['-i', 'nosuch0', '-o', '-']);
  expect(exit).toMatchObject({ code: 3, stdout: '' });
  expect(exit.stderr).toMatch(
    /^httplog: Interface nosuch0 is not there; there are (.* )?lo \((up|down)\).*, any\n {2}Name one/,
  );
});

test('a log directory that is not there is refused before anything is captured, exit 3', async () => {
  const exit = await runHttplog(['-i', 'lo', '-d', '/no/such']);
  expect(exit).toMatchObject({
    code: 3,
    stdout: '',
    stderr:
      'httplog: Directory /no/such does not exist\n' +
      '  Create it with mkdir -p /no/such, or name another one with -d\n',
  });
});

test('a profile that cannot be written is refused before anything is captured, exit 3', async () => {
  const exit = await runHttplog(['-i', 'lo', '-o', '-', '-cpuprofile', '/no/such/profile']);
  expect(exit).toMatchObject({ code: 3, stdout: '' });
  expect(exit.stderr).toMatch(/^httplog: Cannot write the profile \/no\/such\/profile: /);
});

describe.skipIf(noLive)(titleWithReason('a live capture', noLive), () => {
  const { hosts } = useWebScene();

  const ask = (path: string) =>
    curl([`http://${hosts().server.ipv4}${path}`, '-o', '/dev/null'], {
      namespace: hosts().client.namespace,
    });

  test.skipIf(noUser).each(['afpacket', 'libpcap'])(
    titleWithReason('works with %s for any user that has CAP_NET_RAW and nothing else', noUser),
    async (engine) => {
      const { namespace, device } = hosts().server;
      const own = ownSettings(['-i', device, '-o', '-', '--engine', engine], false);
      const args = [...ONLY_NET_RAW, PROGRAM, ...own];
      const httplog = await startHttplog({ program: 'setpriv', namespace, args, ready: CAPTURING });
      onTestFinished(async () => void (await httplog.stop()));
      const status = readFileSync(`/proc/${httplog.pid}/status`, 'utf8');
      expect(status).toMatch(/^Uid:\t65534\t/m);
      // In effect it is in the threads that decode alone (thread-capabilities.test.ts).
      expect(status).toMatch(/^CapPrm:\t0000000000002000$/m);
      await ask('/unprivileged');
      const { code, stdout } = await httplog.end();
      expect(code).toBe(0);
      expect(countTypes(parseLines(stdout))).toEqual({ CQ: 1, CR: 1 });
    },
  );

  test('without -i listens on the interface of the default route', async () => {
    const { namespace, device } = hosts().server;
    const route = ['-n', namespace, 'route', 'replace', 'default', 'via', hosts().client.ipv4];
    expect((await runCommand('ip', route)).code).toBe(0);
    const ready = new RegExp(`Capturing on ${device} `);
    const httplog = await startHttplog({ namespace, args: ['-o', '-'], ready });
    onTestFinished(async () => void (await httplog.stop()));
    await ask('/default');
    const { stdout } = await httplog.end();
    expect(countTypes(parseLines(stdout))).toEqual({ CQ: 1, CR: 1 });
  });

  test('without -i and without a default route says so, exit 3', async () => {
    const { namespace } = hosts().client;
    const exit = await runHttplog(['-o', '-'], { namespace });
    expect(exit).toMatchObject({ code: 3, stdout: '' });
    expect(exit.stderr).toMatch(/^httplog: There is no default route .*client0 \(up\).*\n {2}Name/);
  });

  test('takes its options from the environment and from a file', async () => {
    const { namespace, device } = hosts().server;
    const directory = newDirectory();
    const file = `# of the test\nHTTPLOG_DEVICE="${device}"\nexport HTTPLOG_PORT=9\nHTTPLOG_OUTPUT=-\n`;
    writeFileSync(join(directory, 'httplog.conf'), file);
    const env = { HTTPLOG_PORT: '80,8080' };
    const args = ['--config', 'httplog.conf'];
    const httplog = await startHttplog({ namespace, args, env, cwd: directory, ready: CAPTURING });
    onTestFinished(async () => void (await httplog.stop()));
    await ask('/environment');
    const { stdout, stderr } = await httplog.end();
    expect(stderr).toContain(`Capturing on ${device} (port 80,8080;`);
    expect(countTypes(parseLines(stdout))).toEqual({ CQ: 1, CR: 1 });
  });

  test('-cpuprofile writes a profile that has nodes, samples and times', async () => {
    const path = join(newDirectory(), 'profile');
    const { namespace, device } = hosts().server;
    const args = ['-i', device, '-o', '-', '-cpuprofile', path];
    const httplog = await startHttplog({ namespace, args, ready: CAPTURING });
    onTestFinished(async () => void (await httplog.stop()));
    await ask('/profile');
    expect((await httplog.end()).code).toBe(0);
    const profile = JSON.parse(readFileSync(path, 'utf8'));
    const urls = profile.nodes.map(
      ({ callFrame }: { callFrame: { url: string } }) => callFrame.url,
    );
    // It is the decode worker's, not the main thread's.
    expect(urls.join()).toMatch(/src\/(worker|capture)\/|dist\/cli\/live-worker/);
    expect(profile.samples.length).toBeGreaterThan(0);
    expect(profile.timeDeltas.length).toBe(profile.samples.length);
  });

  test('--service-log takes what httplog says, as JSON lines, from standard error', async () => {
    const directory = newDirectory();
    const service = join(directory, 'service');
    mkdirSync(service);
    chmodSync(service, 0o750);
    const { namespace, device } = hosts().server;
    const args = ['-i', device, '-d', directory, '--service-log', service];
    const httplog = await startHttplog({ namespace, args });
    onTestFinished(async () => void (await httplog.stop()));
    const readRecords = () =>
      readdirSync(service)
        .flatMap((file) => readFileSync(join(service, file), 'utf8').split('\n'))
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));
    await waitUntil('it captures', () => readRecords().length > 0, PATIENCE_MS);
    await ask('/service');
    const { code, stdout, stderr } = await httplog.end();
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
    const records = readRecords();
    const messages = records.map(({ msg }) => msg);
    expect(messages[0]).toMatch(CAPTURING);
    expect(messages).toContain('Lines: 2 written, 0 dropped');
    for (const { level, pid, time } of records) {
      expect(level).toBe('info');
      expect(pid).toBe(httplog.pid);
      expect(new Date(time).getTime()).toBeGreaterThan(0);
    }
    const [file] = readdirSync(service);
    expect(statSync(join(service, file)).mode & 0o777).toBe(0o640);
  });
});
