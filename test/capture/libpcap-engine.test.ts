import { Agent, createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createFrame, FILL_END, FILL_IDLE, type FrameSource } from '../../src/capture/frame.ts';
import { type LibpcapEngineOptions, openLibpcapEngine } from '../../src/capture/libpcap-engine.ts';
import {
  LINKTYPE_ETHERNET,
  LINKTYPE_LINUX_SLL,
  LINKTYPE_RAW,
} from '../../src/capture/link-types.ts';
import { runCommand, startProcess } from '../live/child-process.ts';
import { createVethPair, ip, type LinkEnd } from '../live/network-namespaces.ts';
import {
  canCaptureLive,
  canMakeNamespaces,
  canMakeTapDevices,
  missingTool,
  titleWithReason,
} from '../live/requirements.ts';
import { createWire } from '../live/wire.ts';
import { PATIENCE_MS } from '../patience.ts';
import { missingLibpcap } from './missing-libpcap.ts';

const mainPath = fileURLToPath(new URL('libpcap-engine-main.ts', import.meta.url));
/** Large: here packets come first and are read afterwards, and every 20 ms take a block of their own. */
const RING_BYTES = 32 * 1024 * 1024;
const CHILD_TIMEOUT_MS = PATIENCE_MS;

const reason = canCaptureLive() ?? missingLibpcap();
const liveIt = it.skipIf(reason !== undefined);
const titled = (title: string) => titleWithReason(title, reason);

interface Captured {
  text: string;
  linkType: number;
  capturedLength: number;
  wireLength: number;
  timestampMs: number;
}

let server: Server;
let port: number;

beforeEach(async () => {
  server = createServer((_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function openEngine(options: Partial<LibpcapEngineOptions> = {}): FrameSource {
  const engine = openLibpcapEngine({
    interfaceName: 'lo',
    snaplen: 1560,
    ringBytes: RING_BYTES,
    isPromiscuous: false,
    filter: { ports: [{ first: port, last: port }] },
    pollTimeoutMs: 5,
    ...options,
  });
  onTestFinished(() => engine.close());
  return engine;
}

/** Asks for `/0` and so on, on one connection that is kept. */
async function sendRequests(count: number, prefix = '/'): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let index = 0; index < count; index += 1) {
    await new Promise<void>((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path: `${prefix}${index}`, agent };
      get(options, (response) => response.resume().on('end', resolve)).on('error', reject);
    });
  }
  agent.destroy();
}

async function drain(engine: FrameSource): Promise<Captured[]> {
  engine.stop();
  const captured: Captured[] = [];
  const frame = createFrame();
  while ((await engine.fill()) !== FILL_END) {
    while (engine.next(frame)) {
      const { bytes, offset, end } = frame;
      captured.push({
        text: Buffer.from(bytes.subarray(offset, end)).toString('latin1'),
        linkType: frame.linkType,
        capturedLength: end - offset,
        wireLength: frame.wireLength,
        timestampMs: frame.timestampSec * 1000 + frame.timestampSubsecNs / 1e6,
      });
    }
  }
  return captured;
}

function listPaths(captured: readonly Captured[]): string[] {
  return captured.flatMap(({ text }) => /GET (\S+)/.exec(text)?.[1] ?? []);
}

function numberedPaths(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `/${index}`);
}

async function measureMs(action: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await action();
  return performance.now() - startMs;
}

