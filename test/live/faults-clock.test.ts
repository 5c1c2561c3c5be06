import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  ask as askText,
  type CapturedPacket,
  frameOf,
  pcap,
  requestPacket,
  responsePacket,
} from '../fixtures/build-captures.ts';
import { PATIENCE_MS } from '../patience.ts';
import { runHttplog } from './httplog-process.ts';
import { type LogLine, parseLines, waitForLines } from './log-lines.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import {
  countNames,
  expectAllCounted,
  NOTICE_TIMEOUT_MS,
  newDirectory,
  useWebScene,
} from './web-scene.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx');
const HOUR_SEC = 3600;
const RESPONSE = 'HTTP/1.1 204 No Content\r\n\r\n';

const ARCHITECTURES: Record<string, string> = { x64: 'x86_64', arm64: 'aarch64' };
/** Where Debian's package faketime puts it. */
const FAKE_TIME_LIBRARY = `/usr/lib/${ARCHITECTURES[process.arch]}-linux-gnu/faketime/libfaketimeMT.so.1`;
const noFakeTime = noLive ?? (existsSync(FAKE_TIME_LIBRARY) ? undefined : 'no faketime installed');

const epochSec = (isoTime: string) => Date.parse(isoTime) / 1000;
const at = (packet: Uint8Array, sec: number, subsecNs = 0): CapturedPacket => ({
  bytes: frameOf(packet),
  time: { sec, subsecNs },
});

/** Replays packets, and gives the lines by file. */
async function replay(packets: readonly CapturedPacket[], ...args: string[]) {
  const directory = newDirectory();
  const path = join(newDirectory(), 'clock.pcap');
  writeFileSync(path, pcap(packets));
  const exit = await runHttplog(['replay', path, '-p', 'any', '-d', directory, ...args]);
  expect(exit).toMatchObject({ code: 0, stderr: '' });
  return new Map(
    readdirSync(directory).map((file) => [file, readFileSync(join(directory, file), 'utf8')]),
  );
}

/** Replays one request a time, in that order. Gives the times of the lines, by file. */
async function replayRequests(times: readonly string[], timezone: string) {
  const packets = times.map((time, index) =>
    at(requestPacket(index, askText('/')), epochSec(time)),
  );
  const files = await replay(packets, '--timezone', timezone);
  return Object.fromEntries(
    [...files].map(([file, text]) => [
      file,
      parseLines(text).map((line) => line.text.slice(0, 19)),
    ]),
  );
}

describe('the clock of the packets', () => {
  test('that steps back an hour over midnight goes on in the file of the day before', async () => {
    const times = ['2019-09-01T23:59:59Z', '2019-09-02T00:10:00Z', '2019-09-01T23:10:01Z'];
    const files = await replayRequests([...times, '2019-09-02T00:00:01Z'], 'UTC');
    expect(files).toEqual({
      'http-20190901.log': ['2019-09-01 23:59:59', '2019-09-01 23:10:01'],
      'http-20190902.log': ['2019-09-02 00:10:00', '2019-09-02 00:00:01'],
    });
  });

  test('of a zone that sets it back an hour has that hour twice, in one file', async () => {
    const times = ['05:59:59', '06:00:00', '07:00:00'].map((time) => `2019-11-03T${time}Z`);
    const files = await replayRequests(times, 'America/New_York');
    expect(files).toEqual({
      'http-20191103.log': ['2019-11-03 01:59:59', '2019-11-03 01:00:00', '2019-11-03 02:00:00'],
    });
  });

  test('of a zone that sets it back at midnight has no file too early', async () => {
    const times = ['2019-02-17T01:59:59Z', '2019-02-17T02:00:00Z', '2019-02-17T03:00:00Z'];
    const files = await replayRequests(times, 'America/Sao_Paulo');
    expect(files).toEqual({
      'http-20190216.log': ['2019-02-16 23:59:59', '2019-02-16 23:00:00'],
      'http-20190217.log': ['2019-02-17 00:00:00'],
    });
  });

  test('of a zone that sets it forward at midnight leaves the first hour out', async () => {
    const times = ['2018-11-04T02:59:59Z', '2018-11-04T03:00:00Z'];
    const files = await replayRequests(times, 'America/Sao_Paulo');
    expect(files).toEqual({
      'http-20181103.log': ['2018-11-03 23:59:59'],
      'http-20181104.log': ['2018-11-04 01:00:00'],
    });
  });

  test('that steps back within an exchange leaves it whole, and gives it no negative duration', async () => {
    const sec = epochSec('2019-09-01T12:00:00Z');
    const acknowledgment = 1 + askText('/').length;
    const packets = [
      at(requestPacket(0, askText('/')), sec),
      at(responsePacket(0, RESPONSE, { acknowledgment }), sec - HOUR_SEC),
    ];
    const [text] = [...(await replay(packets, '--format', 'json')).values()];
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { time: '2019-09-01T12:00:00.000000Z', status: 204, complete: true, duration_ms: 0 },
    ]);
  });
});

describe.skipIf(noFakeTime)(titleWithReason("this host's clock", noFakeTime), () => {
  const scene = useWebScene();

  test(
    'that steps while files rotate costs no line and no file',
    async () => {
      const directory = newDirectory();
      const clock = join(newDirectory(), 'clock');
      const setClock = (offset: string) => writeFileSync(clock, `${offset}\n`);
      setClock('+0');
      const upkeep = ['--rotate-size', '4KB', '--compress', 'gzip', '--keep-days', '2'];
      const httplog = await scene.startDaemon(
        ['-i', scene.hosts().server.device, '-d', directory, ...upkeep],
        {
          env: {
            LD_PRELOAD: FAKE_TIME_LIBRARY,
            FAKETIME_TIMESTAMP_FILE: clock,
            FAKETIME_NO_CACHE: '1',
            // The kernel's clock that only goes forward is not set by anybody.
            DONT_FAKE_MONOTONIC: '1',
          },
        },
      );
      const steps = { start: '+0', back: '-1h', midnight: '+1d', again: '-1d' };
      for (const [index, [name, offset]] of Object.entries(steps).entries()) {
        setClock(offset);
        await scene.ask(name, 100);
        await waitForLines(() => readAll(directory), 200 * (index + 1), NOTICE_TIMEOUT_MS);
      }
      const exit = await httplog.end();
      expect(exit.code).toBe(0);
      expect(exit.stderr).not.toMatch(/ERROR|WARN|Deleted/);
      const days = new Set(exit.stderr.match(/^\d{4}-\d\d-\d\d/gm));
      expect(days.size, 'the clock was set').toBeGreaterThan(1);
      const lines = readAll(directory);
      expect(expectAllCounted(lines, 400, exit)).toBe(0);
      expect(countNames(lines)).toEqual({ start: 100, back: 100, midnight: 100, again: 100 });
    },
    3 * PATIENCE_MS,
  );
});

/** Lines of all files, compressed ones too; a file that was just compressed is there twice for a moment. */
function readAll(directory: string): LogLine[] {
  const names = readdirSync(directory).filter((name) => !name.endsWith('.tmp'));
  const texts = new Map(
    names.map((name) => {
      const bytes = readFileSync(join(directory, name));
      const text = name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
      return [name.replace('.gz', ''), text.toString('utf8')];
    }),
  );
  return [...texts.values()].flatMap(parseLines);
}
