import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { runCommand, startProcess, waitUntil } from './child-process.ts';
import { type HttplogProcess, startHttplog } from './httplog-process.ts';
import { makeLogDirectory, parseSummary, removeLogDirectory } from './log-lines.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { keepAliveRequests } from './web-client.ts';
import { useWebScene } from './web-scene.ts';

/** What is told of a live capture in whose lines nothing is to be seen of it. */

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx', 'curl');
/** The note comes after 20 seconds. */
const NOTE_WAIT_MS = PATIENCE_MS;
const TLS_PORT = 8443;
const NOTE = /No HTTP message in the first 20 seconds on .*/g;
/** Takes connections, and has nothing to say. */
const LISTEN = `require('node:net').createServer((socket) => socket.resume().on('error', () => undefined)).listen(${TLS_PORT}, () => console.log('listening'))`;

describe.skipIf(noLive)(titleWithReason('a live capture without a message', noLive), () => {
  const { hosts, startDaemon, ask } = useWebScene();

  function newDirectory(): string {
    const directory = makeLogDirectory();
    onTestFinished(() => removeLogDirectory(directory));
    return directory;
  }

  /** It does not say that it captures: its admin server does. */
  async function startQuiet(args: readonly string[]): Promise<HttplogProcess> {
    const { namespace } = hosts().server;
    const socket = join(newDirectory(), 'admin.sock');
    const httplog = await startHttplog({ namespace, args: [...args, '--listen-admin', socket] });
    onTestFinished(async () => void (await httplog.stop()));
    const isReady = async () =>
      (await runCommand('curl', ['-fs', '--unix-socket', socket, 'http://a/readyz'])).code === 0;
    await waitUntil('ready', isReady, NOTE_WAIT_MS);
    return httplog;
  }

  test('says so once, with what was seen and what to try', { timeout: 240_000 }, async () => {
    const { namespace, device, ipv4 } = hosts().server;
    const start = (...args: string[]) => startDaemon(['-i', device, '-d', newDirectory(), ...args]);
    const listener = await startProcess(process.execPath, ['-e', LISTEN], { namespace });
    onTestFinished(async () => void (await listener.stop()));
    await listener.waitForOutput('stdout', /listening/, NOTE_WAIT_MS);
    const quiet = await startQuiet(['-i', device, '-d', newDirectory(), '-p', '81', '--quiet']);
    // What each is to see comes at once: on a busy machine its 20 seconds may be over before others have begun.
    const heard = await start();
    await ask('heard', 1);
    const elsewhere = await start('-p', '81');
    await ask('elsewhere', 1);
    const encrypted = await start('-p', `${TLS_PORT}`);
    const handshake = ['-k', '-m', '5', `https://${ipv4}:${TLS_PORT}/`];
    await runCommand('curl', handshake, { namespace: hosts().client.namespace });
    const start20 = `No HTTP message in the first 20 seconds on ${device}: `;
    await encrypted.waitForOutput('stderr', NOTE, NOTE_WAIT_MS);
    await elsewhere.waitForOutput('stderr', NOTE, NOTE_WAIT_MS);
    const exits = await Promise.all([heard, quiet, elsewhere, encrypted].map((each) => each.end()));
    const notes = exits.map(({ stderr }) => stderr.match(NOTE) ?? []);
    expect(notes).toEqual([
      [],
      [],
      [
        expect.stringMatching(
          new RegExp(
            `^${start20}[1-9]\\d* packets have passed there, none of them begins one on the ports read; ` +
              'try -p any, or -i any',
          ),
        ),
      ],
      [
        expect.stringContaining(
          `${start20}TLS was seen on the ports read: what is encrypted stays so, ` +
            'capture behind the proxy that ends it',
        ),
      ],
    ]);
  });

  test.each(['1', '2'])(
    'counts what it received and did not look at behind the last packet of -c, with %s workers',
    async (workers) => {
      const { device, ipv4 } = hosts().server;
      const args = ['-i', device, '-d', newDirectory(), '-c', '3', '-cpu', workers];
      const httplog = await startDaemon(args);
      await keepAliveRequests({
        namespace: hosts().client.namespace,
        url: `http://${ipv4}/`,
        count: 100,
        connections: 4,
      });
      const { code, stderr } = await httplog.waitForExit();
      expect(code).toBe(0);
      const unread = Number(/, (\d+) not looked at behind the last of -c$/m.exec(stderr)?.[1]);
      expect(unread).toBeGreaterThan(0);
      expect(unread + 3).toBe(parseSummary(stderr).received);
    },
  );
});
