/**
 * Records the fixtures of real traffic anew: `node scripts/record-fixtures.ts`, as root.
 *
 * All traffic stays inside network namespaces that the script makes and removes. New recordings
 * differ in times, ports and sequence numbers, so golden lines must be made again after it, and
 * `node test/fixtures/write-index.ts` writes the new packet counts into INDEX.md.
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PCAPS_URL } from '../test/fixtures/built-captures.ts';
import { RECORDINGS } from '../test/fixtures/recordings.ts';
import { runChecked, startProcess } from '../test/live/child-process.ts';
import { createVethPair, type LinkEnd, type LinkedHosts } from '../test/live/network-namespaces.ts';
import {
  canCaptureLive,
  canMakeNamespaces,
  canMakeTapDevices,
  missingTool,
} from '../test/live/requirements.ts';
import { browse, curl, keepAliveRequests, sendPipelined } from '../test/live/web-client.ts';
import { type NginxOptions, startNginx, startNodeServer } from '../test/live/web-server.ts';
import { createWire, TRUNK_DEVICE, type WireOptions } from '../test/live/wire.ts';

const FILE_BYTES_MAX = 200_000;
const LISTENING_TIMEOUT_MS = 5_000;
/** Milliseconds until the last packets have passed and tcpdump has them. */
const SETTLE_MS = 400;
const SITE = 'www.example.com';

const folder = mkdtempSync(join(tmpdir(), 'httplog-fixtures-'));
const pathOf = (file: string) => join(folder, file);

interface Tap {
  file: string;
  end: LinkEnd;
  device?: string;
  options?: readonly string[];
}

/** Runs `traffic` while a tcpdump for each tap records it. */
async function record(taps: readonly Tap[], traffic: () => Promise<void>): Promise<void> {
  const recorders = [];
  try {
    for (const { file, end, device = end.device, options = [] } of taps) {
      const args = ['-i', device, '-Z', 'root', '-U', '--immediate-mode', ...options];
      const { namespace } = end;
      const recorder = await startProcess('tcpdump', [...args, '-w', pathOf(file)], { namespace });
      recorders.push(recorder);
      await recorder.waitForOutput('stderr', /listening on/, LISTENING_TIMEOUT_MS);
    }
    await traffic();
    await sleep(SETTLE_MS);
  } finally {
    for (const recorder of recorders) {
      await recorder.stop();
    }
  }
}

/** Asks for paths of the site, over one connection when there are several. */
async function ask(from: LinkEnd, address: string, paths: readonly string[], args: string[] = []) {
  const urls = paths.flatMap((path) => [`http://${SITE}${path}`, '-o', '/dev/null']);
  const resolve = `${SITE}:80:${address.includes(':') ? `[${address}]` : address}`;
  const { namespace } = from;
  const { code, stderr } = await curl(['--resolve', resolve, ...args, ...urls], { namespace });
  if (code !== 0) {
    throw new Error(`curl gave ${code}: ${stderr}`);
  }
}

const PAGES = ['/', '/about.html?from=start', '/missing.html'];

const site: NginxOptions = {
  files: {
    'index.html': `<!doctype html>\n<title>Start</title>\n${'<p>Some words.</p>\n'.repeat(80)}`,
    'about.html': '<!doctype html>\n<title>About</title>\n',
    'style.css': 'body { margin: 0 }\n'.repeat(60),
    'app.js': 'console.log("ready");\n'.repeat(90),
    'images/logo.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>\n',
    'images/one.png': new Uint8Array(3000).fill(1),
    'images/two.png': new Uint8Array(6000).fill(2),
    'images/three.png': new Uint8Array(9000).fill(3),
    'api/items.json': JSON.stringify({ items: Array.from({ length: 60 }, (_, id) => ({ id })) }),
    'download.bin': new Uint8Array(150_000).fill(4),
  },
  serverLines: [
    'gzip on; gzip_min_length 100; gzip_types text/css text/javascript application/json;',
    'location = / { add_header Set-Cookie "session=31d4d96e407aad42; Path=/; HttpOnly" always; }',
    'location = /old { return 302 /about.html; }',
  ],
};

