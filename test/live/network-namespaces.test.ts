import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { runCommand, startProcess, waitUntil } from './child-process.ts';
import {
  createVethPair,
  type LinkedHosts,
  listNamespaces,
  removeLeftovers,
  runInNamespace,
  startInNamespace,
} from './network-namespaces.ts';
import {
  canCaptureLive,
  canMakeNamespaces,
  canMakeTapDevices,
  canMakeVlanInterfaces,
  missingTool,
  titleWithReason,
} from './requirements.ts';
import { curl, keepAliveRequests, runLoad, sendPipelined } from './web-client.ts';
import { type NginxServer, startNginx, startNodeServer } from './web-server.ts';
import { createWire, TRUNK_DEVICE } from './wire.ts';

const noNamespaces = canMakeNamespaces();
const noTcpdump = canCaptureLive() ?? missingTool('tcpdump');
const noVeth = noNamespaces ?? missingTool('nginx', 'curl');
const noWire = noVeth ?? canMakeTapDevices() ?? noTcpdump;
const noVlan = noNamespaces ?? canMakeVlanInterfaces();
const noLoad = noVeth ?? missingTool('wrk');

/** Starts tcpdump and waits until it listens. */
async function startTcpdump(namespace: string, device: string, filter: string) {
  const args = ['-i', device, '-n', '-e', '-l', '--immediate-mode', filter];
  const tcpdump = await startInNamespace(namespace, 'tcpdump', args);
  await tcpdump.waitForOutput('stderr', /listening on/, PATIENCE_MS);
  return tcpdump;
}

describe.skipIf(noVeth)(titleWithReason('a veth pair with nginx', noVeth), () => {
  let hosts: LinkedHosts;
  let nginx: NginxServer;

  beforeAll(async () => {
    hosts = await createVethPair();
    nginx = await startNginx({ namespace: hosts.server.namespace, ports: [80, 8080] });
  });

  afterAll(async () => {
    await nginx?.stop();
    await hosts?.stop();
  });

  test('curl gets the page over IPv4 and IPv6, and nginx writes both requests down', async () => {
    const { client, server } = hosts;
    for (const host of [server.ipv4, `[${server.ipv6}]:8080`]) {
      const { code, stdout } = await curl([`http://${host}/?a`], { namespace: client.namespace });
      expect(code).toBe(0);
      expect(stdout).toContain('It works');
    }
    const ours = nginx.readAccessLog().filter((line) => line.includes('/?a'));
    expect(ours).toHaveLength(2);
    expect(ours[0]).toMatch(/^192\.0\.2\.2 \d+ 200 GET \/\?a HTTP\/1\.1$/);
    expect(ours[1]).toMatch(/^2001:db8:1::2 \d+ 200 GET \/\?a HTTP\/1\.1$/);
  });

  test('curl says so when nobody listens', async () => {
    const { client, server } = hosts;
    const { code, stderr } = await curl([`http://${server.ipv4}:81/`], {
      namespace: client.namespace,
    });
    expect(code).toBe(7);
    expect(stderr).toContain('Failed to connect');
  });

  test('every keep-alive request that was answered is in the access log', async () => {
    const before = nginx.readAccessLog().length;
    const report = await keepAliveRequests({
      namespace: hosts.client.namespace,
      url: `http://${hosts.server.ipv4}/index.html`,
      count: 200,
      connections: 4,
    });
    expect(report).toMatchObject({ answered: 200, failed: 0, statusCounts: { 200: 200 } });
    const lines = nginx.readAccessLog().slice(before);
    expect(lines).toHaveLength(200);
    expect(new Set(lines.map((line) => line.split(' ')[1])).size).toBe(4);
  });

  test('requests that nobody answers are counted as failed', async () => {
    const report = await keepAliveRequests({
      namespace: hosts.client.namespace,
      url: `http://${hosts.server.ipv4}:81/`,
      count: 3,
    });
    expect(report).toMatchObject({ answered: 0, failed: 3 });
  });

  test.skipIf(noLoad)(titleWithReason('wrk reports its requests', noLoad), async () => {
    const before = nginx.readAccessLog().length;
    const { namespace } = hosts.client;
    const url = `http://${hosts.server.ipv4}/`;
    const report = await runLoad({ namespace, url, seconds: 1, connections: 4 });
    expect(report.requests).toBeGreaterThan(100);
    expect(report.complaints).toEqual([]);
    // nginx writes a line after the response is sent: wrk may have counted it already.
    const isLogged = () => nginx.readAccessLog().length - before >= report.requests;
    await waitUntil('a line for each', isLogged, PATIENCE_MS);
  });

  test('a Node server answers pipelined requests in order', async () => {
    const server = await startNodeServer({ namespace: hosts.server.namespace, port: 8081 });
    try {
      const ask = (path: string) => `GET ${path} HTTP/1.1\r\nHost: node.example\r\n\r\n`;
      const { namespace } = hosts.client;
      const writes = [ask('/1') + ask('/2'), ask('/chunked')];
      const place = { namespace, host: hosts.server.ipv6, port: 8081 };
      const answer = await sendPipelined({ ...place, writes, responses: 3 });
      expect(answer).toMatch(/GET \/1\n.*GET \/2\n.*first chunk.*second chunk/s);
    } finally {
      await server.stop();
    }
  });

  test('the client namespace cannot be reached from outside', async () => {
    const { code } = await curl(['--max-time', '1', `http://${hosts.server.ipv4}/`]);
    expect(code).not.toBe(0);
  });
});

