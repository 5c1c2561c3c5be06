import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createRandom } from '../decode/seeded-random.ts';
import { waitUntil } from './child-process.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { startKeepAliveRequests } from './web-client.ts';
import { NOTICE_TIMEOUT_MS, newDirectory, useWebScene } from './web-scene.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx');
const SEED = 9;
/** It is killed so many milliseconds after its first lines. */
const KILL_AFTER_MS = { least: 0, most: 900 };
/** Milliseconds before the kill from which lines may be missing, and what this machine adds to them. */
const LOSS_MS = 1000;
/** Milliseconds in which a response of before the start may still be under way. */
const MARGIN_MS = 100;
const LINE =
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \S+ \S+ (CQ GET \/load\?n=\d+ HTTP\/1\.1 192\.0\.2\.1 -|CR HTTP\/1\.1 404 Not Found \d+ text\/html)$/;

/** One life of httplog, in epoch milliseconds. */
interface Life {
  capturingAtMs: number;
  /** Until its first lines were there: under load it takes a while. */
  firstLinesMs: number;
  killedAtMs: number;
}

describe.skipIf(noLive)(titleWithReason('kill -9 at random moments under load', noLive), () => {
  const scene = useWebScene({ serverLines: ['access_log timed.log timed;'] });
  const random = createRandom(SEED);

  const startIn = (directory: string, args: readonly string[]) =>
    scene.startDaemon(['-i', scene.hosts().server.device, '-d', directory, ...args]);

  async function startLoad(): Promise<void> {
    const url = `http://${scene.hosts().server.ipv4}/load`;
    const { namespace } = scene.hosts().client;
    const load = await startKeepAliveRequests({ namespace, url, count: 1e6, intervalMs: 2 });
    onTestFinished(async () => void (await load.stop()));
  }

  async function killOnce(directory: string, args: readonly string[]): Promise<Life> {
    const httplog = await startIn(directory, args);
    const capturingAtMs = Date.now();
    const sizeBefore = sumSizes(directory);
    const hasLines = () => sumSizes(directory) !== sizeBefore;
    await waitUntil('its first lines', hasLines, NOTICE_TIMEOUT_MS);
    const firstLinesMs = Date.now() - capturingAtMs;
    await sleep(KILL_AFTER_MS.least + random(KILL_AFTER_MS.most - KILL_AFTER_MS.least));
    const killedAtMs = Date.now();
    expect((await httplog.end('SIGKILL')).signal).toBe('SIGKILL');
    return { capturingAtMs, firstLinesMs, killedAtMs };
  }

  /** What nginx has answered within that life, with the epoch milliseconds of it. */
  function readAnswers({ capturingAtMs, killedAtMs }: Life): [path: string, ms: number][] {
    const path = join(dirname(scene.nginx().accessLogPath), 'timed.log');
    return readFileSync(path, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line): [string, number] => [line.split(' ')[1], Number(line.split(' ')[0]) * 1000])
      .filter(([, ms]) => ms >= capturingAtMs + MARGIN_MS && ms <= killedAtMs);
  }

  /** Checks that only lines of each life's last moments are missing. */
  function expectSmallLoss(lives: Life[], found: ReadonlySet<string>): void {
    for (const life of lives) {
      const answers = readAnswers(life);
      const missingMs = answers.filter(([path]) => !found.has(path)).map(([, ms]) => ms);
      expect(answers.length).toBeGreaterThan(0);
      const lossMs = life.killedAtMs - Math.min(life.killedAtMs, ...missingMs);
      expect(lossMs).toBeLessThanOrEqual(LOSS_MS + life.firstLinesMs);
    }
  }

  /** Kills it so often, then lets it run to its end once. */
  async function killAgainAndAgain(directory: string, rounds: number, args: readonly string[]) {
    await startLoad();
    const lives: Life[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = readFiles(directory);
      lives.push(await killOnce(directory, args));
      const after = readFiles(directory);
      for (const [name, text] of before) {
        expect(after.get(name)?.startsWith(text), `${name} of round ${round}`).toBe(true);
      }
    }
    const httplog = await startIn(directory, args);
    const isInOrder = () => !args.includes('--compress') || isPacked(directory);
    await waitUntil('full files are compressed', isInOrder, 3 * NOTICE_TIMEOUT_MS);
    const { code, stderr } = await httplog.end();
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/ERROR|WARN/);
    const lines = [...readFiles(directory).values()].flatMap((text) => text.trimEnd().split('\n'));
    return { lives, lines };
  }

  /** Checks that requests are there at most once, and gives their paths. */
  function uniquePaths(paths: readonly string[]): Set<string> {
    const unique = new Set(paths);
    expect(unique.size).toBe(paths.length);
    return unique;
  }

  const pathsIn = (lines: readonly string[]) =>
    lines.filter((line) => line.includes(' CQ ')).map((line) => line.split(' ')[6]);

  test('leaves whole lines, each once, and loses those of the last second at most', async () => {
    const { lives, lines } = await killAgainAndAgain(newDirectory(), 12, []);
    const whole = lines.filter((line) => LINE.test(line));
    expect(lines.length - whole.length, 'torn lines').toBeLessThanOrEqual(lives.length);
    expectSmallLoss(lives, uniquePaths(pathsIn(whole)));
  }, 300_000);

  test('leaves whole objects of JSON', async () => {
    const { lives, lines } = await killAgainAndAgain(newDirectory(), 4, ['--format', 'json']);
    const exchanges = lines.flatMap(parseIfWhole);
    expect(lines.length - exchanges.length, 'torn lines').toBeLessThanOrEqual(lives.length);
    const complete = exchanges.filter((exchange) => exchange.complete === true);
    expectSmallLoss(lives, uniquePaths(complete.map(({ target }) => String(target))));
  }, 300_000);

  test('leaves no half of a compressed file while files rotate', async () => {
    const directory = newDirectory();
    const args = ['--rotate-size', '8KB', '--compress', 'zstd'];
    const { lives, lines } = await killAgainAndAgain(directory, 4, args);
    const whole = lines.filter((line) => LINE.test(line));
    expect(lines.length - whole.length, 'torn lines').toBeLessThanOrEqual(lives.length);
    expectSmallLoss(lives, uniquePaths(pathsIn(whole)));
  }, 300_000);
});

/** By name without a compressed one's ending: a file that was just compressed may be there as both. */
function readFiles(directory: string): Map<string, string> {
  const names = readdirSync(directory).filter((name) => !name.endsWith('.tmp'));
  return new Map(
    names.map((name) => {
      const bytes = readFileSync(join(directory, name));
      const text = name.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes;
      return [name.replace('.zst', ''), text.toString('utf8')];
    }),
  );
}

function sumSizes(directory: string): number {
  const sizes = readdirSync(directory).map((name) => {
    return statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0;
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Several files are full, and nothing is left half done: the one that is written is the only one not compressed. */
function isPacked(directory: string): boolean {
  const names = readdirSync(directory);
  const plain = names.filter((name) => name.endsWith('.log'));
  const isSeveral = names.filter((name) => name.endsWith('.zst')).length > 3;
  return isSeveral && plain.length <= 1 && names.every((name) => !name.endsWith('.tmp'));
}

function parseIfWhole(line: string): Record<string, string | boolean>[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}
