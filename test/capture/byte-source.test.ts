import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createFrame, FILL_END } from '../../src/capture/frame.ts';
import { READ_AHEAD_BYTES, READ_CHUNK_BYTES } from '../../src/capture/limits.ts';
import { openCapture } from '../../src/capture/open-capture.ts';
import { waitUntil } from '../live/child-process.ts';
import {
  buildPcap,
  manyPackets,
  type PcapPacket,
  patternBytes,
  pcapngBuilder,
} from './build-capture.ts';
import { readBytes, writeCapture } from './read-frames.ts';

const printFrames = fileURLToPath(new URL('print-frames.ts', import.meta.url));

const PACKETS: PcapPacket[] = [10, 0, 1500].map((byteLength, index) => ({
  sec: index,
  data: patternBytes(byteLength, index),
}));
const PCAP = buildPcap(PACKETS);
const DATA = PACKETS.map(({ data }) => data);
const ng = pcapngBuilder();
const PCAPNG = Buffer.concat([
  ng.section(),
  ng.interface(),
  ...DATA.map((data) => ng.enhancedPacket({ data })),
]);

function skippableFrame(byteLength: number): Buffer {
  const frame = Buffer.alloc(8 + byteLength, 0x5a);
  frame.writeUInt32LE(0x184d2a53, 0);
  frame.writeUInt32LE(byteLength, 4);
  return frame;
}

/** A cut stream, and how many bytes can be had of it. */
function cutGzip(whole: Buffer): [Buffer, number] {
  const compressed = gzipSync(whole, { level: 1 });
  const cut = compressed.subarray(0, compressed.byteLength - 100);
  return [cut, gunzipSync(cut, { finishFlush: constants.Z_SYNC_FLUSH }).byteLength];
}

function cutZstd(whole: Buffer): [Buffer, number] {
  const cut = zstdCompressSync(whole).subarray(0, -1);
  return [cut, zstdDecompressSync(cut, { finishFlush: constants.ZSTD_e_flush }).byteLength];
}

describe('compressed captures', () => {
  const half = PCAP.byteLength >> 1;
  const parts = [PCAP.subarray(0, half), PCAP.subarray(half)];
  test.each([
    ['gzip', gzipSync(PCAP)],
    ['gzip of several members', Buffer.concat(parts.map((part) => gzipSync(part)))],
    ['gzip with zeros behind it', Buffer.concat([gzipSync(PCAP), Buffer.alloc(512)])],
    ['zstd', zstdCompressSync(PCAP)],
    ['zstd of several frames', Buffer.concat(parts.map((part) => zstdCompressSync(part)))],
    [
      'zstd between skippable frames',
      Buffer.concat([
        skippableFrame(4),
        zstdCompressSync(parts[0]),
        skippableFrame(0),
        zstdCompressSync(parts[1]),
        skippableFrame(99),
      ]),
    ],
    ['pcapng in gzip', gzipSync(PCAPNG)],
    ['pcapng in zstd', zstdCompressSync(PCAPNG)],
  ])('%s are read', async (_, bytes) => {
    const { frames, error } = await readBytes(bytes);
    expect(error).toBeUndefined();
    expect(frames.map((frame) => frame.bytes)).toEqual(DATA);
  });

  test('several chunks of frames with checksums, of all block types, are read', async () => {
    const packets = manyPackets(2 * READ_CHUNK_BYTES);
    packets.push({ data: Buffer.alloc(900_000) });
    const whole = buildPcap(packets);
    const checksum = { params: { 201: 1 } };
    for (const bytes of [
      gzipSync(whole, { level: 1 }),
      zstdCompressSync(whole),
      Buffer.concat([
        zstdCompressSync(whole.subarray(0, 1_500_000), checksum),
        zstdCompressSync(whole.subarray(1_500_000), checksum),
      ]),
    ]) {
      const { frames, error } = await readBytes(bytes);
      expect(error).toBeUndefined();
      expect(frames.length).toBe(packets.length);
      expect(frames.every((frame, index) => frame.bytes.equals(packets[index].data))).toBe(true);
    }
  });

  test('progress counts the compressed bytes', async () => {
    for (const bytes of [gzipSync(PCAP), zstdCompressSync(PCAP)]) {
      const capture = await openCapture(writeCapture(bytes));
      const frame = createFrame();
      do {
        while (capture.next(frame));
      } while ((await capture.fill()) !== FILL_END);
      expect(capture.progress).toEqual({
        bytesRead: bytes.byteLength,
        bytesTotal: bytes.byteLength,
      });
      capture.close();
    }
  });

  test('cut anywhere, they give the whole packets that are there and then the error', async () => {
    for (const whole of [gzipSync(PCAP, { level: 0 }), zstdCompressSync(PCAP)]) {
      for (let cut = 4; cut < whole.byteLength; cut += cut < 40 ? 1 : 29) {
        const { frames, error } = await readBytes(whole.subarray(0, cut));
        expect(error).toMatchObject({ code: 'HTTPLOG_CAPTURE_TRUNCATED', exitCode: 1 });
        expect(error?.message).toMatch(
          /is cut short: its (gzip|zstd) stream has no end; \d packets? (was|were) read, the next record begins at byte \d+ of the decompressed capture$/,
        );
        expect(frames.map((frame) => frame.bytes)).toEqual(DATA.slice(0, frames.length));
      }
      const { frames } = await readBytes(whole.subarray(0, whole.byteLength - 1));
      expect(frames.length).toBe(whole[0] === 0x1f ? 3 : frames.length);
    }
  });

  test('cut, they lose nothing to a reader that is slower than they are', async () => {
    const packets = manyPackets(2 * READ_AHEAD_BYTES + READ_CHUNK_BYTES);
    const whole = buildPcap(packets);
    for (const [compressed, decompressed] of [cutGzip(whole), cutZstd(whole)]) {
      const capture = await openCapture(writeCapture(compressed));
      const frame = createFrame();
      let recordBytes = 24;
      const read = async () => {
        do {
          await delay(20);
          while (capture.next(frame)) {
            recordBytes += 16 + frame.end - frame.offset;
          }
        } while ((await capture.fill()) !== FILL_END);
      };
      await expect(read()).rejects.toMatchObject({ code: 'HTTPLOG_CAPTURE_TRUNCATED' });
      expect(decompressed - recordBytes).toBeGreaterThanOrEqual(0);
      expect(decompressed - recordBytes).toBeLessThan(3001 + 16);
      capture.close();
    }
  });

  test('damage at the end of a gzip file costs at most its last packet', async () => {
    const wrongChecksum = gzipSync(PCAP);
    wrongChecksum[wrongChecksum.byteLength - 6] ^= 1;
    const moreBytes = Buffer.concat([gzipSync(PCAP), Buffer.from('hello')]);
    for (const bytes of [wrongChecksum, moreBytes]) {
      const { frames, error } = await readBytes(bytes);
      expect(frames.length).toBeGreaterThanOrEqual(2);
      expect(error).toMatchObject({ code: 'HTTPLOG_CAPTURE_DAMAGED', exitCode: 1 });
      expect(error?.message).toContain('is damaged: its gzip stream is wrong (incorrect ');
    }
  });

  test('bytes behind a zstd frame that are no frame are damage', async () => {
    const { frames, error } = await readBytes(
      Buffer.concat([zstdCompressSync(PCAP), Buffer.from('hello')]),
    );
    expect(frames.map((frame) => frame.bytes)).toEqual(DATA);
    expect(error?.message).toContain('its zstd stream is wrong (Unknown frame descriptor)');
  });
});

