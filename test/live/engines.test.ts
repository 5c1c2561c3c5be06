import { describe, expect, onTestFinished, test } from 'vitest';
import { runChecked } from './child-process.ts';
import { type HttplogProcess, runHttplog, startHttplog } from './httplog-process.ts';
import { CAPTURING, countTypes, parseLines, parseSummary } from './log-lines.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { browse, curl, keepAliveRequests } from './web-client.ts';
import { useWebScene } from './web-scene.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx', 'curl', 'tcpdump');

describe.skipIf(noLive)(titleWithReason('the two capture engines', noLive), () => {
  const { hosts } = useWebScene();

  async function startDaemon(...args: string[]): Promise<HttplogProcess> {
    const { namespace, device } = hosts().server;
    const all = ['-i', device, '-o', '-', ...args];
    const httplog = await startHttplog({ namespace, args: all, ready: CAPTURING });
    onTestFinished(async () => void (await httplog.stop()));
    return httplog;
  }

  test('give the same lines of the same traffic, and count the same messages', async () => {
    const afPacket = await startDaemon('--engine', 'afpacket');
    const libpcap = await startDaemon('--engine', 'libpcap');
    const { client, server } = hosts();
    await browse({
      namespace: client.namespace,
      url: `http://[${server.ipv6}]`,
      host: 'www.example.com',
    });
    const url = `http://${server.ipv4}/`;
    await keepAliveRequests({ namespace: client.namespace, url, count: 300, connections: 10 });
    const [one, other] = await Promise.all([afPacket.end(), libpcap.end()]);
    expect([one.code, other.code]).toEqual([0, 0]);
    // The kernel takes the time for each socket anew, some microseconds later.
    const withoutTimes = (stdout: string) => parseLines(stdout).map(({ text }) => text.slice(24));
    expect(withoutTimes(other.stdout)).toEqual(withoutTimes(one.stdout));
    expect(countTypes(parseLines(one.stdout))).toEqual({ CQ: 318, CR: 318 });
    const [summary, otherSummary] = [parseSummary(one.stderr), parseSummary(other.stderr)];
    expect(otherSummary.messages).toEqual(summary.messages);
    expect([summary.dropped, otherSummary.dropped]).toEqual([0, 0]);
  });

  test.each(['afpacket', 'libpcap'])('-f takes the place of -p with %s', async (engine) => {
    const { client, server } = hosts();
    const filter = `tcp port 80 and host ${server.ipv4}`;
    const httplog = await startDaemon('--engine', engine, '-f', filter, '-p', '9');
    expect(httplog.stderr()).toContain(filter);
    for (const host of [`[${server.ipv6}]`, server.ipv4]) {
      await curl([`http://${host}/`, '-o', '/dev/null'], { namespace: client.namespace });
    }
    const { code, stdout } = await httplog.end();
    expect(code).toBe(0);
    const lines = parseLines(stdout);
    expect(countTypes(lines)).toEqual({ CQ: 1, CR: 1 });
    expect(lines[0].target).toBe(`${server.ipv4}#80`);
  });

  test.each(['afpacket', 'libpcap'])(
    'a filter with a syntax error is quoted with %s, exit 2',
    async (engine) => {
      const args = ['-i', 'lo', '-o', '-', '--engine', engine, '-f', 'tcp prot 80'];
      const exit = await runHttplog(args);
      expect(exit).toMatchObject({ code: 2, stdout: '' });
      expect(exit.stderr).toMatch(
        /^httplog: Filter "tcp prot 80" is not valid: .*\n {2}Write it as for tcpdump/,
      );
    },
  );

  test('libpcap with two workers is refused, exit 2', async () => {
    const exit = await runHttplog(['-i', 'lo', '-o', '-', '--engine', 'libpcap', '-cpu', '2']);
    expect(exit).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        'httplog: The libpcap engine works with one worker, not with -cpu 2\n' +
        '  Leave -cpu at 1, or use --engine afpacket\n',
    });
  });

  test('--promisc puts the interface into promiscuous mode, and not for longer', async () => {
    const { namespace, device } = hosts().server;
    const promiscuity = async () => {
      const text = await runChecked('ip', ['-n', namespace, '-d', 'link', 'show', device]);
      return /promiscuity (\d+)/.exec(text)?.[1];
    };
    expect(await promiscuity()).toBe('0');
    for (const engine of ['afpacket', 'libpcap']) {
      const httplog = await startDaemon('--engine', engine, '--promisc');
      expect(await promiscuity(), engine).toBe('1');
      await httplog.end();
      expect(await promiscuity(), engine).toBe('0');
    }
  });
});
