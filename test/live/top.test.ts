import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { waitUntil } from './child-process.ts';
import { ownSettings } from './own-settings.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { useWebScene } from './web-scene.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx', 'curl', 'script');
const PROGRAM = fileURLToPath(new URL('../../bin/httplog', import.meta.url));

const ENTERED = '\x1b[?1049h';
const LEFT = '\x1b[?25h\x1b[?1049l';

interface OnTerminal {
  child: ChildProcess;
  /** All that the terminal was sent. */
  text(): string;
  /** The picture that was begun last. */
  picture(): string;
}

/** The program on a terminal of its own, in a namespace. */
function startTop(namespace: string, ...args: string[]): OnTerminal {
  const words = [PROGRAM, ...ownSettings(['top']), '--user', 'root', ...args];
  const line = `stty rows 24 cols 80; exec ${words.join(' ')}`;
  const child = spawn('ip', ['netns', 'exec', namespace, 'script', '-qefc', line, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout?.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, text: () => text, picture: () => text.slice(text.lastIndexOf('\x1b[H')) };
}

describe.skipIf(noLive)(titleWithReason('httplog top', noLive), () => {
  const { hosts, ask } = useWebScene();

  const startCapturing = async (): Promise<OnTerminal> => {
    const { namespace, device } = hosts().server;
    const top = startTop(namespace, '-i', device, '--interval', '100ms');
    await waitUntil('a picture', () => / a second\. /.test(top.picture()), PATIENCE_MS);
    return top;
  };

  const seen = (top: OnTerminal, pattern: RegExp) =>
    waitUntil(`${pattern}`, () => pattern.test(top.picture()), PATIENCE_MS);

  test('shows exchanges as they pass, begins anew on r, and gives the terminal back on q', async () => {
    const top = await startCapturing();
    expect(top.text()).toContain(ENTERED);
    await ask('watched', 5);
    await seen(top, /\n5 exchanges in /);
    expect(top.picture()).toMatch(/GET \/watched +5 +\d+ +[\d.]+ \ws/);
    top.child.stdin?.write('r');
    await seen(top, /\n.*No exchange yet/);
    await ask('again', 2);
    await seen(top, /\n2 exchanges in /);
    const ended = once(top.child, 'exit');
    top.child.stdin?.write('q');
    expect(await ended).toEqual([0, null]);
    const after = top.text().slice(top.text().lastIndexOf(LEFT));
    expect(after).toMatch(/\n2 exchanges in /);
  });

  test('Ctrl-C ends it as well', async () => {
    const top = await startCapturing();
    const ended = once(top.child, 'exit');
    top.child.stdin?.write('\x03');
    expect(await ended).toEqual([0, null]);
    expect(top.text()).toContain(LEFT);
  });
});
