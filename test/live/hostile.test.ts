import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkLines } from '../fuzz/check-lines.ts';
import { corpusCaptures, fixturePaths } from '../fuzz/known-frames.ts';
import { PATIENCE_MS } from '../patience.ts';
import { runChecked } from './child-process.ts';
import { type HttplogProcess, startHttplog } from './httplog-process.ts';
import { createVethPair, ip, type LinkEnd, type LinkedHosts } from './network-namespaces.ts';
import { canCaptureLive, canMakeNamespaces, titleWithReason } from './requirements.ts';
import { keepAliveRequests } from './web-client.ts';
import { startNodeServer, type WebServer } from './web-server.ts';

const SENDER = fileURLToPath(new URL('send-frames-main.ts', import.meta.url));
/** `npm run fuzz:live` sends a million. */
const MUTANTS = Number(process.env.HTTPLOG_FUZZ_FRAMES ?? 50_000);
const FRAMES_PER_CAPTURE = 300;
const FRAMES_PER_TURN = 100;
const REQUESTS_MIN = 2000;
/** Requests go on as long as frames come: so many a thousand frames are some more than that. */
const REQUESTS = Math.max(REQUESTS_MIN, MUTANTS / 20);
const SEED = 3;
const PORT = 8080;
/** Megabytes: of the two threads some 110, of the ring 8, of the batches that wait for the disk 64 at most. */
const MEMORY_MB_MAX = 256;
const TEST_TIMEOUT_MS = 3 * PATIENCE_MS + MUTANTS;

/** Makes `from` know the hardware address of `to` for good. */
async function pinNeighbour(from: LinkEnd, to: LinkEnd): Promise<void> {
  const link = await ip(to.namespace, '-o', 'link', 'show', to.device);
  const lladdr = /link\/ether (\S+)/.exec(link)?.[1] ?? '';
  const args = ['neigh', 'replace', to.ipv4, 'lladdr', lladdr, 'dev', from.device];
  await ip(from.namespace, ...args, 'nud', 'permanent');
}

const reason = canMakeNamespaces() ?? canCaptureLive();

describe.skipIf(reason)(titleWithReason('a daemon among hostile frames', reason), () => {
  const folder = mkdtempSync(join(tmpdir(), 'httplog-hostile-'));
  let hosts: LinkedHosts;
  let server: WebServer;
  let httplog: HttplogProcess;

  beforeAll(async () => {
    hosts = await createVethPair();
    // Captures hold ARP too, which would send the known requests elsewhere.
    await pinNeighbour(hosts.client, hosts.server);
    await pinNeighbour(hosts.server, hosts.client);
    server = await startNodeServer({ namespace: hosts.server.namespace, port: PORT });
    const args = ['-i', hosts.server.device, '-p', 'any', '-d', folder, '-b', '64'];
    httplog = await startHttplog({
      args: [...args, '--tunnels', '--complete-heads'],
      namespace: hosts.server.namespace,
      ready: /capturing/i,
    });
  });

  afterAll(async () => {
    await httplog?.stop();
    await server?.stop();
    await hosts?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test(
    `stays up within ${MEMORY_MB_MAX} MB, and every request between two hosts has one line`,
    async () => {
      const captures = [...fixturePaths(), ...corpusCaptures().map(({ path }) => path)];
      const spec = {
        device: hosts.client.device,
        captures,
        framesPerCapture: FRAMES_PER_CAPTURE,
        mutants: MUTANTS,
        seed: SEED,
        framesPerTurn: FRAMES_PER_TURN,
      };
      const { namespace } = hosts.client;
      const timeoutMs = TEST_TIMEOUT_MS;
      const sending = runChecked(process.execPath, [SENDER, JSON.stringify(spec)], {
        namespace,
        timeoutMs,
      });
      const report = await keepAliveRequests({
        namespace,
        url: `http://${hosts.server.ipv4}:${PORT}/known`,
        count: REQUESTS,
        timeoutMs,
      });
      const { sent } = JSON.parse(await sending);
      expect(httplog.hasExited()).toBe(false);
      expect(report).toMatchObject({ answered: REQUESTS, failed: 0 });
      expect(sent).toBeGreaterThan(MUTANTS / 2);

      const exit = await httplog.end();
      expect(exit).toMatchObject({ code: 0, signal: null });
      expect(exit.usage.peakMemoryKb).toBeLessThan(MEMORY_MB_MAX * 1024);
      const text = readdirSync(folder)
        .map((name) => readFileSync(join(folder, name), 'latin1'))
        .join('');
      checkLines(text);
      const target = `${hosts.server.ipv4}#${PORT} CQ GET /known?n=`;
      const known = text.split('\n').filter((line) => line.includes(` ${target}`));
      const numbers = known.map((line) => Number(/\?n=(\d+) /.exec(line)?.[1]));
      numbers.sort((a, b) => a - b);
      expect(numbers).toEqual(Array.from({ length: REQUESTS }, (_, number) => number));
    },
    TEST_TIMEOUT_MS,
  );
});
