import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { buildCaptures } from '../fixtures/built-captures.ts';
import { RECORDINGS } from '../fixtures/recordings.ts';
import { missingTool, titleWithReason } from '../live/requirements.ts';
import {
  countMessages,
  fixturePath,
  readGolden,
  replayFixture,
  splitLines,
} from './golden-lines.ts';
import { replayInProcess } from './replay-in-process.ts';
import { readWithTshark } from './tshark-lines.ts';

const INDEX_URL = new URL('../fixtures/INDEX.md', import.meta.url);
/** One of each link layer and address family; `write-golden.ts` compares them all. */
const COMPARED_WITH_TSHARK = [
  'nginx-ipv6.pcap',
  'browser.pcap',
  'retransmission-server.pcap',
  'qinq.pcap',
  'tun.pcap',
  'any-sll2.pcap',
];
/** `2019-09-01 14:16:51.002 223.39.188.71#50905 10.140.0.2#80 `, which `lines` leaves out. */
const LINE_HEAD = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [0-9a-f.:]+#\d+ [0-9a-f.:]+#\d+ /;

const noTshark = missingTool('tshark');

/** The column "Messages" of INDEX.md, which tshark has counted: `GET 3; 200 2, 404 1`. */
function readIndexCounts(file: string): Map<string, number> {
  const row = readFileSync(INDEX_URL, 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`| \`${file}\` |`));
  const cells = row?.split(' | ').at(-1) ?? '';
  return new Map([...cells.matchAll(/([A-Z]+|\d{3}) (\d+)/g)].map((m) => [m[1], Number(m[2])]));
}

describe('recorded fixtures', () => {
  test.each(RECORDINGS)('$file gives its golden lines', async ({ file }) => {
    expect(await replayFixture(file)).toBe(readGolden(file));
  });

  test.each(RECORDINGS)('the golden lines of $file are as many as INDEX.md counts', ({ file }) => {
    const counts = readIndexCounts(file);
    expect(counts.size).toBeGreaterThan(1);
    expect(countMessages(splitLines(readGolden(file) ?? ''))).toEqual(counts);
  });

  test('there are golden lines of recorded fixtures and of nothing else', () => {
    const expected = RECORDINGS.map(({ file }) => `${file}.lines`).sort();
    expect(readdirSync(new URL('lines/', import.meta.url)).sort()).toEqual(expected);
  });

  test.skipIf(noTshark).each(COMPARED_WITH_TSHARK)(
    titleWithReason('tshark reads the same messages in %s', noTshark),
    async (file) => {
      expect(splitLines(readGolden(file) ?? '')).toEqual(await readWithTshark(fixturePath(file)));
    },
  );
});

describe('built fixtures', () => {
  test.each(buildCaptures())('$file gives the lines of its generator', async (capture) => {
    const { text, failures } = await replayInProcess([fixturePath(capture.file), '-p', 'any']);
    const lines = splitLines(text);
    expect(lines.map((line) => line.replace(LINE_HEAD, ''))).toEqual(capture.lines);
    for (const line of lines) {
      expect(line).toMatch(LINE_HEAD);
    }
    const isUnreadable = capture.file === 'built-link-unknown.pcap';
    expect(failures.map(({ code }) => code)).toEqual(isUnreadable ? ['HTTPLOG_LINK_TYPE'] : []);
  });

  test('the tags of built-vlan-tags.pcap stand at the end of the lines, outer first', async () => {
    const lines = splitLines(await replayFixture('built-vlan-tags.pcap'));
    expect(lines.map((line) => line.split(' vlan=')[1])).toEqual([
      '10',
      '0',
      // The priority bits beside the id are not part of it.
      '10',
      '200.10',
      '300.10',
      '1.2.3',
      '4094.300.20.10',
      '200.10',
    ]);
  });

  test('times are cut to milliseconds, not rounded, in both byte orders and resolutions', async () => {
    const files = ['big-endian', 'big-endian-nanoseconds', 'nanoseconds'];
    for (const file of files.map((name) => `built-pcap-${name}.pcap`)) {
      const times = splitLines(await replayFixture(file)).map((line) => line.slice(11, 23));
      expect(times, file).toEqual(['14:16:51.002', '14:16:51.999']);
    }
  });
});
