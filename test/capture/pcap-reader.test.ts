import { describe, expect, test } from 'vitest';
import { FRAME_BYTES_MAX } from '../../src/limits.ts';
import {
  buildPcap,
  MAGIC_MICROSECONDS,
  MAGIC_MODIFIED,
  MAGIC_NANOSECONDS,
  type PcapPacket,
  patternBytes,
  pcapHeader,
  pcapRecord,
} from './build-capture.ts';
import { readBytes } from './read-frames.ts';

const PACKETS: PcapPacket[] = [
  { sec: 1_567_349_411, subsec: 2, data: patternBytes(5, 1) },
  { sec: 1_567_349_412, subsec: 999_999, data: patternBytes(0), wireLength: 60 },
  { sec: 4_294_967_295, subsec: 0, data: patternBytes(61, 3), wireLength: 4_294_967_295 },
];

describe('the pcap reader', () => {
  for (const littleEndian of [true, false]) {
    for (const magic of [MAGIC_MICROSECONDS, MAGIC_NANOSECONDS, MAGIC_MODIFIED]) {
      const name = `${magic.toString(16)} in ${littleEndian ? 'little' : 'big'} endian`;
      test(`reads times, lengths and bytes of magic ${name}`, async () => {
        const { frames, error } = await readBytes(buildPcap(PACKETS, { littleEndian, magic }));
        expect(error).toBeUndefined();
        const unitNs = magic === MAGIC_NANOSECONDS ? 1 : 1000;
        expect(frames).toEqual(
          PACKETS.map(({ sec, subsec, data, wireLength }) => ({
            sec,
            ns: (subsec ?? 0) * unitNs,
            wireLength: wireLength ?? data.byteLength,
            linkType: 1,
            bytes: data,
          })),
        );
      });
    }
  }

  test('carries a fraction of a second or more over to the seconds', async () => {
    const data = patternBytes(1);
    const { frames } = await readBytes(
      buildPcap([
        { sec: 7, subsec: 999_999, data },
        { sec: 7, subsec: 1_000_000, data },
        { sec: 7, subsec: 4_294_967_295, data },
      ]),
    );
    expect(frames.map(({ sec, ns }) => [sec, ns])).toEqual([
      [7, 999_999_000],
      [8, 0],
      [7 + 4294, 967_295_000],
    ]);
  });

  test('takes the link type from the lower 16 bits and leaves unknown ones as they are', async () => {
    const packet = { data: patternBytes(20) };
    for (const [word, linkType] of [
      [0x3000_0001, 1],
      [0x0030_0000, 0],
      [0x0000_ffff, 0xffff],
    ]) {
      const { frames } = await readBytes(buildPcap([packet], { linkType: word }));
      expect(frames[0].linkType).toBe(linkType);
      expect(frames[0].bytes.byteLength).toBe(20);
    }
  });

  test('strips the frame check sequence when the F bit says its length', async () => {
    const data = patternBytes(20);
    const { frames } = await readBytes(
      buildPcap(
        [
          { data },
          { data, wireLength: 22 },
          { data, wireLength: 30 },
          { data: data.subarray(0, 3) },
        ],
        {
          linkType: 0x2400_0001,
        },
      ),
    );
    expect(frames.map(({ bytes, wireLength }) => [bytes.byteLength, wireLength])).toEqual([
      [16, 16],
      [18, 18],
      [20, 26],
      [3, 3],
    ]);
  });

  test('swaps the lengths of versions before 2.3, and of 2.3 only where they are reversed', async () => {
    const data = patternBytes(10);
    const reversed = pcapRecord({ data, capturedLength: 64, wireLength: 10 });
    const normal = pcapRecord({ data, wireLength: 64 });
    const expected = [data, 64];
    for (const [minor, record] of [
      [2, reversed],
      [3, reversed],
      [3, normal],
      [4, normal],
      [5, normal],
    ] as const) {
      const { frames, error } = await readBytes(Buffer.concat([pcapHeader({ minor }), record]));
      expect(error).toBeUndefined();
      expect(frames.map(({ bytes, wireLength }) => [bytes, wireLength])).toEqual([expected]);
    }
  });

  test('refuses major versions other than 2', async () => {
    for (const major of [1, 3]) {
      const { error } = await readBytes(buildPcap(PACKETS, { major }));
      expect(error).toMatchObject({ code: 'HTTPLOG_CAPTURE_VERSION', exitCode: 1 });
      expect(error?.message).toMatch(new RegExp(`has the unsupported version ${major}\\.4$`));
    }
  });

  test('tolerates packets longer than the snap length', async () => {
    const { frames, error } = await readBytes(buildPcap(PACKETS, { snaplen: 10 }));
    expect([frames.length, error]).toEqual([3, undefined]);
  });

  test('takes a captured length of FRAME_BYTES_MAX and calls one more damage', async () => {
    const whole = buildPcap([PACKETS[0], { data: Buffer.alloc(FRAME_BYTES_MAX, 7) }, PACKETS[0]]);
    const { frames, error } = await readBytes(whole);
    expect(error).toBeUndefined();
    expect(frames.map(({ bytes }) => bytes.byteLength)).toEqual([5, FRAME_BYTES_MAX, 5]);
    expect(frames[1].bytes.equals(Buffer.alloc(FRAME_BYTES_MAX, 7))).toBe(true);

    for (const capturedLength of [FRAME_BYTES_MAX + 1, 0x8000_0000, 0xffff_ffff]) {
      const damaged = await readBytes(
        buildPcap([PACKETS[0], { data: patternBytes(64), capturedLength, wireLength: 64 }]),
      );
      expect(damaged.frames.length).toBe(1);
      expect(damaged.error).toMatchObject({ code: 'HTTPLOG_CAPTURE_DAMAGED', exitCode: 1 });
      expect(damaged.error?.message).toMatch(
        new RegExp(
          `is damaged at byte 45: its record has a captured length of ${capturedLength} bytes; ` +
            '1 packet was read$',
        ),
      );
    }
  });

  test('gives every whole packet of a file that is cut at any byte, then says where', async () => {
    const whole = buildPcap(PACKETS);
    const starts = [24, 24 + 21, 24 + 21 + 16, whole.byteLength];
    for (let cut = 4; cut <= whole.byteLength; cut += 1) {
      const { frames, error } = await readBytes(whole.subarray(0, cut));
      const packets = cut < 24 ? 0 : starts.filter((start) => start <= cut).length - 1;
      expect(frames.map(({ bytes }) => bytes)).toEqual(
        PACKETS.slice(0, packets).map(({ data }) => data),
      );
      if (starts.includes(cut)) {
        expect(error).toBeUndefined();
        continue;
      }
      expect(error).toMatchObject({ code: 'HTTPLOG_CAPTURE_TRUNCATED', exitCode: 1 });
      const read = packets === 1 ? '1 packet was read' : `${packets} packets were read`;
      const offset = cut < 24 ? 0 : starts[packets];
      expect(error?.message).toMatch(
        new RegExp(`is cut short: ${read}, and the record at byte ${offset} is incomplete$`),
      );
    }
  });
});
