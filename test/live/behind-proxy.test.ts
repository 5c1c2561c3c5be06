import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHaproxy } from './haproxy.ts';
import { parseSummary } from './log-lines.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { keepAliveRequests } from './web-client.ts';
import { newDirectory, useWebScene } from './web-scene.ts';
import type { WebServer } from './web-server.ts';

/** Between haproxy and nginx, on loopback: every connection comes from the proxy. */

const noLive =
  canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx') ?? missingTool('haproxy');
const WAYS = [
  { name: 'send-proxy', port: 81, nginxPort: 8081, server: 'send-proxy', source: 'proxy' },
  { name: 'send-proxy-v2', port: 82, nginxPort: 8082, server: 'send-proxy-v2', source: 'proxy' },
  { name: 'forwardfor', port: 83, nginxPort: 8083, server: '', source: 'x-forwarded-for' },
] as const;
const REQUESTS = 300;
const CONNECTIONS = 6;
/** What a client says of itself, which its proxy passes on. */
const FORGED = { 'X-Forwarded-For': '203.0.113.66' };

interface Line {
  path: string;
  query: string;
  complete: boolean;
  client_ip: string;
  proxy_client_ip?: string;
  original_client_ip: string;
  client_from: string;
}

describe.skipIf(noLive)(titleWithReason('nginx behind haproxy', noLive), () => {
  const { hosts, startDaemon } = useWebScene({
    ports: [8083],
    serverLines: [
      ...[8081, 8082].map((port) => `listen 127.0.0.1:${port} proxy_protocol;`),
      'location / { return 200 "found"; }',
    ],
  });
  let haproxy: WebServer;

  beforeAll(async () => {
    const listens = WAYS.map(({ port, nginxPort, server, source }) => ({
      port,
      lines: [
        ...(source === 'proxy' ? [] : ['option forwardfor']),
        `server nginx 127.0.0.1:${nginxPort} ${server}`,
      ],
    }));
    haproxy = await startHaproxy({ namespace: hosts().server.namespace, listens });
  });
  afterAll(async () => {
    await haproxy?.stop();
  });

  test.each(WAYS)(
    '$name: every request is an exchange with its client',
    { timeout: 240_000 },
    async (way) => {
      const { name, port, nginxPort, source } = way;
      const { client, server } = hosts();
      const directory = newDirectory();
      const [json, combined] = ['json', 'combined'].map((format) => join(directory, format));
      const httplog = await startDaemon([
        ...['-i', 'lo', '-p', `${nginxPort}`, '-s', '0', '--client-from', source],
        ...['--output', `format=json,path=${json}`, '--output', `format=combined,path=${combined}`],
      ]);
      const targets = [
        { address: client.ipv4, url: `http://${server.ipv4}:${port}/v4` },
        { address: client.ipv6, url: `http://[${server.ipv6}]:${port}/v6` },
      ];
      const reports = await Promise.all(
        targets.map(({ url }) =>
          keepAliveRequests({
            namespace: client.namespace,
            url,
            count: REQUESTS,
            connections: CONNECTIONS,
            headers: FORGED,
          }),
        ),
      );
      expect(reports.map(({ statusCounts }) => statusCounts)).toEqual(
        targets.map(() => ({ 200: REQUESTS })),
      );
      const { stderr } = await httplog.end();
      expect(parseSummary(stderr)).toMatchObject({ dropped: 0 });
      const lines: Line[] = readLines(json).map((line) => JSON.parse(line));
      expect(lines).toHaveLength(2 * REQUESTS);
      expect(new Set(lines.map(({ path, query }) => `${path}?${query}`)).size).toBe(2 * REQUESTS);
      for (const { path, query, ...line } of lines) {
        const address = path === '/v4' ? client.ipv4 : client.ipv6;
        expect(line, `${path}?${query}`).toMatchObject({
          complete: true,
          client_ip: '127.0.0.1',
          original_client_ip: address,
          client_from: source,
          ...(source === 'proxy' && { proxy_client_ip: address }),
        });
      }
      const shown = readLines(combined);
      expect(shown, name).toHaveLength(2 * REQUESTS);
      for (const line of shown) {
        const address = line.includes('"GET /v4?') ? client.ipv4 : client.ipv6;
        expect(line.split(' ')[0], line).toBe(address);
      }
    },
  );
});

function readLines(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}
