import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApacheServer, startApache } from './apache.ts';
import { expectAllServed, type ServedExchange, startBothRecords } from './both-records.ts';
import { waitUntil } from './child-process.ts';
import { createVethPair, type LinkedHosts } from './network-namespaces.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { curl, sendPipelined } from './web-client.ts';
import { newDirectory } from './web-scene.ts';

/** A server and a client that nobody here has written, with what is rare in HTTP/1.1 and usual for them. */

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('apache2', 'curl');
const PORT = 80;
const UPLOAD_BYTES = 300_000;
const PAGE = '<!doctype html><title>A page</title>'.repeat(300);
const PLAIN = 'a text that is not deflated\n'.repeat(40);
const PIPELINED = 24;

describe.skipIf(noLive)(titleWithReason('apache2 and curl', noLive), () => {
  let hosts: LinkedHosts;
  let apache: ApacheServer;

  beforeAll(async () => {
    hosts = await createVethPair();
    apache = await startApache({
      namespace: hosts.server.namespace,
      port: PORT,
      files: { 'page.html': PAGE, 'plain.txt': PLAIN },
    });
  });
  afterAll(async () => {
    await apache?.stop();
    await hosts?.stop();
  });

  /** Lines of the requests that apache has logged since, when there are so many. */
  async function awaitLines(before: number, count: number): Promise<string[]> {
    const logged = () => apache.readRequestLines().slice(before);
    await waitUntil('apache has logged all', () => logged().length >= count);
    expect(logged()).toHaveLength(count);
    return logged();
  }

  test('uploads that wait for 100, HEAD, ranges, chunks and deflate: each request has its response', async () => {
    const before = apache.readRequestLines().length;
    const both = await startBothRecords(hosts.server, { ports: [PORT], isPipelined: false });
    const upload = join(newDirectory(), 'upload');
    writeFileSync(upload, 'u'.repeat(UPLOAD_BYTES));
    const url = (path: string) => `http://${hosts.server.ipv4}${path}`;
    const post = ['--data-binary', `@${upload}`, '-H', 'Expect: 100-continue'];
    // Each of these is one curl, which keeps its connection from one URL to the next.
    const runs = [
      ['/page.html?1', '/missing?2', '/plain.txt?3', '/page.html?4'].map((path) => [url(path)]),
      [[...post, url('/cgi/count?5')], [url('/plain.txt?6')], [...post, url('/cgi/count?7')]],
      [['-I', url('/plain.txt?8')], [url('/plain.txt?9')], ['-I', url('/cgi/count?10')]],
      [
        ['-r', '0-9', url('/plain.txt?11')],
        ['-r', '0-9,20-29', url('/plain.txt?12')],
      ],
      [
        ['-r', '900000-', url('/plain.txt?13')],
        ['--compressed', url('/page.html?14')],
      ],
      [['-H', 'If-None-Match: *', url('/plain.txt?15')], [url('/plain.txt?16')]],
      [
        ['-H', 'Connection: close', url('/page.html?17')],
        ['--http1.0', url('/plain.txt?18')],
      ],
    ];
    for (const transfers of runs) {
      const args = transfers.flatMap((transfer, index) => [
        ...(index === 0 ? [] : ['--next']),
        ...['--silent', '-o', '/dev/null', ...transfer],
      ]);
      const { code, stderr } = await curl(args, { namespace: hosts.client.namespace });
      expect(code, stderr).toBe(0);
    }
    const lines = await awaitLines(before, runs.flat().length);
    const records = await both.end();
    expectAllServed(records, lines);
    expect(shownOf(records.exchanges)).toEqual({
      '/cgi/count?5': `200 ${UPLOAD_BYTES}`,
      '/cgi/count?7': `200 ${UPLOAD_BYTES}`,
      '/missing?2': '404 0',
      '/plain.txt?11': '206 0 10',
      '/plain.txt?13': '416 0',
      '/plain.txt?15': '304 0 0',
      '/plain.txt?16': `200 0 ${PLAIN.length}`,
      '/plain.txt?8': '200 0 0',
    });
  });

  test('a client that sends ahead, HEAD among GET: each request has its response', async () => {
    const before = apache.readRequestLines().length;
    const both = await startBothRecords(hosts.server, { ports: [PORT], isPipelined: true });
    const asks = Array.from({ length: PIPELINED }, (_, number) => {
      const method = number % 5 === 0 ? 'HEAD' : 'GET';
      const path = number % 3 === 0 ? 'page.html' : 'plain.txt';
      return `${method} /${path}?p${number} HTTP/1.1\r\nHost: a.example\r\n\r\n`;
    });
    await sendPipelined({
      namespace: hosts.client.namespace,
      host: hosts.server.ipv4,
      port: PORT,
      writes: [asks.slice(0, 9).join(''), asks.slice(9, 10).join(''), asks.slice(10).join('')],
      responses: PIPELINED,
    });
    const lines = await awaitLines(before, PIPELINED);
    expectAllServed(await both.end(), lines);
  });
});

/** Of some: status, bytes of the request's body, and of the response's where apache adds none to it. */
function shownOf(exchanges: readonly ServedExchange[]): Record<string, string> {
  const wanted = /[?](?:5|7|2|8|11|13|15|16)$/;
  const withLength = /[?](?:8|11|15|16)$/;
  const shown = exchanges
    .filter(({ target = '' }) => wanted.test(target))
    .map(({ target = '', status, request_body_bytes: sent, response_body_bytes: body }) => [
      target,
      withLength.test(target) ? `${status} ${sent} ${body}` : `${status} ${sent}`,
    ]);
  return Object.fromEntries(shown.sort());
}