type Scene = (hosts: LinkedHosts) => Promise<void>;

async function onVeth(scene: Scene): Promise<void> {
  const hosts = await createVethPair();
  await playScene(hosts, scene);
}

async function onWire(options: WireOptions, scene: Scene): Promise<void> {
  const hosts = await createWire(options);
  await playScene(hosts, scene);
}

async function playScene(hosts: LinkedHosts, scene: Scene): Promise<void> {
  const { namespace } = hosts.server;
  try {
    const nginx = await startNginx({ ...site, namespace });
    const node = await startNodeServer({ namespace, port: 8080 });
    await scene(hosts);
    await node.stop();
    await nginx.stop();
  } finally {
    await hosts.stop();
  }
}

async function recordNginx({ client, server }: LinkedHosts): Promise<void> {
  await record([{ file: 'nginx-ipv4.pcap', end: server }], () => ask(client, server.ipv4, PAGES));
  await record([{ file: 'nginx-ipv6.pcap', end: server }], () => ask(client, server.ipv6, PAGES));
  await record([{ file: 'nginx-methods.pcap', end: client }], async () => {
    await ask(client, server.ipv4, ['/'], ['--head']);
    for (const method of ['OPTIONS', 'DELETE', 'PUT']) {
      await ask(client, server.ipv4, ['/about.html'], ['--request', method]);
    }
    await ask(client, server.ipv4, ['/about.html'], ['--data', 'a=1']);
    await ask(client, server.ipv4, ['/old'], ['--location']);
    await ask(client, server.ipv4, ['/download.bin'], ['--range', '0-99']);
  });
  await record([{ file: 'browser.pcap', end: server }], async () => {
    const url = `http://${server.ipv4}/`;
    await browse({ namespace: client.namespace, url, host: SITE });
  });
  await record([{ file: 'download.pcap', end: server }], () =>
    ask(client, server.ipv4, ['/download.bin']),
  );
  const nano = ['--time-stamp-precision=nano'];
  await record(
    [
      { file: 'snaplen-96.pcap', end: server, options: ['-s', '96'] },
      { file: 'snaplen-200.pcap', end: server, options: ['-s', '200'] },
      { file: 'nanoseconds.pcap', end: server, options: nano },
    ],
    () => ask(client, server.ipv4, [...PAGES, '/a/long/path/that/does/not/fit?into=96&bytes=of']),
  );
}

