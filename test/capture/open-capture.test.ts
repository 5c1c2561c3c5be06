import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createFrame, FILL_END, FILL_FRAMES } from '../../src/capture/frame.ts';
import { READ_CHUNK_BYTES, READ_HEAD_ROOM_BYTES } from '../../src/capture/limits.ts';
import { openCapture } from '../../src/capture/open-capture.ts';
import { waitUntil } from '../live/child-process.ts';
import {
  buildPcap,
  manyPackets,
  type PcapPacket,
  patternBytes,
  pcapngBuilder,
} from './build-capture.ts';
import { readBytes, readCapture, writeCapture } from './read-frames.ts';

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

describe('openCapture', () => {
  test('tells what cannot be a capture, with its exit code', async () => {
    const missing = `${writeCapture(PCAP)}-not`;
    for (const [path, code, exitCode, message] of [
      [missing, 'NOT_FOUND', 3, `There is no capture file ${missing}`],
      [`${writeCapture(PCAP)}/x`, 'NOT_FOUND', 3, 'There is no capture file'],
      ['/tmp', 'DIRECTORY', 1, '/tmp is a directory, not a capture file'],
      ['/dev/null', 'EMPTY', 1, '/dev/null is empty'],
      [writeCapture(Buffer.alloc(0)), 'EMPTY', 1, ' is empty'],
      [writeCapture(gzipSync('')), 'EMPTY', 1, ' is empty'],
      [writeCapture(zstdCompressSync('')), 'EMPTY', 1, ' is empty'],
    ] as const) {
      const { frames, error } = await readCapture(path);
      expect(frames).toEqual([]);
      expect(error).toMatchObject({ code: `HTTPLOG_CAPTURE_${code}`, exitCode });
      expect(error?.message).toContain(message);
    }
  });

  test('shows how a file that is no capture begins', async () => {
    for (const [bytes, shown] of [
      [Buffer.from('Hello, "world"'), '48 65 6c 6c 6f 2c 20 22 ("Hello, \\"")'],
      [Buffer.from('Hi\n'), '48 69 0a'],
      [Buffer.from('BZh91AY&SY'), '42 5a 68 39 31 41 59 26 ("BZh91AY&")'],
      [Buffer.of(0), '00'],
      [PCAP.subarray(0, 3), 'd4 c3 b2'],
      [Buffer.concat([PCAPNG.subarray(0, 8), Buffer.alloc(20)]), '0a 0d 0d 0a 1c 00 00 00'],
      [gzipSync('text'), '74 65 78 74 ("text")'],
    ] as const) {
      const { error } = await readBytes(bytes);
      expect(error).toMatchObject({ code: 'HTTPLOG_CAPTURE_FORMAT', exitCode: 1 });
      expect(error?.message.endsWith(`is not a capture file: it begins with ${shown}`)).toBe(true);
    }
  });

  test('names the permission that is missing', async (context) => {
    const path = writeCapture(PCAP);
    chmodSync(path, 0);
    if (process.getuid?.() !== 0) {
      const { error } = await readCapture(path);
      expect(error).toMatchObject({ code: 'HTTPLOG_CAPTURE_PERMISSION', exitCode: 4 });
      return;
    }
    const drop = ['--reuid=65534', '--clear-groups', '--inh-caps=-all'];
    try {
      execFileSync('setpriv', [...drop, process.execPath, '-v']);
    } catch {
      context.skip('no setpriv, or nobody may run this node');
    }
    const output = execFileSync('setpriv', [...drop, process.execPath, printFrames, path]);
    expect(output.toString()).toMatch(/^HTTPLOG_CAPTURE_PERMISSION 4 .*: permission denied\n$/);
  });

  test('gives the same frames across chunk borders, each intact until the next call', async () => {
    const packets = manyPackets(3 * READ_CHUNK_BYTES);
    const { frames, error } = await readBytes(buildPcap(packets));
    expect(error).toBeUndefined();
    expect(frames.length).toBe(packets.length);
    expect(
      frames.every(({ sec, bytes }, index) => sec === index && bytes.equals(packets[index].data)),
    ).toBe(true);
  });

  test('grows its buffers for records longer than the head room', async () => {
    const sizes = [-17, -16, -15, 1].map((more) => READ_HEAD_ROOM_BYTES + more);
    sizes.push(READ_CHUNK_BYTES - 1, READ_CHUNK_BYTES + 1, 5 * READ_CHUNK_BYTES, 3, 100, 0);
    const data = sizes.map((byteLength, index) => patternBytes(byteLength, index));
    for (const bytes of [
      buildPcap(data.map((each) => ({ data: each }))),
      gzipSync(buildPcap(data.map((each) => ({ data: each }))), { level: 1 }),
      Buffer.concat([
        ng.section(),
        ng.interface(),
        ...data.map((each) => ng.enhancedPacket({ data: each })),
      ]),
    ]) {
      const { frames, error } = await readBytes(bytes);
      expect(error).toBeUndefined();
      expect(frames.map((frame, index) => frame.bytes.equals(data[index]))).toEqual(
        sizes.map(() => true),
      );
    }
  });

  test('resets what another source left in the frame, and counts packets', async () => {
    const capture = await openCapture(writeCapture(PCAP));
    const frame = {
      ...createFrame(),
      etherType: 1,
      vlanTagged: 1 as const,
      vlanTci: 7,
      linkType: 9,
    };
    expect(await capture.fill()).toBe(FILL_FRAMES);
    expect(capture.next(frame)).toBe(true);
    expect(frame).toMatchObject({ etherType: 0, vlanTagged: 0, vlanTci: 0, linkType: 1 });
    expect(capture.statistics()).toEqual({ packets: 1, drops: 0, freezes: 0 });
    expect([capture.next(frame), capture.next(frame), capture.next(frame)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(await capture.fill()).toBe(FILL_END);
    expect(await capture.fill()).toBe(FILL_END);
    expect(capture.progress).toEqual({ bytesRead: PCAP.byteLength, bytesTotal: PCAP.byteLength });
    capture.close();
  });

  test('stop ends the filling, not what is already there', async () => {
    const capture = await openCapture(writeCapture(buildPcap(manyPackets(4 * READ_CHUNK_BYTES))));
    const frame = createFrame();
    expect(await capture.fill()).toBe(FILL_FRAMES);
    capture.stop();
    expect(capture.next(frame)).toBe(true);
    expect(await capture.fill()).toBe(FILL_END);
    capture.close();
  });

  test('close gives the file back, also while it is being read ahead', async () => {
    const path = writeCapture(buildPcap(manyPackets(4 * READ_CHUNK_BYTES)));
    const capture = await openCapture(path);
    await capture.fill();
    capture.next(createFrame());
    const waiting = capture.fill();
    capture.close();
    capture.close();
    await waiting;
    await waitUntil('it is closed', () => !openFiles().includes(path));
    for (const bytes of [gzipSync(PCAP), zstdCompressSync(PCAP), Buffer.from('no capture')]) {
      const compressed = writeCapture(bytes);
      await readCapture(compressed);
      await waitUntil('it is closed', () => !openFiles().includes(compressed));
    }
  });
});

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
}
