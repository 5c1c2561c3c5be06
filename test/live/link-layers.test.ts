import { describe, expect, onTestFinished, test } from 'vitest';
import { startHttplog } from './httplog-process.ts';
import { CAPTURING, countTypes, type LogLine, parseLines } from './log-lines.ts';
import { createVethPair, type LinkedHosts } from './network-namespaces.ts';
import {
  canCaptureLive,
  canMakeNamespaces,
  canMakeTapDevices,
  missingTool,
  titleWithReason,
} from './requirements.ts';
import { curl } from './web-client.ts';
import { startNginx } from './web-server.ts';
import { createWire, TRUNK_DEVICE, type WireOptions } from './wire.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx', 'curl');
const noWire = noLive ?? canMakeTapDevices();

const ENGINES = ['afpacket', 'libpcap'] as const;

/** Captures in the server's namespace while `talk` runs; gives all lines. */
async function captureLines(
  { server }: LinkedHosts,
  args: readonly string[],
  talk: () => Promise<unknown>,
): Promise<LogLine[]> {
  const httplog = await startHttplog({
    namespace: server.namespace,
    args: [...args, '-o', '-'],
    ready: CAPTURING,
  });
  try {
    await talk();
    const { code, stdout } = await httplog.end();
    expect(code).toBe(0);
    return parseLines(stdout);
  } finally {
    await httplog.stop();
  }
}

async function get(namespace: string, url: string): Promise<void> {
  const { code, stderr } = await curl([url, '-o', '/dev/null'], { namespace });
  expect(code, stderr).toBe(0);
}

/** One request over IPv4 and one over IPv6. */
async function askTwice({ client, server }: LinkedHosts): Promise<void> {
  await get(client.namespace, `http://${server.ipv4}/ipv4`);
  await get(client.namespace, `http://[${server.ipv6}]/ipv6`);
}

async function startWire(options: WireOptions): Promise<LinkedHosts> {
  const hosts = await createWire(options);
  onTestFinished(() => hosts.stop());
  const nginx = await startNginx({ namespace: hosts.server.namespace });
  onTestFinished(() => nginx.stop());
  return hosts;
}

const paths = (lines: readonly LogLine[]) =>
  lines.filter(({ type }) => type.endsWith('Q')).map(({ message }) => message.split(' ')[1]);

describe.skipIf(noWire)(titleWithReason('live capture of VLAN tags', noWire), () => {
  const cases = [
    { name: 'one tag', tags: [{ protocol: 0x8100, id: 10 }], suffix: ' vlan=10' },
    {
      name: 'two tags',
      tags: [
        { protocol: 0x88a8, id: 200 },
        { protocol: 0x8100, id: 10 },
      ],
      suffix: ' vlan=200.10',
    },
  ];
  test.each(cases)('$name: -add_vlan puts it into each line, with both engines', async (vlan) => {
    const hosts = await startWire({ tags: vlan.tags });
    for (const engine of ENGINES) {
      const args = ['-i', TRUNK_DEVICE, '--engine', engine];
      const tagged = await captureLines(hosts, [...args, '-add_vlan'], () => askTwice(hosts));
      expect(paths(tagged), engine).toEqual(['/ipv4', '/ipv6']);
      expect(countTypes(tagged), engine).toEqual({ CQ: 2, CR: 2 });
      for (const { text } of tagged) {
        expect(text.endsWith(vlan.suffix), `${engine}: ${text}`).toBe(true);
      }
    }
    const plain = await captureLines(hosts, ['-i', TRUNK_DEVICE], () => askTwice(hosts));
    expect(paths(plain)).toEqual(['/ipv4', '/ipv6']);
    expect(plain.map(({ text }) => text).join()).not.toContain('vlan');
  });

  test('an expression of tcpdump sees the tag that the kernel has taken out', async () => {
    const hosts = await startWire({ tags: [{ protocol: 0x8100, id: 10 }] });
    const args = ['-i', TRUNK_DEVICE, '-add_vlan', '-f'];
    const of10 = await captureLines(hosts, [...args, 'vlan 10 and ip6'], () => askTwice(hosts));
    expect(paths(of10)).toEqual(['/ipv6']);
    expect(of10[0].text).toMatch(/ vlan=10$/);
    const of11 = await captureLines(hosts, [...args, 'vlan 11'], () => askTwice(hosts));
    expect(of11).toEqual([]);
  });
});

describe.skipIf(noWire)(titleWithReason('live capture without a link header', noWire), () => {
  test('a tun device gives the lines of both address families, with both engines', async () => {
    const hosts = await startWire({ kind: 'tun' });
    for (const engine of ENGINES) {
      const args = ['-i', hosts.server.device, '--engine', engine];
      const lines = await captureLines(hosts, args, () => askTwice(hosts));
      expect(paths(lines), engine).toEqual(['/ipv4', '/ipv6']);
      expect(countTypes(lines), engine).toEqual({ CQ: 2, CR: 2 });
    }
  });
});

describe.skipIf(noLive)(titleWithReason('live capture on lo and any', noLive), () => {
  async function startPair(): Promise<LinkedHosts> {
    const hosts = await createVethPair();
    onTestFinished(() => hosts.stop());
    const nginx = await startNginx({ namespace: hosts.server.namespace });
    onTestFinished(() => nginx.stop());
    return hosts;
  }

  const askOnLoopback = async ({ server }: LinkedHosts) => {
    await get(server.namespace, 'http://127.0.0.1/lo-ipv4');
    await get(server.namespace, 'http://[::1]/lo-ipv6');
  };

  test('lo gives each message once, with both engines and two workers', async () => {
    const hosts = await startPair();
    for (const options of [
      ['--engine', 'afpacket'],
      ['--engine', 'libpcap'],
      ['-cpu', '2'],
    ]) {
      const lines = await captureLines(hosts, ['-i', 'lo', ...options], () => askOnLoopback(hosts));
      expect(paths(lines).sort(), options.join()).toEqual(['/lo-ipv4', '/lo-ipv6']);
      expect(countTypes(lines), options.join()).toEqual({ CQ: 2, CR: 2 });
    }
  });

  test('any gives each message once, of every device and of lo, with both engines', async () => {
    const hosts = await startPair();
    for (const options of [
      ['--engine', 'afpacket'],
      ['--engine', 'libpcap'],
      ['-cpu', '2'],
    ]) {
      const lines = await captureLines(hosts, ['-i', 'any', ...options], async () => {
        await askTwice(hosts);
        await askOnLoopback(hosts);
      });
      const expected = ['/ipv4', '/ipv6', '/lo-ipv4', '/lo-ipv6'];
      expect(paths(lines).sort(), options.join()).toEqual(expected);
      expect(countTypes(lines), options.join()).toEqual({ CQ: 4, CR: 4 });
    }
  });

  test('any shows requests to other servers as SQ and SR', async () => {
    const hosts = await startPair();
    const other = await startNginx({ namespace: hosts.client.namespace });
    onTestFinished(() => other.stop());
    const lines = await captureLines(hosts, ['-i', 'any'], async () => {
      await get(hosts.server.namespace, `http://${hosts.client.ipv4}/other`);
    });
    expect(countTypes(lines)).toEqual({ SQ: 1, SR: 1 });
  });
});