async function recordNode({ client, server }: LinkedHosts): Promise<void> {
  const { namespace } = client;
  await record([{ file: 'node-upload.pcap', end: server }], async () => {
    const url = `http://${server.ipv4}:8080`;
    const body = 'x'.repeat(3000);
    const expect = ['-H', 'Expect: 100-continue'];
    await curl([...expect, '--data-binary', body, `${url}/upload`], { namespace });
    await curl(['--form', 'name=value', '--form', `file=${body}`, `${url}/form`], { namespace });
    const chunked = ['-H', 'Transfer-Encoding: chunked', '--request', 'PUT'];
    await curl([...chunked, '--data-binary', body, `${url}/chunks`], { namespace });
    await curl([`${url}/chunked`], { namespace });
  });
  await record([{ file: 'node-pipelining.pcap', end: client }], async () => {
    const url = `http://[${server.ipv6}]:8080/keep-alive`;
    await keepAliveRequests({ namespace, url, count: 12, connections: 3 });
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: ${SITE}\r\n\r\n`;
    const writes = [get('/1') + get('/2'), get('/3'), get('/4')];
    await sendPipelined({ namespace, host: server.ipv6, port: 8080, writes, responses: 4 });
  });
}

async function recordAny({ client, server }: LinkedHosts): Promise<void> {
  const taps = ['SLL', 'SLL2'].map((type) => ({
    file: `any-${type.toLowerCase()}.pcap`,
    end: server,
    device: 'any',
    options: ['-y', `LINUX_${type}`],
  }));
  await record(taps, async () => {
    await ask(client, server.ipv4, PAGES);
    await ask(client, server.ipv6, PAGES);
    await ask(server, '127.0.0.1', PAGES);
  });
  await record([{ file: 'loopback.pcap', end: server, device: 'lo' }], async () => {
    await ask(server, '127.0.0.1', PAGES);
    await ask(server, '::1', PAGES);
  });
}

const askBoth = async ({ client, server }: LinkedHosts) => {
  await ask(client, server.ipv4, PAGES);
  await ask(client, server.ipv6, PAGES);
};

async function recordWires(): Promise<void> {
  const inner = { protocol: 0x8100, id: 10 };
  const outer = { protocol: 0x88a8, id: 200 };
  const tagLists = [
    ['vlan.pcap', [inner]],
    ['qinq.pcap', [outer, inner]],
  ] as const;
  for (const [file, tags] of tagLists) {
    await onWire({ tags: [...tags] }, (hosts) =>
      record([{ file, end: hosts.server, device: TRUNK_DEVICE }], () => askBoth(hosts)),
    );
  }
  await onWire({ kind: 'tun' }, (hosts) =>
    record([{ file: 'tun.pcap', end: hosts.server }], () => askBoth(hosts)),
  );
  await onWire({ loseEvery: 4, repeatEvery: 3 }, ({ client, server }) =>
    record(
      [
        { file: 'retransmission-client.pcap', end: client },
        { file: 'retransmission-server.pcap', end: server },
      ],
      async () => {
        const url = `http://${server.ipv4}/about.html`;
        await keepAliveRequests({ namespace: client.namespace, url, count: 20, connections: 2 });
      },
    ),
  );
}

/** mergecap names the kernel of the machine; dashes take its place. */
function hideKernel(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.indexOf(release());
  if (at >= 0) {
    bytes.fill('-', at, at + release().length);
    writeFileSync(path, bytes);
  }
}

async function convertFiles(): Promise<void> {
  const pcapng = ['-F', 'pcapng'];
  for (const name of ['nginx-ipv4', 'nanoseconds']) {
    await runChecked('editcap', [...pcapng, pathOf(`${name}.pcap`), pathOf(`${name}.pcapng`)]);
  }
  const merged = ['-I', 'none', '-w', pathOf('two-interfaces.pcapng')];
  await runChecked('mergecap', [...pcapng, ...merged, pathOf('tun.pcap'), pathOf('any-sll2.pcap')]);
  hideKernel(pathOf('two-interfaces.pcapng'));
  for (const file of ['nginx-ipv4.pcap', 'nginx-ipv4.pcapng']) {
    // Without -n gzip writes the time of the file into its header.
    await runChecked('gzip', ['-9nk', pathOf(file)]);
  }
  await runChecked('zstd', ['-q', '-19', pathOf('vlan.pcap'), '-o', pathOf('vlan.pcap.zst')]);
}

const missing =
  canMakeNamespaces() ??
  canCaptureLive() ??
  canMakeTapDevices() ??
  missingTool('tcpdump', 'nginx', 'curl', 'editcap', 'mergecap', 'gzip', 'zstd');
if (missing !== undefined) {
  console.error(`Cannot record: ${missing}`);
  rmSync(folder, { recursive: true });
  process.exit(1);
}
try {
  await onVeth(recordNginx);
  await onVeth(recordNode);
  await onVeth(recordAny);
  await recordWires();
  await convertFiles();
  for (const { file } of RECORDINGS) {
    if (statSync(pathOf(file)).size > FILE_BYTES_MAX) {
      throw new Error(`${file} is larger than ${FILE_BYTES_MAX} bytes`);
    }
    copyFileSync(pathOf(file), new URL(file, PCAPS_URL));
    console.log(`${file}: ${statSync(pathOf(file)).size} bytes`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
