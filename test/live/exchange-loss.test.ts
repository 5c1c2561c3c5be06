import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { sendExchanges } from './exchange-client.ts';
import {
  findWrongPairs,
  idOf,
  readExchangeLines,
  sorted,
  startExchangeCapture,
} from './exchange-lines.ts';
import { PROXY_PORT, startExchangeServers, UPSTREAM_PORT } from './exchange-servers.ts';
import { makeLogDirectory, removeLogDirectory } from './log-lines.ts';
import {
  canCaptureLive,
  canMakeNamespaces,
  canMakeTapDevices,
  missingTool,
  titleWithReason,
} from './requirements.ts';
import { createWire } from './wire.ts';

const noWire =
  canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx') ?? canMakeTapDevices();

const BULK_COUNT = 1500;
const CONNECTIONS_COUNT = 8;

const isPipelined = (id: string) => id.startsWith('pipelined');

test.skipIf(noWire)(
  titleWithReason(
    'no response is given to another request when 1 % is lost, and 1 % doubled',
    noWire,
  ),
  async () => {
    const directory = makeLogDirectory();
    onTestFinished(() => removeLogDirectory(directory));
    const hosts = await createWire({ loseEvery: 100, repeatEvery: 99 });
    onTestFinished(() => hosts.stop());
    const servers = await startExchangeServers(hosts.server.namespace);
    onTestFinished(() => servers.stop());
    // Before the loss of what the server sends and behind it: there the order is not that of sending.
    const ends = [hosts.server, hosts.client];
    const ports = ['-p', `${PROXY_PORT},${UPSTREAM_PORT}`, '--complete-heads'];
    const outputs = ['at-server', 'at-client'].map((name) => join(directory, name));
    const daemons = await Promise.all(
      ends.map((end, index) =>
        startExchangeCapture(end, [...ports, '--format', 'json', '-o', outputs[index]]),
      ),
    );
    const report = await sendExchanges(hosts.client.namespace, {
      host: hosts.server.ipv4,
      proxyPort: PROXY_PORT,
      upstreamPort: UPSTREAM_PORT,
      count: BULK_COUNT,
      connections: CONNECTIONS_COUNT,
      kinds: ['rarities', 'pipelines'],
    });
    await Promise.all(daemons.map((daemon) => daemon.end()));
    expect(report.wrong).toEqual([]);
    for (const output of outputs) {
      const lines = readExchangeLines(output);
      expect(findWrongPairs(lines)).toEqual([]);
      expect(sorted([...new Set(lines.map(idOf))])).toEqual(sorted(report.ids));
      expect(lines.some(({ retransmitted_segments = 0 }) => retransmitted_segments > 0)).toBe(true);
      const incomplete = lines.filter((line) => !line.complete).map(idOf);
      // Where requests do not wait for responses, a response out of its order costs those behind it.
      const others = new Set(incomplete.filter((id) => !isPipelined(id)));
      expect(others.size / report.ids.length).toBeLessThan(0.01);
    }
  },
  3 * PATIENCE_MS,
);