describe('standard input', () => {
  function spawnReader(): {
    child: ChildProcess;
    output: Promise<string>;
    textSoFar(): string;
  } {
    const child = spawn(process.execPath, [printFrames, '-'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let text = '';
    const output = new Promise<string>((resolve) => {
      child.stdout?.on('data', (chunk) => {
        text += chunk;
      });
      child.on('close', () => resolve(text));
    });
    return { child, output, textSoFar: () => text };
  }
  const whole = '10\n0\n1500\n{"packets":3,"drops":0,"freezes":0}\n';
  const withoutIdle = (text: string) => text.replace(/idle\n/g, '');

  test.each([
    ['pcap', PCAP],
    ['pcapng', PCAPNG],
    ['gzip', gzipSync(PCAP)],
    ['zstd', zstdCompressSync(PCAPNG)],
  ])('%s from a pipe that gives one byte at a time is read', async (_, bytes) => {
    const { child, output } = spawnReader();
    for (let offset = 0; offset < bytes.byteLength; offset += 1) {
      child.stdin?.write(bytes.subarray(offset, offset + 1));
      if (offset % 100 === 0) {
        await delay(2);
      }
    }
    child.stdin?.end();
    expect(withoutIdle(await output)).toBe(whole);
  });

  test('a file as standard input is read', () => {
    const path = writeCapture(PCAPNG);
    const shell = ['-c', '"$0" "$1" - < "$2"', process.execPath, printFrames, path];
    expect(withoutIdle(execFileSync('sh', shell).toString())).toBe(whole);
  });

  test('a pipe that waits gives its packets at once, and then idle moments', async () => {
    const { child, output, textSoFar } = spawnReader();
    child.stdin?.write(PCAP.subarray(0, 24 + 16 + 10 + 5));
    await waitUntil('two idle moments', () => /^10\n(idle\n){2}/.test(textSoFar()));
    child.stdin?.end(PCAP.subarray(24 + 16 + 10 + 5));
    expect(await output).toMatch(/^10\n(idle\n){2,}0\n1500\n\{/);
  });

  test('its errors speak of standard input', async () => {
    const cut = spawnReader();
    cut.child.stdin?.end(PCAP.subarray(0, 60));
    expect(withoutIdle(await cut.output)).toBe(
      '10\nHTTPLOG_CAPTURE_TRUNCATED 1 Standard input is cut short: 1 packet was read, ' +
        'and the record at byte 50 is incomplete\n',
    );
    const empty = spawnReader();
    empty.child.stdin?.end();
    expect(await empty.output).toBe('HTTPLOG_CAPTURE_EMPTY 1 Standard input is empty\n');
  });
});
