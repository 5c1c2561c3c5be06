import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canCaptureLive, missingTool, titleWithReason } from '../live/requirements.ts';
import { createWorkplace, START_SCRIPT, type Workplace } from './start-script.ts';

const noStart =
  (process.getuid?.() === 0 ? undefined : 'not root') ?? missingTool('unshare') ?? canCaptureLive();
/** Of nobody on this machine. */
const OWN_ID = 64_321;
const OTHERS = 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n';
const HTTPLOG = `httplog:x:${OWN_ID}:${OWN_ID}::/nonexistent:/usr/sbin/nologin\n`;
const STAYS =
  / WARN {2}httplog stays root: there is no user httplog for it to become\. Make one \(useradd .* httplog\) .*--user root that this is meant$/m;

let place: Workplace;
let options: string[];

beforeEach(() => {
  place = createWorkplace();
  chmodSync(place.folder, 0o755);
  options = ['start', '-i', 'lo', '-p', '65000', '-d', join(place.logs, 'of/web')];
});

afterEach(() => place.remove());

/** The start script where `/etc/passwd` has these lines, for its processes alone. */
function start(passwd: string, args: readonly string[]) {
  const file = join(place.folder, 'passwd');
  writeFileSync(file, passwd);
  const script = 'mount --bind "$0" /etc/passwd && exec "$@"';
  return place.script(['--mount', 'sh', '-c', script, file, START_SCRIPT, ...args], {
    program: 'unshare',
  });
}

function uidOfDaemon(): number {
  const status = readFileSync(`/proc/${place.readPid()}/status`, 'utf8');
  return Number(/^Uid:\t(\d+)/m.exec(status)?.[1]);
}

describe.skipIf(noStart)(titleWithReason('a daemon that root starts', noStart), () => {
  test('stays root where there is no user httplog, says so and how not to', async () => {
    const { code, stdout, stderr } = await start(OTHERS, options);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(STAYS);
    expect(uidOfDaemon()).toBe(0);
  });

  test('says nothing about it where it is meant', async () => {
    const { code, stdout } = await start(OTHERS, [...options, '--user', 'root']);
    expect(code).toBe(0);
    expect(stdout).not.toContain('stays root');
  });

  test('becomes httplog, who owns the directory that was missing, and no other', async () => {
    const { code, stdout, stderr } = await start(HTTPLOG + OTHERS, options);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toContain('stays root');
    expect(uidOfDaemon()).toBe(OWN_ID);
    const logs = join(place.logs, 'of/web');
    expect(statSync(logs)).toMatchObject({ uid: OWN_ID, gid: OWN_ID });
    expect(statSync(logs).mode & 0o7777).toBe(0o750);
    expect(statSync(place.logs)).toMatchObject({ uid: 0 });
    expect(statSync(place.logs).mode & 0o7777).toBe(0o755);
    // What root writes lies where that user can write nothing.
    expect(readdirSync(logs)).toEqual(['.http-log.lock']);
    expect(statSync(join(logs, '.http-log.lock'))).toMatchObject({ uid: OWN_ID, gid: OWN_ID });
    for (const name of ['httplog.pid', 'httplog.out', 'httplog.lock']) {
      expect(statSync(join(place.folder, name)).uid, name).toBe(0);
    }
  });

  test('makes directories for the user that is named', async () => {
    const service = join(place.folder, 'service');
    const args = [...options, '--user', 'nobody', '--service-log', service];
    const { code, stderr } = await start(HTTPLOG + OTHERS, args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(statSync(service).uid).toBe(65534);
    const [name] = readdirSync(service);
    expect(statSync(join(service, name)).uid).toBe(65534);
  });

  test("is told what to do with a directory of root's", async () => {
    expect((await start(OTHERS, options)).code).toBe(0);
    expect((await place.script(['stop'])).code).toBe(0);
    const { code, stderr } = await start(HTTPLOG + OTHERS, options);
    expect(code).toBe(4);
    expect(stderr).toContain('Give it to that user (chown -R httplog), or stay root with --user');
  });
});
