import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BothRecords, type ServedExchange, startBothRecords } from './both-records.ts';
import { runChecked } from './child-process.ts';
import { startHaproxy } from './haproxy.ts';
import { createVethPair, type LinkedHosts } from './network-namespaces.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { startNginx, startNodeServer, type WebServer } from './web-server.ts';

/** Heads that never end, and what servers and proxies say to them. */

const noLive =
  canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx') ?? missingTool('haproxy');
const CLIENT_PROGRAM = fileURLToPath(new URL('stopped-client-main.ts', import.meta.url));
const NGINX_PORT = 80;
const HAPROXY_PORT = 81;
const NODE_PORT = 8080;
/** From a connection's start to the end of its first head: no busy machine lets a written one wait so long. */
const HEAD_TIMEOUT = '4s';
/** Larger than nginx's largest buffer for a head, smaller than what a held head may have. */
const LONG = 'l'.repeat(9000);
/** More than Node takes of a head. */
const TOO_LONG = 'l'.repeat(17_000);
const STATUS_LINE = /HTTP\/1\.[01] (\d+)/g;

interface Scene {
  /** First word of the path of each request, and the status of its response; `-`: there is none. */
  expected: string[];
  port: number;
  writes: string[];
  ending?: 'reset';
}

const whole = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a.example\r\n\r\n`;
const half = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a.exa`;

const SCENES: readonly Scene[] = [
  { expected: ['/half 408'], port: HAPROXY_PORT, writes: [half('/half')] },
  { expected: ['/line 408'], port: HAPROXY_PORT, writes: ['GET /line HTTP/1.1\r\n'] },
  {
    expected: ['/first 200', '/then-half 408'],
    port: HAPROXY_PORT,
    writes: [whole('/first'), half('/then-half')],
  },
  { expected: ['/field 400'], port: NGINX_PORT, writes: [`GET /field HTTP/1.1\r\nX: ${LONG}`] },
  { expected: ['/target 414'], port: NGINX_PORT, writes: [`GET /target/${LONG}`] },
  {
    expected: ['/before 200', '/field-then 400'],
    port: NGINX_PORT,
    writes: [whole('/before'), `GET /field-then HTTP/1.1\r\nHost: a.example\r\nX: ${LONG}`],
  },
  { expected: ['/node 431'], port: NODE_PORT, writes: [`GET /node HTTP/1.1\r\nX: ${TOO_LONG}`] },
  { expected: ['/reset -'], port: NGINX_PORT, writes: [half('/reset')], ending: 'reset' },
  {
    expected: ['/whole 200', '/then-reset -'],
    port: NGINX_PORT,
    writes: [whole('/whole'), half('/then-reset')],
    ending: 'reset',
  },
];

describe.skipIf(noLive)(titleWithReason('heads that never end', noLive), () => {
  let hosts: LinkedHosts;
  const servers: WebServer[] = [];

  beforeAll(async () => {
    hosts = await createVethPair();
    const { namespace } = hosts.server;
    servers.push(
      await startNginx({
        namespace,
        ports: [NGINX_PORT],
        serverLines: ['location / { return 200 "found"; }'],
      }),
      await startHaproxy({
        namespace,
        listens: [
          {
            port: HAPROXY_PORT,
            lines: [
              `timeout http-request ${HEAD_TIMEOUT}`,
              'timeout http-keep-alive 60s',
              `server nginx 127.0.0.1:${NGINX_PORT}`,
            ],
          },
        ],
      }),
      await startNodeServer({ namespace, port: NODE_PORT }),
    );
  });
  afterAll(async () => {
    for (const server of servers) {
      await server.stop();
    }
    await hosts?.stop();
  });

  test('each request is one exchange with what answered it, and no later one is another’s', async () => {
    const ports = [NGINX_PORT, HAPROXY_PORT, NODE_PORT];
    const both = await startBothRecords(hosts.server, { ports, isPipelined: false });
    for (const port of ports) {
      const scenes = SCENES.filter((scene) => scene.port === port);
      const spec = {
        host: hosts.server.ipv4,
        port,
        scenes: scenes.map(({ writes, ending = 'wait' }) => ({ writes, ending })),
      };
      const args = [CLIENT_PROGRAM, JSON.stringify(spec)];
      const { namespace } = hosts.client;
      const answers = JSON.parse(await runChecked(process.execPath, args, { namespace }));
      const statuses = answers.map((answer: string) =>
        [...answer.matchAll(STATUS_LINE)].map(([, status]) => status),
      );
      // That the servers do what they are here for.
      expect(statuses).toEqual(
        scenes.map(({ expected }) =>
          expected.map((one) => one.split(' ')[1]).filter((status) => status !== '-'),
        ),
      );
    }
    const { exchanges, messages }: BothRecords = await both.end();
    const expected = SCENES.flatMap((scene) => scene.expected).sort();
    expect(exchanges.map(shownOf).sort()).toEqual(expected);
    for (const exchange of exchanges) {
      expect(exchange.incomplete, shownOf(exchange)).toBe(
        exchange.status === undefined ? 'reset' : undefined,
      );
    }
    const requests = messages.filter(({ type }) => type === 'CQ');
    expect(requests.map(({ message }) => pathOf(message.split(' ')[1])).sort()).toEqual(
      expected.map((one) => one.split(' ')[0]).sort(),
    );
    const answers = messages.filter(({ type }) => type === 'CR');
    expect(answers.map(({ message }) => message.split(' ')[1]).sort()).toEqual(
      expected
        .map((one) => one.split(' ')[1])
        .filter((status) => status !== '-')
        .sort(),
    );
  });
});

function shownOf({ target = '', status }: ServedExchange): string {
  return `${pathOf(target)} ${status ?? '-'}`;
}

/** The first word of a path. */
function pathOf(target: string): string {
  return `/${target.split('/')[1]}`;
}
