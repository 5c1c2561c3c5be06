import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type HttplogProcess, startHttplog } from './httplog-process.ts';
import {
  CAPTURING,
  type LogLine,
  makeLogDirectory,
  parseSummary,
  readLogDirectory,
  removeLogDirectory,
  waitForLines,
} from './log-lines.ts';
import {
  bringUp,
  createNamespacePair,
  createVethPair,
  ip,
  type LinkedHosts,
  runInNamespace,
} from './network-namespaces.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { curl } from './web-client.ts';
import { type NginxServer, startNginx } from './web-server.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx', 'curl');
const noVxlan = noLive ?? (await probe('link add vx type vxlan id 1 dstport 4789'));
const noMirror =
  noVxlan ??
  missingTool('tc') ??
  (await probe('link add vx type veth peer name vy', [
    'qdisc add dev vx clsact',
    'filter add dev vx ingress protocol all u32 match u32 0 0 action mirred egress mirror dev vy',
  ]));

/** Why this kernel cannot do it, or undefined when it can. */
async function probe(
  link: string,
  trafficControls: readonly string[] = [],
): Promise<string | undefined> {
  const { clientNamespace, stop } = await createNamespacePair();
  try {
    await ip(clientNamespace, ...link.split(' '));
    for (const control of trafficControls) {
      const { code, stderr } = await runInNamespace(clientNamespace, 'tc', control.split(' '));
      if (code !== 0) {
        return `tc ${control.split(' ')[0]}: ${stderr.trim().split('\n')[0]}`;
      }
    }
    return undefined;
  } catch (error) {
    return (error as Error).message.split('\n')[0];
  } finally {
    await stop();
  }
}

interface Capture {
  daemon: HttplogProcess;
  read(): LogLine[];
}

async function startCapture(namespace: string, ...args: string[]): Promise<Capture> {
  const directory = makeLogDirectory();
  onTestFinished(() => removeLogDirectory(directory));
  const all = ['-d', directory, ...args];
  const daemon = await startHttplog({ namespace, args: all, ready: CAPTURING });
  onTestFinished(async () => void (await daemon.stop()));
  return { daemon, read: () => readLogDirectory(directory) };
}

