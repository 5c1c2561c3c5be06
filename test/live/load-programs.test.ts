import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { type ApacheServer, startApache } from './apache.ts';
import { expectAllServed, lineOf, startBothRecords } from './both-records.ts';
import { runChecked, runCommand, waitUntil } from './child-process.ts';
import { createVethPair, type LinkedHosts } from './network-namespaces.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { type NginxServer, startNginx } from './web-server.ts';

/** h2load and Chromium, which open connections and use them as they like, before nginx and apache2. */

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx');
const noLoad = noLive ?? missingTool('h2load');
const noApache = noLoad ?? missingTool('apache2');
const noBrowser = noLive ?? missingTool('chromium');
const NGINX_PORT = 80;
const APACHE_PORT = 8080;
const ASSETS_COUNT = 30;
const REQUESTS_COUNT = 1200;
const CONNECTIONS_COUNT = 50;
const PROGRAM_TIMEOUT_MS = 3 * PATIENCE_MS;
/** Behind the address, the port and the status of the access log. */
const REQUEST_LINE_AT = 3;

/** Scripts, style sheets and images, each of a length of its own. */
const ASSETS = Array.from({ length: ASSETS_COUNT }, (_, number) => {
  const kind = (['js', 'css', 'svg'] as const)[number % 3];
  const filling = `${number}`.repeat(50 * number);
  const content = {
    js: `document.title += ${number};//${filling}`,
    css: `.c${number}{color:red}/*${filling}*/`,
    svg: `<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><!--${filling}--></svg>`,
  }[kind];
  return { path: `asset-${number}.${kind}`, kind, content };
});
const TAGS = ASSETS.map(
  ({ path, kind }) =>
    ({
      js: `<script src="/${path}"></script>`,
      css: `<link rel="stylesheet" href="/${path}">`,
      svg: `<img src="/${path}" alt="">`,
    })[kind],
);
/** The icon is in the page itself: browsers ask for one when they like. */
const PAGE = `<!doctype html><title>t</title><link rel="icon" href="data:,">${TAGS.join('\n')}`;
const FILES = Object.fromEntries([
  ['index.html', PAGE],
  ...ASSETS.map(({ path, content }): [string, string] => [path, content]),
]);

describe.skipIf(noLive)(titleWithReason('programs that load', noLive), () => {
  let hosts: LinkedHosts;
  let nginx: NginxServer;
  let apache: ApacheServer | undefined;

  beforeAll(async () => {
    hosts = await createVethPair();
    const { namespace } = hosts.server;
    const serverLines = ['add_header X-Line $request always;'];
    nginx = await startNginx({ namespace, ports: [NGINX_PORT], files: FILES, serverLines });
    if (noApache === undefined) {
      apache = await startApache({ namespace, port: APACHE_PORT, files: FILES });
    }
  });
  afterAll(async () => {
    await apache?.stop();
    await nginx?.stop();
    await hosts?.stop();
  });

  const nginxLines = () =>
    nginx.readAccessLog().map((line) => line.split(' ').slice(REQUEST_LINE_AT).join(' '));

  /** All connections ask for all assets in turn, `ahead` requests at once. */
  async function load(port: number, ahead: number): Promise<void> {
    const urls = ASSETS.map(({ path }) => `http://${hosts.server.ipv4}:${port}/${path}`);
    const output = await runChecked(
      'h2load',
      [
        ...['--h1', '-n', `${REQUESTS_COUNT}`, '-c', `${CONNECTIONS_COUNT}`, '-m', `${ahead}`],
        ...urls,
      ],
      { namespace: hosts.client.namespace, timeoutMs: PROGRAM_TIMEOUT_MS },
    );
    expect(output).toContain(`${REQUESTS_COUNT} succeeded`);
  }

  test.skipIf(noLoad).each([1, 8])(
    titleWithReason('h2load and nginx, %i requests ahead: each has its response', noLoad),
    async (ahead) => {
      const before = nginxLines().length;
      const isPipelined = ahead > 1;
      const both = await startBothRecords(hosts.server, { ports: [NGINX_PORT], isPipelined });
      await load(NGINX_PORT, ahead);
      const logged = () => nginxLines().slice(before);
      await waitUntil('nginx has logged all', () => logged().length >= REQUESTS_COUNT);
      const records = await both.end();
      expect(logged()).toHaveLength(REQUESTS_COUNT);
      expectAllServed(records, logged());
    },
  );

  test.skipIf(noApache).each([1, 8])(
    titleWithReason('h2load and apache2, %i requests ahead: each has its response', noApache),
    async (ahead) => {
      const lines = () => (apache as ApacheServer).readRequestLines();
      const before = lines().length;
      const isPipelined = ahead > 1;
      const both = await startBothRecords(hosts.server, { ports: [APACHE_PORT], isPipelined });
      await load(APACHE_PORT, ahead);
      const logged = () => lines().slice(before);
      await waitUntil('apache has logged all', () => logged().length >= REQUESTS_COUNT);
      const records = await both.end();
      expect(logged()).toHaveLength(REQUESTS_COUNT);
      expectAllServed(records, logged());
    },
  );

  test.skipIf(noBrowser)(
    titleWithReason('a page with 30 assets in Chromium: each has its response', noBrowser),
    async () => {
      const before = nginxLines().length;
      const both = await startBothRecords(hosts.server, {
        ports: [NGINX_PORT],
        isPipelined: false,
      });
      const profile = mkdtempSync(join(tmpdir(), 'httplog-chromium-'));
      onTestFinished(() => rmSync(profile, { recursive: true, force: true, maxRetries: 10 }));
      const { stdout } = await runCommand(
        'chromium',
        [
          ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
          ...['--no-first-run', '--disable-background-networking', `--user-data-dir=${profile}`],
          ...['--dump-dom', `http://${hosts.server.ipv4}:${NGINX_PORT}/`],
        ],
        {
          namespace: hosts.client.namespace,
          timeoutMs: PROGRAM_TIMEOUT_MS,
          env: { HOME: profile },
        },
      );
      // The page was there when its text was written.
      expect(stdout).toContain('asset-29');
      const records = await both.end();
      const logged = () => nginxLines().slice(before);
      const served = () => logged().length >= records.exchanges.length;
      await waitUntil('nginx has logged what was seen', served);
      expectAllServed(records, logged());
      const asked = new Set(records.exchanges.map(lineOf));
      const wanted = ['', ...ASSETS.map(({ path }) => path)].map((path) => `GET /${path} HTTP/1.1`);
      expect([...asked].sort()).toEqual(wanted.sort());
    },
  );
});
