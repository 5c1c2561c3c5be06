import { describe, expect, onTestFinished, test } from 'vitest';
import { makeLogDirectory, readLogDirectory, removeLogDirectory } from './log-lines.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { useWebScene } from './web-scene.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx', 'curl');

describe.skipIf(noLive)(titleWithReason('the report of a live capture', noLive), () => {
  const { hosts, startDaemon, ask } = useWebScene();

  test('is told at the end, of all workers together, and text lines are what they were', async () => {
    const directory = makeLogDirectory();
    onTestFinished(() => removeLogDirectory(directory));
    const { device } = hosts().server;
    const args = ['-i', device, '-d', directory, '-cpu', '2', '--report', 'always'];
    const httplog = await startDaemon(args);
    await ask('reported', 5);
    const { code, stderr } = await httplog.end();
    expect(code).toBe(0);
    expect(stderr).toMatch(/\n\n5 exchanges in .*\nStatus: /);
    expect(stderr).toMatch(/\nBusiest hosts +count {2}Busiest clients +count\n/);
    expect(stderr).toMatch(/Lines: 10 written, 0 dropped/);
    expect(readLogDirectory(directory)).toHaveLength(10);
  });
});
