import { describe, expect, test } from 'vitest';
import { PCAPNG_BLOCK_OVERHEAD_MAX } from '../../src/capture/limits.ts';
import { FRAME_BYTES_MAX } from '../../src/limits.ts';
import {
  BLOCK_ENHANCED_PACKET,
  BLOCK_INTERFACE,
  offsetOption,
  type PcapngOption,
  patternBytes,
  pcapngBuilder,
  resolutionOption,
} from './build-capture.ts';
import { readBytes } from './read-frames.ts';

const ng = pcapngBuilder();
const DATA = patternBytes(61, 9);
const MICROSECONDS = 1_567_349_411_002_003n;

/** Section, interface, one good packet, then `blocks`: what the reader says of them. */
async function readDamage(...blocks: Buffer[]): Promise<string> {
  const good = [ng.section(), ng.interface(), ng.enhancedPacket({ data: DATA })];
  const { frames, error } = await readBytes(Buffer.concat([...good, ...blocks]));
  expect(frames.length).toBe(1);
  expect(error).toMatchObject({ code: 'HTTPLOG_CAPTURE_DAMAGED', exitCode: 1 });
  const [, offset, what] =
    /is damaged at byte (\d+): (.*); 1 packet was read$/.exec(error?.message ?? '') ?? [];
  expect(Number(offset)).toBe(Buffer.concat(good).byteLength);
  return what;
}