describe('openLibpcapEngine on lo', () => {
  liveIt(titled('gives each packet once, with its time and lengths'), async () => {
    const engine = openEngine();
    const startMs = Date.now();
    await sendRequests(20);
    const captured = await drain(engine);
    expect(listPaths(captured)).toEqual(numberedPaths(20));
    expect(captured.filter(({ text }) => text.includes('HTTP/1.1 200 OK'))).toHaveLength(20);
    for (const packet of captured) {
      expect(packet.linkType).toBe(LINKTYPE_ETHERNET);
      expect(packet.capturedLength).toBe(packet.wireLength);
      expect(packet.timestampMs).toBeGreaterThan(startMs - 1);
      expect(packet.timestampMs).toBeLessThan(Date.now() + 1);
    }
    expect(captured.some(({ timestampMs }) => !Number.isInteger(timestampMs * 1000))).toBe(true);
    expect(engine.statistics()).toEqual({ packets: captured.length, drops: 0, freezes: 0 });
  });

  liveIt(titled('gives on any what it gives on lo, behind a cooked header'), async () => {
    const engine = openEngine({ interfaceName: 'any' });
    await sendRequests(5);
    const captured = await drain(engine);
    expect(listPaths(captured)).toEqual(numberedPaths(5));
    expect(captured.every(({ linkType }) => linkType === LINKTYPE_LINUX_SLL)).toBe(true);
  });

  liveIt(titled('sees nothing of other ports'), async () => {
    const engine = openEngine({ filter: { ports: [{ first: 1, last: 2 }] } });
    await sendRequests(5);
    expect(await drain(engine)).toEqual([]);
    expect(engine.statistics()).toEqual({ packets: 0, drops: 0, freezes: 0 });
  });

  liveIt(titled('takes a tcpdump expression instead of ports'), async () => {
    const expression = `tcp dst port ${port} and tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420`;
    const engine = openEngine({ filter: { expression } });
    await sendRequests(5);
    const captured = await drain(engine);
    expect(captured).toHaveLength(5);
    expect(listPaths(captured)).toEqual(numberedPaths(5));
  });

  liveIt.each([
    ['ports', () => ({ ports: [{ first: port, last: port }] })],
    ['an expression', () => ({ expression: `tcp port ${port}` })],
  ] as const)(titled('cuts packets at the snap length, with %s'), async (_name, makeFilter) => {
    const engine = openEngine({ snaplen: 100, filter: makeFilter() });
    await sendRequests(2, `/${'x'.repeat(200)}`);
    const captured = await drain(engine);
    const cut = captured.filter(({ wireLength }) => wireLength > 100);
    expect(cut.length).toBeGreaterThanOrEqual(2);
    for (const { capturedLength, wireLength } of captured) {
      expect(capturedLength).toBe(Math.min(wireLength, 100));
    }
  });

  liveIt(titled('keeps packets of 65535 bytes, and more than one batch of them'), async () => {
    server.removeAllListeners('request');
    server.on('request', (_request, response) => response.end('y'.repeat(500_000)));
    const engine = openEngine({ snaplen: 65535 });
    await sendRequests(4);
    const captured = await drain(engine);
    // A packet of loopback can be 14 bytes longer than that: its MTU is 65536 without the Ethernet header.
    for (const { capturedLength, wireLength } of captured) {
      expect(capturedLength).toBe(Math.min(wireLength, 65535));
    }
    const letters = captured.flatMap(({ text }) => /y{50,}/.exec(text) ?? []).join('');
    expect(letters.length).toBeGreaterThan(1_999_000);
    expect(captured.some(({ capturedLength }) => capturedLength > 32_000)).toBe(true);
  });

  liveIt(titled('lets nothing new in after stop, and loses nothing of before'), async () => {
    const engine = openEngine();
    await sendRequests(200);
    engine.stop();
    await sendRequests(5, '/late');
    expect(listPaths(await drain(engine))).toEqual(numberedPaths(200));
    expect(await engine.fill()).toBe(FILL_END);
  });

  liveIt(titled('waits no longer than asked when nothing comes, and lets others run'), async () => {
    const engine = openEngine({ pollTimeoutMs: 20 });
    const baselines: number[] = [];
    for (let sleeps = 0; sleeps < 5; sleeps += 1) {
      baselines.push(await measureMs(() => new Promise((resolve) => setTimeout(resolve, 20))));
    }
    let turns = 0;
    const interval = setInterval(() => {
      turns += 1;
    }, 1);
    const times: number[] = [];
    for (let fills = 0; fills < 5; fills += 1) {
      times.push(await measureMs(async () => expect(await engine.fill()).toBe(FILL_IDLE)));
    }
    clearInterval(interval);
    // The shortest: other programs may hold up some of them.
    expect(Math.min(...times) / Math.min(...baselines)).toBeLessThan(4);
    expect(turns).toBeGreaterThanOrEqual(4);
  });

  liveIt(titled('can be closed twice, and keeps its totals'), async () => {
    const engine = openEngine();
    await sendRequests(3);
    const { length } = await drain(engine);
    const pending = engine.fill();
    engine.close();
    expect(await pending).toBe(FILL_END);
    engine.close();
    engine.stop();
    expect(engine.statistics().packets).toBe(length);
    expect(engine.next(createFrame())).toBe(false);
  });
});