/** `ADDRESS TYPE START_LINE` of each line; the port that the client chose is left out. */
function outline(lines: readonly LogLine[]): string[] {
  return lines.map(({ source, target, type, message }) => {
    const ends = `${source} ${target}`.replace(/#(?!80\b)\d+/, '');
    return `${ends} ${type} ${message.split(' ').slice(0, 3).join(' ')}`;
  });
}

/** What one request and its response look like to the server's side of a capture. */
function exchange(client: string, server: string, path: string): string[] {
  return [
    `${client} ${server}#80 CQ GET ${path} HTTP/1.1`,
    `${server}#80 ${client} CR HTTP/1.1 200 OK`,
  ];
}

describe.skipIf(noVxlan)(titleWithReason('a VXLAN device on both ends of a veth', noVxlan), () => {
  const overlay = {
    client: { ipv4: '10.42.0.2', ipv6: 'fd00:42::2' },
    server: { ipv4: '10.42.0.1', ipv6: 'fd00:42::1' },
  };
  const otherPort = {
    client: { ipv4: '10.43.0.2', ipv6: 'fd00:43::2' },
    server: { ipv4: '10.43.0.1', ipv6: 'fd00:43::1' },
  };
  let hosts: LinkedHosts;
  let nginx: NginxServer;

  async function addVxlan(
    name: string,
    id: number,
    port: number,
    addresses: typeof overlay,
  ): Promise<void> {
    for (const [side, far] of [
      ['client', 'server'],
      ['server', 'client'],
    ] as const) {
      const { namespace, device, ipv4: local } = hosts[side];
      const ends = ['local', local, 'remote', hosts[far].ipv4, 'dev', device];
      const type = ['type', 'vxlan', 'id', `${id}`, 'dstport', `${port}`, ...ends];
      await ip(namespace, 'link', 'add', name, ...type);
      await bringUp(namespace, name, addresses[side].ipv4, addresses[side].ipv6);
    }
  }

  beforeAll(async () => {
    hosts = await createVethPair();
    await addVxlan('overlay0', 42, 4789, overlay);
    await addVxlan('overlay1', 43, 14789, otherPort);
    nginx = await startNginx({ namespace: hosts.server.namespace });
  });

  afterAll(async () => {
    await nginx?.stop();
    await hosts?.stop();
  });

  async function ask(host: string, path: string): Promise<void> {
    const { namespace } = hosts.client;
    const { code } = await curl([`http://${host}${path}`, '-o', '/dev/null'], { namespace });
    expect(code).toBe(0);
  }

  const startOnServer = (...args: string[]) =>
    startCapture(hosts.server.namespace, '-i', hosts.server.device, ...args);

  test.each(['afpacket', 'libpcap'])(
    'with --tunnels the underlay gives each message once, with the inner addresses: %s',
    async (engine) => {
      const { client, server } = overlay;
      const { daemon, read } = await startOnServer('--engine', engine, '--tunnels');
      expect(daemon.stderr()).toContain(`(port 80, tunnels too; ${engine}, `);
      await ask(server.ipv4, '/?four');
      await ask(`[${server.ipv6}]`, '/?six');
      await ask(hosts.server.ipv4, '/?plain');
      await ask(otherPort.server.ipv4, '/?other');
      await waitForLines(read, 6);
      const { dropped, written, messages } = parseSummary((await daemon.end()).stderr);
      expect(outline(read())).toEqual([
        ...exchange(client.ipv4, server.ipv4, '/?four'),
        ...exchange(client.ipv6, server.ipv6, '/?six'),
        ...exchange(hosts.client.ipv4, hosts.server.ipv4, '/?plain'),
      ]);
      expect({ dropped, written }).toEqual({ dropped: 0, written: 6 });
      expect(messages).toMatchObject({ CQ: 3, CR: 3 });
    },
  );

  test('without --tunnels it gives what is in no tunnel, and does not speak of them', async () => {
    const { daemon, read } = await startOnServer();
    expect(daemon.stderr()).toContain('(port 80; afpacket, ');
    await ask(overlay.server.ipv4, '/?within');
    await ask(hosts.server.ipv4, '/?plain');
    await waitForLines(read, 2);
    const { received } = parseSummary((await daemon.end()).stderr);
    const plain = exchange(hosts.client.ipv4, hosts.server.ipv4, '/?plain');
    expect(outline(read())).toEqual(plain);
    // Ten segments or so; the tunnel's would double them: the kernel let none of them pass.
    expect(received).toBeLessThan(16);
  });

  test('ports of -p are those of the packets within', async () => {
    const { daemon, read } = await startOnServer('--tunnels', '-p', '8080,4789');
    await ask(overlay.server.ipv4, '/?not-asked-for');
    await daemon.end();
    expect(read()).toEqual([]);
  });

  test('a port of --vxlan-port is opened too', async () => {
    const { client, server } = otherPort;
    const { daemon, read } = await startOnServer('--tunnels', '--vxlan-port', '14789');
    await ask(server.ipv4, '/?other');
    await ask(overlay.server.ipv4, '/?usual');
    await waitForLines(read, 4);
    await daemon.end();
    expect(outline(read())).toEqual([
      ...exchange(client.ipv4, server.ipv4, '/?other'),
      ...exchange(overlay.client.ipv4, overlay.server.ipv4, '/?usual'),
    ]);
  });

  test('on the device any, which shows a packet in the tunnel and out of it, a message is one line', async () => {
    const { client, server } = overlay;
    const args = ['-i', 'any', '-p', '80', '--tunnels'];
    const { daemon, read } = await startCapture(hosts.server.namespace, ...args);
    await ask(server.ipv4, '/?any');
    await waitForLines(read, 2);
    await daemon.end();
    expect(outline(read())).toEqual(exchange(client.ipv4, server.ipv4, '/?any'));
  });
});

describe.skipIf(noMirror)(titleWithReason('a mirror that sends copies in VXLAN', noMirror), () => {
  const wire = {
    mirror: { ipv4: '10.9.0.1', ipv6: 'fd00:9::1' },
    collector: { ipv4: '10.9.0.2', ipv6: 'fd00:9::2' },
  };
  let hosts: LinkedHosts;
  let nginx: NginxServer;
  let collector: string;
  let stopCollector: () => Promise<void>;

  /** Copies what passes the server's device, both ways, into a VXLAN device that leads to the collector. */
  async function startMirror(): Promise<void> {
    const { namespace, device } = hosts.server;
    const peer = ['type', 'veth', 'peer', 'name', 'wire0', 'netns', collector];
    await ip(namespace, 'link', 'add', 'wire0', ...peer);
    for (const [place, ends] of [
      [namespace, wire.mirror],
      [collector, wire.collector],
    ] as const) {
      // As in a cloud: a whole packet fits with its outer headers.
      await ip(place, 'link', 'set', 'wire0', 'mtu', '9000');
      await bringUp(place, 'wire0', ends.ipv4, ends.ipv6);
    }
    const vxlan = ['type', 'vxlan', 'id', '7', 'dstport', '4789', 'dev', 'wire0'];
    const toCollector = ['remote', wire.collector.ipv4];
    await ip(namespace, 'link', 'add', 'mirror0', ...vxlan, ...toCollector);
    await ip(namespace, 'link', 'set', 'mirror0', 'up');
    await ip(collector, 'link', 'add', 'mirrored0', ...vxlan, 'remote', wire.mirror.ipv4);
    await ip(collector, 'link', 'set', 'mirrored0', 'up');
    const copy = 'protocol all u32 match u32 0 0 action mirred egress mirror dev mirror0';
    for (const control of [
      `qdisc add dev ${device} clsact`,
      `filter add dev ${device} ingress ${copy}`,
      `filter add dev ${device} egress ${copy}`,
    ]) {
      const { code, stderr } = await runInNamespace(namespace, 'tc', control.split(' '));
      expect([code, stderr]).toEqual([0, '']);
    }
  }

  beforeAll(async () => {
    hosts = await createVethPair();
    const { clientNamespace, stop } = await createNamespacePair();
    collector = clientNamespace;
    stopCollector = stop;
    await startMirror();
    nginx = await startNginx({ namespace: hosts.server.namespace });
  });

  afterAll(async () => {
    await nginx?.stop();
    await hosts?.stop();
    await stopCollector?.();
  });

  test('the collector logs the exchange of hosts that it does not know', async () => {
    const { client, server } = hosts;
    const outer = await startCapture(collector, '-i', 'wire0', '--tunnels');
    // The same on the far side of the kernel's own VXLAN, where nothing is in a tunnel any more.
    const inner = await startCapture(collector, '-i', 'mirrored0');
    const blind = await startCapture(collector, '-i', 'wire0');
    const { namespace } = client;
    for (const url of [`http://${server.ipv4}/?four`, `http://[${server.ipv6}]/?six`]) {
      const { code } = await curl([url, '-o', '/dev/null'], { namespace });
      expect(code).toBe(0);
    }
    await waitForLines(outer.read, 4);
    await waitForLines(inner.read, 4);
    for (const { daemon } of [outer, inner, blind]) {
      expect((await daemon.end()).code).toBe(0);
    }
    expect(outline(outer.read())).toEqual([
      ...exchange(client.ipv4, server.ipv4, '/?four'),
      ...exchange(client.ipv6, server.ipv6, '/?six'),
    ]);
    expect(outline(inner.read())).toEqual(outline(outer.read()));
    expect(blind.read()).toEqual([]);
  });

  test.each([
    ['of one packet keeps a request that fills it', 1514, 'last-of-all'],
    ['ends 256 bytes later, for the outer headers', 1285, '-'],
  ])('a snap length %s', async (_title, snaplen, agent) => {
    const { client, server } = hosts;
    const args = ['-i', 'wire0', '--tunnels', '-s', `${snaplen}`];
    const { daemon, read } = await startCapture(collector, ...args);
    // The segment has the 1,448 bytes that fit, the copy of its frame 1,564. User-Agent is at its end.
    const path = `/?${'x'.repeat(1387)}`;
    const headers = ['-H', 'Accept:', '-A', 'last-of-all'];
    const url = `http://${server.ipv4}${path}`;
    const place = { namespace: client.namespace };
    expect((await curl([url, '-o', '/dev/null', ...headers], place)).code).toBe(0);
    const [request] = await waitForLines(read, 2);
    await daemon.end();
    expect(request.message).toBe(`GET ${path} HTTP/1.1 ${server.ipv4} ${agent}`);
  });
});
