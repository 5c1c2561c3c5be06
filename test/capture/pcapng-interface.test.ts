import { describe, expect, test } from 'vitest';
import {
  fcsOption,
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

/** The time of one packet whose interface has these options. */
async function readTime(ticks: bigint, options: PcapngOption[]): Promise<[number, number]> {
  const { frames, error } = await readBytes(
    Buffer.concat([
      ng.section(),
      ng.interface({ options }),
      ng.enhancedPacket({ ticks, data: DATA }),
    ]),
  );
  expect(error).toBeUndefined();
  return [frames[0].sec, frames[0].ns];
}

describe('a pcapng timestamp is exact to the nanosecond with', () => {
  const CASES: [string, bigint, PcapngOption[], [number, number]][] = [
    ['no option, microseconds', MICROSECONDS, [], [1_567_349_411, 2_003_000]],
    ['seconds', 1_567_349_411n, [resolutionOption(0)], [1_567_349_411, 0]],
    ['milliseconds', 1_567_349_411_999n, [resolutionOption(3)], [1_567_349_411, 999_000_000]],
    ['10^-8', 156_734_941_199_999_999n, [resolutionOption(8)], [1_567_349_411, 999_999_990]],
    [
      'nanoseconds',
      1_567_349_411_999_999_999n,
      [resolutionOption(9)],
      [1_567_349_411, 999_999_999],
    ],
    ['10^-10', 15_673_494_119_999_999_999n, [resolutionOption(10)], [1_567_349_411, 999_999_999]],
    ['10^-19', 11_234_567_891_999_999_999n, [resolutionOption(19)], [1, 123_456_789]],
    [
      '2^-10',
      (1_567_349_411n << 10n) | 1023n,
      [resolutionOption(10, 2)],
      [1_567_349_411, 999_023_437],
    ],
    [
      '2^-30',
      (1_567_349_411n << 30n) | 0x3fffffffn,
      [resolutionOption(30, 2)],
      [1_567_349_411, 999_999_999],
    ],
    [
      '2^-32',
      (1_567_349_411n << 32n) | 0xffffffffn,
      [resolutionOption(32, 2)],
      [1_567_349_411, 999_999_999],
    ],
    ['2^-63', (1n << 63n) | (1n << 62n), [resolutionOption(63, 2)], [1, 500_000_000]],
    ['an offset', MICROSECONDS, [offsetOption(1_000_000_000n)], [2_567_349_411, 2_003_000]],
    ['all 64 bits', (1n << 64n) - 1n, [resolutionOption(9)], [18_446_744_073, 709_551_615]],
    ['all 64 bits of microseconds', (1n << 64n) - 1n, [], [18_446_744_073_709, 551_615_000]],
  ];
  for (const [name, ticks, options, expected] of CASES) {
    test(name, async () => {
      expect(await readTime(ticks, options)).toEqual(expected);
    });
  }

  test('any ticks: it agrees with BigInt for timestamps over all 64 bits', async () => {
    const ticks: bigint[] = [];
    for (let index = 0n; index < 2000n; index += 1n) {
      ticks.push((index * index * 0x9e3779b97f4a7c15n) & ((1n << 64n) - 1n));
    }
    for (const [exponent, base] of [
      [0, 10],
      [1, 10],
      [6, 10],
      [7, 10],
      [9, 10],
      [1, 2],
      [17, 2],
      [30, 2],
      [31, 2],
    ] as const) {
      const { frames } = await readBytes(
        Buffer.concat([
          ng.section(),
          ng.interface({ options: [resolutionOption(exponent, base)] }),
          ...ticks.map((value) => ng.enhancedPacket({ ticks: value, data: DATA })),
        ]),
      );
      const units = BigInt(base) ** BigInt(exponent);
      expect(frames.map(({ sec, ns }) => [sec, ns])).toEqual(
        ticks.map((value) => [
          Number(value / units),
          Number(((value % units) * 1_000_000_000n) / units),
        ]),
      );
    }
  });
});

test('a pcapng interface strips a frame check sequence of 4 bytes, said in bytes or in bits', async () => {
  for (const length of [4, 32]) {
    const { frames } = await readBytes(
      Buffer.concat([
        ng.section(),
        ng.interface({ options: [fcsOption(length)] }),
        ng.enhancedPacket({ data: DATA }),
        ng.enhancedPacket({ data: DATA, wireLength: 70 }),
        ng.simplePacket(DATA),
      ]),
    );
    expect(frames.map(({ bytes, wireLength }) => [bytes.byteLength, wireLength])).toEqual([
      [57, 57],
      [61, 66],
      [57, 57],
    ]);
  }
});
