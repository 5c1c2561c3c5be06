import { chownSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { startHttplog } from './httplog-process.ts';
import { CAPTURING, makeLogDirectory, removeLogDirectory } from './log-lines.ts';
import { canCaptureLive, missingTool, titleWithReason } from './requirements.ts';

const HTTPLOG_PROGRAM = fileURLToPath(new URL('../../bin/httplog', import.meta.url));
const noLive =
  canCaptureLive() ??
  missingTool('setpriv', 'unshare') ??
  (process.getuid?.() === 0 ? undefined : 'not root');
/** Of nobody on this machine. */
const OWN_ID = 64_321;
/** A machine that does other things as well takes its time. */
const START_TIMEOUT_MS = PATIENCE_MS;
const NO_CAPABILITY = '0000000000000000';

/** Names of the threads that have a capability in effect, each once, and of those that have none. */
function namesByCapability(pid: number): { able: string[]; others: string[] } {
  const able = new Set<string>();
  const others = new Set<string>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const text = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
    const name = /^Name:\t(.*)$/m.exec(text)?.[1] ?? '';
    const effective = /^CapEff:\t(.*)$/m.exec(text)?.[1];
    (effective === NO_CAPABILITY ? others : able).add(name);
  }
  return { able: [...able].sort(), others: [...others].sort() };
}

function newDirectory(): string {
  const directory = makeLogDirectory();
  onTestFinished(() => removeLogDirectory(directory));
  chownSync(directory, OWN_ID, OWN_ID);
  return directory;
}

/** With `/etc/passwd` of its own: that of this machine has no user who is there for tests. */
function asRoot(directory: string, words: readonly string[]): [string, string[]] {
  const passwd = join(directory, 'passwd');
  const user = `httplog:x:${OWN_ID}:${OWN_ID}::/nonexistent:/usr/sbin/nologin`;
  writeFileSync(passwd, `root:x:0:0::/root:/bin/sh\n${user}\n`);
  const script = 'mount --bind "$0" /etc/passwd && exec "$@"';
  return ['unshare', ['--mount', 'sh', '-c', script, passwd, HTTPLOG_PROGRAM, ...words]];
}

function asUser(_: string, words: readonly string[]): [string, string[]] {
  const become = ['--reuid', `${OWN_ID}`, '--regid', `${OWN_ID}`, '--clear-groups'];
  const capability = ['--inh-caps=-all,+net_raw', '--ambient-caps=+net_raw'];
  const bounding = '--bounding-set=-all,+net_raw';
  return ['setpriv', [...become, ...capability, bounding, HTTPLOG_PROGRAM, ...words]];
}

/** Threads that Node has started before the first line of httplog. */
const OF_NODE = ['DelayedTaskSche', 'V8Worker'];
const DECODERS = ['decode 0', 'decode 1'];
const OTHERS = ['MainThread', 'libuv-worker', 'sqlite'];

describe.skipIf(noLive)(titleWithReason('threads of a daemon', noLive), () => {
  test.each([
    ['as root', asRoot, DECODERS, [...OF_NODE, ...OTHERS].sort()],
    ['as a user with CAP_NET_RAW', asUser, [...OF_NODE, ...DECODERS].sort(), OTHERS],
  ])(
    'that are there for anything but packets have no CAP_NET_RAW in effect: started %s',
    async (_, start, able, others) => {
      const directory = newDirectory();
      const outputs = [`path=${directory}/`, `sqlite=${join(directory, 'http.sqlite')}`];
      const words = outputs.flatMap((output) => ['--output', output]);
      const [program, args] = start(directory, ['-i', 'lo', '-p', '65000', '-cpu', '2', ...words]);
      const readyTimeoutMs = START_TIMEOUT_MS;
      const httplog = await startHttplog({ program, args, ready: CAPTURING, readyTimeoutMs });
      onTestFinished(async () => void (await httplog.stop()));
      expect(namesByCapability(httplog.pid)).toEqual({ able, others });
      expect((await httplog.end('SIGTERM', START_TIMEOUT_MS)).code).toBe(0);
    },
    3 * START_TIMEOUT_MS,
  );
});