describe('the pcapng reader', () => {
  for (const littleEndian of [true, false]) {
    const order = littleEndian ? 'little' : 'big';
    test(`reads all packet blocks of a ${order} endian section`, async () => {
      const builder = pcapngBuilder(littleEndian);
      const { frames, error } = await readBytes(
        Buffer.concat([
          builder.section(),
          builder.block(0x0bad, patternBytes(7)),
          builder.interface({ snaplen: 40 }),
          builder.enhancedPacket({ ticks: MICROSECONDS, data: DATA, wireLength: 1500 }),
          builder.block(5, patternBytes(24)),
          builder.packet({ ticks: MICROSECONDS, data: patternBytes(3), wireLength: 0xffff_ffff }),
          builder.simplePacket(DATA.subarray(0, 40), 1500),
          builder.simplePacket(DATA.subarray(0, 39)),
        ]),
      );
      expect(error).toBeUndefined();
      const time = { sec: 1_567_349_411, ns: 2_003_000, linkType: 1 };
      const none = { sec: 0, ns: 0, linkType: 1 };
      expect(frames).toEqual([
        { ...time, wireLength: 1500, bytes: DATA },
        { ...time, wireLength: 0xffff_ffff, bytes: patternBytes(3) },
        { ...none, wireLength: 1500, bytes: DATA.subarray(0, 40) },
        { ...none, wireLength: 39, bytes: DATA.subarray(0, 39) },
      ]);
    });
  }

  test('keeps link type, resolution and offset of each interface apart', async () => {
    const { frames } = await readBytes(
      Buffer.concat([
        ng.section(1, 2),
        ng.interface({ linkType: 1 }),
        ng.interface({ linkType: 113, options: [resolutionOption(9), offsetOption(-3n)] }),
        ng.enhancedPacket({ interfaceId: 1, ticks: 5_000_000_007n, data: DATA }),
        ng.enhancedPacket({ interfaceId: 0, ticks: 5_000_007n, data: DATA }),
        ng.interface({ linkType: 147 }),
        ng.packet({ interfaceId: 2, ticks: 1n, data: DATA }),
      ]),
    );
    expect(frames.map(({ linkType, sec, ns }) => [linkType, sec, ns])).toEqual([
      [113, 2, 7],
      [1, 5, 7000],
      [147, 0, 1000],
    ]);
  });

  test('begins to number interfaces again in a section, whatever its byte order', async () => {
    const big = pcapngBuilder(false);
    const first = [ng.section(), ng.interface({ linkType: 1 })];
    const { frames, error } = await readBytes(
      Buffer.concat([
        ...first,
        ng.enhancedPacket({ data: DATA }),
        big.section(),
        big.interface({ linkType: 101 }),
        big.enhancedPacket({ data: DATA }),
        ng.section(),
        ng.enhancedPacket({ data: DATA }),
      ]),
    );
    expect(frames.map(({ linkType }) => linkType)).toEqual([1, 101]);
    expect(error?.message).toMatch(/its packet names interface 0 of 0; 2 packets were read$/);
  });

  test('takes blocks whose length leaves the padding out, as Wireshark does', async () => {
    const body = Buffer.concat([Buffer.alloc(12), Buffer.from([61, 0, 0, 0, 61, 0, 0, 0]), DATA]);
    const head = 12 + body.byteLength;
    const { frames, error } = await readBytes(
      Buffer.concat([
        ng.section(),
        ng.interface(),
        ng.block(BLOCK_ENHANCED_PACKET, body, { head }),
        ng.enhancedPacket({ data: DATA }),
      ]),
    );
    expect(error).toBeUndefined();
    expect(frames.map(({ bytes }) => bytes)).toEqual([DATA, DATA]);
  });

  describe('says what is wrong with', () => {
    const limit = FRAME_BYTES_MAX + PCAPNG_BLOCK_OVERHEAD_MAX;

    test('block lengths that cannot be', async () => {
      const body = patternBytes(8);
      for (const head of [0, 11, limit + 1, 0xffff_ffff]) {
        expect(await readDamage(ng.block(0x0bad, body, { head }))).toBe(
          `its block has a length of ${head} bytes, not 12 to ${limit}`,
        );
      }
    });

    test('a trailing length that differs', async () => {
      expect(await readDamage(ng.block(0x0bad, patternBytes(8), { trailer: 24 }))).toBe(
        'the two lengths of its block differ (20 bytes at its beginning)',
      );
    });

    test('blocks shorter than their type needs', async () => {
      for (const [type, bodyBytes] of [
        [1, 4],
        [2, 16],
        [3, 0],
        [6, 16],
      ]) {
        expect(await readDamage(ng.block(type, Buffer.alloc(bodyBytes)))).toBe(
          `its block of ${12 + bodyBytes} bytes is shorter than its type needs`,
        );
      }
    });

    test('packets longer than their block', async () => {
      const longer = 'is longer than its block';
      for (const capturedLength of [65, 0xffff_ffff]) {
        expect(await readDamage(ng.enhancedPacket({ data: DATA, capturedLength }))).toBe(
          `its packet of ${capturedLength} bytes ${longer}`,
        );
      }
      expect(await readDamage(ng.packet({ data: DATA, capturedLength: 65 }))).toContain(longer);
      expect(await readDamage(ng.simplePacket(DATA, 65))).toContain(longer);
    });

    test('an interface that is not there', async () => {
      for (const interfaceId of [1, 0xffff_ffff]) {
        expect(await readDamage(ng.enhancedPacket({ interfaceId, data: DATA }))).toBe(
          `its packet names interface ${interfaceId} of 1`,
        );
      }
      expect(await readDamage(ng.packet({ interfaceId: 0xffff, data: DATA }))).toBe(
        'its packet names interface 65535 of 1',
      );
      const { error } = await readBytes(Buffer.concat([ng.section(), ng.simplePacket(DATA)]));
      expect(error?.message).toContain('its packet names interface 0 of 0');
    });

    test('options of an interface', async () => {
      const fields = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
      for (const options of [
        [9, 0, 5, 0, 6, 0, 0, 0],
        [9, 0, 0xff, 0xff],
        [9, 0, 1, 0],
      ]) {
        const body = Buffer.concat([fields, Buffer.from(options)]);
        expect(await readDamage(ng.block(BLOCK_INTERFACE, body))).toBe(
          'an option of its interface runs past its block',
        );
      }
      const damageOf = (option: PcapngOption) => readDamage(ng.interface({ options: [option] }));
      const two = Uint8Array.of(6, 6);
      expect(await damageOf({ code: 9, value: two })).toBe(
        'its if_tsresol option has 2 bytes, not 1',
      );
      expect(await damageOf({ code: 14, value: two })).toBe(
        'its if_tsoffset option has 2 bytes, not 8',
      );
      expect(await damageOf({ code: 13, value: two })).toBe(
        'its if_fcslen option has 2 bytes, not 1',
      );
      expect(await damageOf(resolutionOption(20))).toBe(
        'its if_tsresol of 10^-20 seconds is too fine',
      );
      expect(await damageOf(resolutionOption(64, 2))).toBe(
        'its if_tsresol of 2^-64 seconds is too fine',
      );
    });

    test('sections of other versions and without a byte order', async () => {
      expect(await readDamage(ng.section(2, 0))).toBe(
        'its section has the unsupported version 2.0',
      );
      expect(await readDamage(ng.section(1, 1))).toBe(
        'its section has the unsupported version 1.1',
      );
      const section = ng.section();
      section.fill(0, 8, 12);
      expect(await readDamage(section)).toBe('its section header has no byte-order magic');
    });
  });

  test('gives every whole packet of a file that is cut at any byte, then says where', async () => {
    const blocks = [
      ng.section(),
      ng.interface({ options: [resolutionOption(6)] }),
      ng.enhancedPacket({ data: DATA }),
      ng.block(0x0bad, patternBytes(9)),
      ng.simplePacket(patternBytes(2)),
      ng.packet({ data: patternBytes(3) }),
    ];
    const isPacket = [false, false, true, false, true, true];
    const whole = Buffer.concat(blocks);
    const ends = blocks.map((_, index) => Buffer.concat(blocks.slice(0, index + 1)).byteLength);
    for (let cut = 4; cut <= whole.byteLength; cut += 1) {
      const { frames, error } = await readBytes(whole.subarray(0, cut));
      const wholeBlocks = ends.filter((end) => end <= cut).length;
      const packets = isPacket.slice(0, wholeBlocks).filter(Boolean).length;
      expect(frames.length).toBe(packets);
      if (ends.includes(cut)) {
        expect(error).toBeUndefined();
        continue;
      }
      expect(error).toMatchObject({ code: 'HTTPLOG_CAPTURE_TRUNCATED', exitCode: 1 });
      const read = packets === 1 ? '1 packet was read' : `${packets} packets were read`;
      const offset = wholeBlocks === 0 ? 0 : ends[wholeBlocks - 1];
      expect(error?.message).toMatch(
        new RegExp(`is cut short: ${read}, and the record at byte ${offset} is incomplete$`),
      );
    }
  });
});
