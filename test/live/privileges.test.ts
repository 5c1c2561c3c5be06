import {
  chmodSync,
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { waitUntil } from './child-process.ts';
import {
  type HttplogOptions,
  type HttplogProcess,
  runHttplog,
  startHttplog,
} from './httplog-process.ts';
import {
  CAPTURING,
  makeLogDirectory,
  parseSummary,
  readLinesSoFar,
  removeLogDirectory,
} from './log-lines.ts';
import { ip, type LinkedHosts, makeLinkAgain } from './network-namespaces.ts';
import { ownSettings } from './own-settings.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { curl } from './web-client.ts';
import { useWebScene } from './web-scene.ts';

const HTTPLOG_PROGRAM = fileURLToPath(new URL('../../bin/httplog', import.meta.url));
/** A user of every Linux that owns nothing. */
const USER = 'nobody';
const nobody = findUser(USER);
const noLive =
  canCaptureLive() ??
  canMakeNamespaces() ??
  missingTool('nginx', 'curl', 'setpriv', 'unshare') ??
  (process.getuid?.() === 0 ? undefined : 'not root') ??
  (nobody === undefined ? `no user ${USER}` : undefined);
const ENGINES = ['afpacket', 'libpcap'] as const;
/** Milliseconds until a change of the interface must have been noticed, on any machine. */
const NOTICE_TIMEOUT_MS = PATIENCE_MS;
/** CAP_NET_RAW alone, as /proc writes it. */
const NET_RAW_ONLY = '0000000000002000';
const NO_CAPABILITY = '0000000000000000';
/**
 * Asked while the file is gone. Two workers are not in step: one's line may come behind what the other was
 * asked later, so that it may be in any file.
 */
const isStray = (path: string) => path.startsWith('/stray-');

function findUser(name: string): { uid: number; gid: number } | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${name}:`));
  const [uid, gid] = (line ?? '').split(':').slice(2, 4).map(Number);
  return line === undefined ? undefined : { uid, gid };
}

/** One map of `/proc/PID/task/TID/status` for each thread. */
function readThreads(pid: number): Map<string, string>[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
    const lines = text.split('\n').map((line) => line.split(':\t') as [string, string]);
    return new Map(lines.map(([name, value]) => [name, value?.trim()]));
  });
}

const valuesOf = (threads: Map<string, string>[], name: string) => [
  ...new Set(threads.map((thread) => thread.get(name))),
];

describe.skipIf(noLive)(titleWithReason('least privilege', noLive), () => {
  const { uid, gid } = nobody ?? { uid: 0, gid: 0 };
  let hosts: LinkedHosts;
  // A test that deletes the link makes it again.
  const scene = useWebScene();

  beforeAll(() => {
    hosts = scene.hosts();
  });

  function newDirectory(owner = uid): string {
    const directory = makeLogDirectory();
    onTestFinished(() => removeLogDirectory(directory));
    chmodSync(directory, 0o750);
    chownSync(directory, owner, owner === 0 ? 0 : gid);
    return directory;
  }

  async function startDaemon(
    args: string[],
    options: Partial<HttplogOptions> = {},
  ): Promise<HttplogProcess> {
    const { namespace } = hosts.server;
    const httplog = await startHttplog({ namespace, args, ready: CAPTURING, ...options });
    onTestFinished(async () => void (await httplog.stop()));
    return httplog;
  }

  /**
   * Asks until it is answered: after a change the link needs a moment. A connection that is made
   * has all the time it needs, so that nothing is asked twice.
   */
  async function ask(path: string): Promise<void> {
    const url = `http://${hosts.server.ipv4}${path}`;
    const args = [url, '-o', '/dev/null', '--connect-timeout', '1', '--max-time', '30'];
    const { namespace } = hosts.client;
    const isAnswered = async () => (await curl(args, { namespace })).code === 0;
    await waitUntil(`an answer to ${path}`, isAnswered, NOTICE_TIMEOUT_MS);
  }

  const requestsIn = (path: string) =>
    readLinesSoFar(path)
      .filter(({ type }) => type === 'CQ')
      .map(({ message }) => message.split(' ')[1]);

  const findLog = (directory: string) => {
    const [name] = readdirSync(directory).filter((each) => /^http-\d{8}\.log$/.test(each));
    return join(directory, name ?? 'none');
  };

  /** The strays apart. */
  async function awaitRequests(directory: string, requests: string[]): Promise<string> {
    const readAsked = () => requestsIn(findLog(directory)).filter((path) => !isStray(path));
    const isWritten = () => readAsked().length >= requests.length;
    await waitUntil(`lines of ${requests.join(', ')}`, isWritten, PATIENCE_MS);
    expect(readAsked()).toEqual(requests);
    return findLog(directory);
  }

  async function replaceInterface(): Promise<void> {
    await ip(hosts.server.namespace, 'link', 'del', hosts.server.device);
    await makeLinkAgain(hosts);
  }

  test.each(ENGINES)(
    '--user leaves CAP_NET_RAW alone in every thread, and all goes on after it: %s',
    async (engine) => {
      const directory = newDirectory();
      const workers = engine === 'afpacket' ? ['-cpu', '2'] : [];
      const outputs = ['-d', directory, '--user', USER, '--engine', engine];
      const httplog = await startDaemon(['-i', hosts.server.device, ...workers, ...outputs]);
      await ask('/first');
      const log = await awaitRequests(directory, ['/first']);
      expect(statSync(log)).toMatchObject({ uid, gid });
      expect(statSync(log).mode & 0o777).toBe(0o640);

      const threads = readThreads(httplog.pid);
      expect(threads.length).toBeGreaterThan(4);
      expect(valuesOf(threads, 'Uid')).toEqual([Array(4).fill(uid).join('\t')]);
      expect(valuesOf(threads, 'Gid')).toEqual([Array(4).fill(gid).join('\t')]);
      expect(valuesOf(threads, 'Groups')).toEqual([String(gid)]);
      expect(valuesOf(threads, 'NoNewPrivs')).toEqual(['1']);
      expect(valuesOf(threads, 'CapInh')).toEqual([NO_CAPABILITY]);
      expect(valuesOf(threads, 'CapAmb')).toEqual([NO_CAPABILITY]);
      for (const name of ['CapEff', 'CapPrm']) {
        expect(valuesOf(threads, name).sort()).toEqual([NO_CAPABILITY, NET_RAW_ONLY]);
      }
      // Those that can open a socket can start no program that could do more.
      const able = threads.filter((thread) => thread.get('CapEff') === NET_RAW_ONLY);
      expect(valuesOf(able, 'CapBnd')).toEqual([NO_CAPABILITY]);

      rmSync(log);
      // Until it is looked for again, lines go where nobody reads them.
      let asked = 0;
      const isThere = async () => {
        asked += 1;
        await ask(`/stray-${asked}`);
        return existsSync(log);
      };
      await waitUntil('a new file', isThere, NOTICE_TIMEOUT_MS);
      renameSync(log, join(directory, 'rotated'));
      httplog.signal('SIGUSR1');
      await httplog.waitForOutput('stderr', /Opening the files anew/, NOTICE_TIMEOUT_MS);
      await ask('/after-rotation');
      await awaitRequests(directory, ['/after-rotation']);
      await replaceInterface();
      await httplog.waitForOutput('stderr', /Capturing on server0 again/, NOTICE_TIMEOUT_MS);
      await ask('/after-replacement');
      await awaitRequests(directory, ['/after-rotation', '/after-replacement']);
      const { code, stderr } = await httplog.end();
      expect(code, stderr).toBe(0);
      expect(stderr).not.toContain('ERROR');
      expect(parseSummary(stderr)).toMatchObject({
        written: 2 * (3 + asked),
        linesDropped: 0,
      });
    },
  );

  test('what only root may read is read before', async () => {
    const directory = newDirectory();
    const key = join(directory, 'key');
    writeFileSync(key, 'k'.repeat(32), { mode: 0o600 });
    const anonymize = ['--anonymize-ip', `hash:${key}`, '--user', USER];
    const args = ['-i', hosts.server.device, '-o', join(directory, 'http.json'), ...anonymize];
    const httplog = await startDaemon([...args, '--format', 'json']);
    expect((await httplog.end()).code).toBe(0);
  });

  test('started as root it becomes httplog where there is that user', async () => {
    const directory = newDirectory();
    const passwd = join(directory, 'passwd');
    const entry = `httplog:x:${uid}:${gid}::/nonexistent:/usr/sbin/nologin\n`;
    writeFileSync(passwd, `root:x:0:0::/root:/bin/sh\n${entry}`, { mode: 0o644 });
    const bindThenRun = 'mount --bind "$0" /etc/passwd && exec "$@"';
    const uidsOf = async (...more: string[]) => {
      const own = ['-i', hosts.server.device, ...more];
      const command = [HTTPLOG_PROGRAM, ...ownSettings(own, false)];
      const args = ['--mount', 'sh', '-c', bindThenRun, passwd, ...command];
      const httplog = await startDaemon(args, { program: 'unshare' });
      const uids = valuesOf(readThreads(httplog.pid), 'Uid');
      expect((await httplog.end()).code).toBe(0);
      return uids;
    };
    expect(await uidsOf('-d', directory)).toEqual([Array(4).fill(uid).join('\t')]);
    // Root writes where nobody else can turn the way.
    expect(await uidsOf('-d', newDirectory(0), '--user', 'root')).toEqual([
      Array(4).fill(0).join('\t'),
    ]);
  });

  test('a user that has CAP_NET_RAW alone needs no root', async () => {
    const directory = newDirectory();
    const become = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups'];
    const capabilities = ['--inh-caps=-all,+net_raw', '--ambient-caps=+net_raw'];
    const bounding = '--bounding-set=-all,+net_raw';
    const httplog = await startDaemon(
      [
        ...[...become, ...capabilities, bounding, HTTPLOG_PROGRAM],
        ...ownSettings(['-i', hosts.server.device, '-d', directory, '--user', USER]),
      ],
      { program: 'setpriv' },
    );
    const threads = readThreads(httplog.pid);
    expect(valuesOf(threads, 'CapPrm')).toEqual([NET_RAW_ONLY]);
    expect(valuesOf(threads, 'NoNewPrivs')).toEqual(['1']);
    await ask('/own-user');
    await awaitRequests(directory, ['/own-user']);
    expect((await httplog.end()).code).toBe(0);
  });

  test.each([
    ['an unknown user', ['--user', 'no-such-user'], 2, /There is no user no-such-user\n.*useradd/],
    ['no name', ['--user', 'a b'], 2, /Option --user cannot be "a b"/],
  ])('%s is refused', async (_, args, expected, message) => {
    const { code, stderr } = await runHttplog(['-i', 'lo', ...args]);
    expect(code).toBe(expected);
    expect(stderr).toMatch(message);
  });

  test('a directory that the user cannot write to is told with what to do', async () => {
    const directory = newDirectory(0);
    const args = ['-i', 'lo', '-d', directory, '--user', USER];
    const { code, stderr } = await runHttplog(args);
    expect(code).toBe(4);
    expect(stderr).toContain('httplog runs as user nobody');
    expect(stderr).toMatch(
      /Give it to that user \(chown -R nobody\), or stay root with --user root/,
    );
    expect(readdirSync(directory)).toEqual([]);
  });

  test('only root can become another user', async () => {
    const own = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups'];
    const args = [...own, HTTPLOG_PROGRAM, ...ownSettings(['-i', 'lo', '--user', 'root'])];
    const { code, stderr } = await runHttplog(args, { program: 'setpriv' });
    expect(code).toBe(4);
    expect(stderr).toContain('Only root can become user root');
  });
});