describe('openLibpcapEngine that cannot open', () => {
  liveIt(titled('says that there is no such interface'), () => {
    expect(() => openEngine({ interfaceName: 'nosuch0' })).toThrow(
      expect.objectContaining({
        code: 'HTTPLOG_INTERFACE_NOT_FOUND',
        exitCode: 3,
        message: 'There is no interface nosuch0',
      }),
    );
  });

  liveIt(titled('says what is wrong with an expression'), () => {
    expect(() => openEngine({ filter: { expression: 'tcp prot 80' } })).toThrow(
      expect.objectContaining({ code: 'HTTPLOG_FILTER', exitCode: 2 }),
    );
  });

  const userReason = reason ?? missingTool('setpriv');
  it.skipIf(userReason !== undefined)(
    titleWithReason('says that it is not permitted', userReason),
    async () => {
      const drop = ['--reuid', '65534', '--clear-groups', '--bounding-set', '-all'];
      const command = [process.execPath, mainPath, 'lo', '80'];
      const { code, stdout } = await runCommand('setpriv', [...drop, '--', ...command]);
      expect(stdout).toMatch(/^error HTTPLOG_CAPTURE_PERMISSION .*CAP_NET_RAW/);
      expect(code).toBe(4);
    },
  );

  it.skipIf(userReason !== undefined)(
    titleWithReason('needs CAP_NET_RAW and no other capability', userReason),
    async () => {
      const drop = ['--reuid', '65534', '--clear-groups', '--bounding-set', '-all,+net_raw'];
      const keep = ['--inh-caps', '-all,+net_raw', '--ambient-caps', '-all,+net_raw'];
      const command = [process.execPath, mainPath, 'lo', String(port)];
      const child = await startProcess('setpriv', [...drop, ...keep, '--', ...command]);
      onTestFinished(async () => void (await child.stop()));
      await child.waitForOutput('stdout', /ready/, CHILD_TIMEOUT_MS);
      await sendRequests(1);
      await child.waitForOutput('stdout', /message 1 GET \/0/, CHILD_TIMEOUT_MS);
    },
  );
});

describe('openLibpcapEngine in a namespace', () => {
  const netReason = reason ?? canMakeNamespaces() ?? missingTool('curl');

  async function startEngine(end: LinkEnd) {
    const args = [mainPath, end.device, '80'];
    const child = await startProcess(process.execPath, args, { namespace: end.namespace });
    await child.waitForOutput('stdout', /ready/, CHILD_TIMEOUT_MS);
    return child;
  }

  it.skipIf(netReason !== undefined)(
    titleWithReason('says that the interface went down, or is gone, or is down', netReason),
    async () => {
      const { client, server: host, stop } = await createVethPair();
      onTestFinished(stop);
      const child = await startEngine(host);
      await ip(host.namespace, 'link', 'set', host.device, 'down');
      const wentDown = await child.waitForExit(CHILD_TIMEOUT_MS);
      expect(wentDown.stdout).toMatch(/error HTTPLOG_INTERFACE_LOST Interface server0 went down/);
      expect(wentDown.code).toBe(1);

      const args = [mainPath, host.device, '80'];
      const isDown = await runCommand(process.execPath, args, { namespace: host.namespace });
      expect(isDown.stdout).toMatch(/error HTTPLOG_INTERFACE_LOST Interface server0 is down/);

      const other = await startEngine(client);
      await ip(client.namespace, 'link', 'del', client.device);
      const isGone = await other.waitForExit(CHILD_TIMEOUT_MS);
      expect(isGone.stdout).toMatch(/error HTTPLOG_INTERFACE_LOST/);
    },
  );

  const tunReason = netReason ?? canMakeTapDevices();
  it.skipIf(tunReason !== undefined)(
    titleWithReason('reads a device without a link header', tunReason),
    async () => {
      const { client, server: host, stop } = await createWire({ kind: 'tun' });
      onTestFinished(stop);
      const child = await startEngine(client);
      const curl = ['-s', '-m', '1', `http://${host.ipv4}/tun`];
      const service = await startProcess(
        process.execPath,
        [
          '-e',
          "require('node:http').createServer((q,r)=>r.end()).listen(80,()=>console.log('up'))",
        ],
        { namespace: host.namespace },
      );
      onTestFinished(async () => void (await service.stop()));
      await service.waitForOutput('stdout', /up/, CHILD_TIMEOUT_MS);
      await runCommand('curl', curl, { namespace: client.namespace });
      const request = new RegExp(`message ${LINKTYPE_RAW} GET /tun`);
      await child.waitForOutput('stdout', request, CHILD_TIMEOUT_MS);
      child.signal('SIGTERM');
      const { stdout, code } = await child.waitForExit(CHILD_TIMEOUT_MS);
      expect(stdout.match(/message/g)).toHaveLength(2);
      expect(stdout).toMatch(/end {"packets":\d+,"drops":0/);
      expect(code).toBe(0);
    },
  );
});
