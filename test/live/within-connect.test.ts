import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { type RunningProcess, startProcess } from './child-process.ts';
import { parseLines, parseSummary } from './log-lines.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { curl } from './web-client.ts';
import { newDirectory, useWebScene } from './web-scene.ts';

/** curl asks nginx through tunnels of a proxy, which the capture sees in plain text. */

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx', 'curl');
const PROXY_PROGRAM = fileURLToPath(new URL('connect-proxy-main.ts', import.meta.url));
const PROXY_PORT = 8118;
const REFUSING_PORT = 1;
/** Of one curl, all through one tunnel. */
const REQUESTS = 20;
const TUNNELS = 3;

interface Line {
  method: string;
  target: string;
  status: number;
  complete: boolean;
}

describe.skipIf(noLive)(titleWithReason('HTTP within CONNECT', noLive), () => {
  const { hosts, startDaemon } = useWebScene({
    serverLines: ['location / { return 200 "found"; }'],
  });
  let proxy: RunningProcess;

  beforeAll(async () => {
    const { namespace } = hosts().server;
    proxy = await startProcess(process.execPath, [PROXY_PROGRAM, `${PROXY_PORT}`], { namespace });
    await proxy.waitForOutput('stdout', /^listening$/m, PATIENCE_MS);
  });
  afterAll(async () => void (await proxy?.stop()));

  const askThrough = async (tunnel: number, port: number) => {
    const { client, server } = hosts();
    const tunnelArgs = ['-p', '--noproxy', '', '-x', `http://${server.ipv4}:${PROXY_PORT}`];
    const urls = Array.from(
      { length: REQUESTS },
      (_, index) => `http://127.0.0.1:${port}/${tunnel}-${index}`,
    );
    const args = urls.flatMap((url) => [url, '-o', '/dev/null']);
    return await curl([...tunnelArgs, ...args], { namespace: client.namespace });
  };

  test.each([
    ['show', REQUESTS],
    ['hide', 0],
  ])('--within-connect %s: text and exchanges say the same', async (value, requestsShown) => {
    const directory = newDirectory();
    const [text, json] = ['text', 'json'].map((name) => join(directory, name));
    const args = [
      '-i',
      hosts().server.device,
      '-p',
      `${PROXY_PORT}`,
      '-s',
      '0',
      '--within-connect',
      value,
    ];
    // One output each: beside exchanges text lines could have what those have found.
    const daemons = [
      await startDaemon([...args, '-o', text]),
      await startDaemon([...args, '--format', 'json', '-o', json]),
    ];
    for (let tunnel = 0; tunnel < TUNNELS; tunnel++) {
      expect((await askThrough(tunnel, 80)).code).toBe(0);
    }
    expect((await askThrough(TUNNELS, REFUSING_PORT)).code).not.toBe(0);
    for (const daemon of daemons) {
      expect(parseSummary((await daemon.end()).stderr)).toMatchObject({ dropped: 0 });
    }
    const shown = Array.from({ length: TUNNELS }, (_, tunnel) => [
      'CONNECT 127.0.0.1:80',
      ...Array.from({ length: requestsShown }, (__, index) => `GET /${tunnel}-${index}`),
    ]).flat();
    const lines = parseLines(readFileSync(text, 'utf8'));
    const requests = lines.filter(({ type }) => type.endsWith('Q'));
    const asked = requests.map(({ message }) => message.split(' ').slice(0, 2).join(' '));
    const isAnswered = (words: string) => !words.endsWith(`:${REFUSING_PORT}`);
    expect(asked.filter(isAnswered)).toEqual(shown);
    expect(lines.filter(({ type }) => type.endsWith('R'))).toHaveLength(shown.length);
    const exchanges: Line[] = readFileSync(json, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    const complete = exchanges.filter((line) => line.complete);
    expect(complete.map(({ method, target }) => `${method} ${target}`)).toEqual(shown);
    expect(complete.every(({ status }) => status === 200)).toBe(true);
  });
});