describe.skipIf(noVlan)(titleWithReason('a veth pair with VLAN interfaces', noVlan), () => {
  test('both ends have the interface and reach each other over it', async () => {
    const { client, server, stop } = await createVethPair({ vlanId: 10 });
    try {
      expect(client.vlan?.device).toBe('client0.10');
      const args = ['-c', '1', '-W', '2', server.vlan?.ipv4 ?? ''];
      expect((await runInNamespace(client.namespace, 'ping', args)).code).toBe(0);
    } finally {
      await stop();
    }
  });
});

describe.skipIf(noWire)(titleWithReason('a wire in user space', noWire), () => {
  test('the trunk shows both directions with both tags', async () => {
    const tags = [
      { protocol: 0x88a8, id: 200 },
      { protocol: 0x8100, id: 10 },
    ];
    const { client, server, stop } = await createWire({ tags });
    try {
      const nginx = await startNginx({ namespace: server.namespace });
      const filter = 'vlan 200 and vlan 10 and tcp port 80';
      const tcpdump = await startTcpdump(server.namespace, TRUNK_DEVICE, filter);
      const { code } = await curl([`http://${server.ipv4}/`], { namespace: client.namespace });
      expect(code).toBe(0);
      const layers = 'ethertype 802.1Q-QinQ .*vlan 200, .*ethertype 802.1Q .*vlan 10, ';
      for (const sign of ['GET / HTTP/1.1', 'HTTP/1.1 200 OK']) {
        await tcpdump.waitForOutput('stdout', new RegExp(`${layers}.*${sign}`), PATIENCE_MS);
      }
      await tcpdump.stop();
      await nginx.stop();
    } finally {
      await stop();
    }
  });

  test('lost and repeated frames slow the exchange but do not change it', async () => {
    const { client, server, stop } = await createWire({ loseEvery: 5, repeatEvery: 3 });
    try {
      const nginx = await startNginx({ namespace: server.namespace });
      const report = await keepAliveRequests({
        namespace: client.namespace,
        url: `http://[${server.ipv6}]/`,
        count: 20,
      });
      expect(report).toMatchObject({ answered: 20, failed: 0 });
      expect(nginx.readAccessLog()).toHaveLength(20);
      await nginx.stop();
    } finally {
      await stop();
    }
  });

  test('a tun wire carries packets without a link header', async () => {
    const { client, server, stop } = await createWire({ kind: 'tun' });
    try {
      const nginx = await startNginx({ namespace: server.namespace });
      const tcpdump = await startTcpdump(server.namespace, server.device, 'tcp port 80');
      expect(tcpdump.stderr()).toContain('RAW');
      const { code } = await curl([`http://${server.ipv4}/`], { namespace: client.namespace });
      expect(code).toBe(0);
      await tcpdump.stop();
      await nginx.stop();
    } finally {
      await stop();
    }
  });
});

describe.skipIf(noNamespaces)(titleWithReason('teardown', noNamespaces), () => {
  test('stop removes both namespaces and what runs in them, twice without harm', async () => {
    const { client, server, stop } = await createVethPair();
    const sleeper = await startInNamespace(client.namespace, 'sleep', ['60']);
    // It has started as `ip`, which enters the namespace a moment later.
    const pids = async () => (await runCommand('ip', ['netns', 'pids', client.namespace])).stdout;
    const isInside = async () => (await pids()).split('\n').includes(`${sleeper.pid}`);
    await waitUntil('the sleeper is inside', isInside, PATIENCE_MS);
    await stop();
    await stop();
    const names = await listNamespaces();
    expect(names).not.toContain(client.namespace);
    expect(names).not.toContain(server.namespace);
    expect((await sleeper.waitForExit(PATIENCE_MS)).signal).toBe('SIGKILL');
  });

  test('namespaces of a run that is gone are removed, those of a living one stay', async () => {
    const gone = spawn('true');
    await once(gone, 'exit');
    const dead = `hlt-${gone.pid}-0-client`;
    const alive = await createVethPair();
    try {
      await runCommand('ip', ['netns', 'add', dead]);
      expect(await removeLeftovers()).toContain(dead);
      const names = await listNamespaces();
      expect(names).not.toContain(dead);
      expect(names).toContain(alive.client.namespace);
    } finally {
      await alive.stop();
    }
  });
});

describe('child processes', () => {
  test('a command that takes too long is ended and named', async () => {
    await expect(runCommand('sleep', ['60'], { timeoutMs: 100 })).rejects.toThrow(
      'sleep 60 still runs after 100 ms',
    );
  });

  test('a process that ends without the awaited line is reported with what it said', async () => {
    const child = await startProcess('sh', ['-c', 'echo no such thing >&2; exit 3']);
    await expect(child.waitForOutput('stderr', /ready/, 5000)).rejects.toThrow(/3.*no such thing/);
  });

  test('a process that ignores SIGTERM is killed', async () => {
    const script = 'trap "" TERM; echo set; while :; do sleep 0.05; done';
    const child = await startProcess('sh', ['-c', script]);
    await child.waitForOutput('stdout', /set/, PATIENCE_MS);
    expect((await child.stop(200)).signal).toBe('SIGKILL');
  });

  test('a program that does not exist is an error that names it', async () => {
    await expect(startProcess('no-such-program', [])).rejects.toThrow('no-such-program');
  });
});
