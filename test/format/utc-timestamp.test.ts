import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createUtcTimestamp,
  EPOCH_NS_BYTES_MAX,
  UTC_TIMESTAMP_BYTES,
  writeEpochNs,
  writeUtcTimestamp,
} from '../../src/format/utc-timestamp.ts';

const kept = createUtcTimestamp();

function utcText(epochSec: number, subsecNs: number, timestamp = kept): string {
  const target = new Uint8Array(UTC_TIMESTAMP_BYTES);
  const end = writeUtcTimestamp(target, 0, timestamp, epochSec, subsecNs);
  expect(end).toBe(UTC_TIMESTAMP_BYTES);
  return Buffer.from(target).toString('latin1');
}

function epochText(epochSec: number, subsecNs: number): string {
  const target = new Uint8Array(EPOCH_NS_BYTES_MAX);
  return Buffer.from(target.subarray(0, writeEpochNs(target, 0, epochSec, subsecNs))).toString();
}

describe('writeUtcTimestamp', () => {
  it.each([
    [1567347411, 2_345_678, '2019-09-01T14:16:51.002345Z'],
    [1567347411, 999_999_999, '2019-09-01T14:16:51.999999Z'],
    [0, 0, '1970-01-01T00:00:00.000000Z'],
    [-1, 1000, '1969-12-31T23:59:59.000001Z'],
    [1709164800, 0, '2024-02-29T00:00:00.000000Z'],
    [-62_167_219_200, 0, '0000-01-01T00:00:00.000000Z'],
    [-62_167_219_201, 0, '0000-01-01T00:00:00.000000Z'],
    [253_402_300_799, 0, '9999-12-31T23:59:59.000000Z'],
    [253_402_300_800, 0, '9999-12-31T23:59:59.000000Z'],
    [2 ** 62, 0, '9999-12-31T23:59:59.000000Z'],
    [-(2 ** 62), 0, '0000-01-01T00:00:00.000000Z'],
  ])('%d s, %d ns', (epochSec, subsecNs, expected) => {
    expect(utcText(epochSec, subsecNs)).toBe(expected);
    // Once more from what is kept, and with nothing kept.
    expect(utcText(epochSec, subsecNs)).toBe(expected);
    expect(utcText(epochSec, subsecNs, createUtcTimestamp())).toBe(expected);
  });

  it('any second of four-digit years is what Date says', () => {
    const seconds = fc.integer({ min: -62_167_219_200, max: 253_402_300_799 });
    fc.assert(
      fc.property(seconds, fc.nat(999_999_999), (epochSec, subsecNs) => {
        const micros = String(Math.floor(subsecNs / 1000)).padStart(6, '0');
        const second = new Date(epochSec * 1000).toISOString().slice(0, 20);
        expect(utcText(epochSec, subsecNs)).toBe(`${second}${micros}Z`);
      }),
      { numRuns: 300 },
    );
  });
});

describe('writeEpochNs', () => {
  it.each([
    [1567347411, 2_345_678, '1567347411002345678'],
    [0, 0, '0'],
    [0, 5, '5'],
    [1, 5, '1000000005'],
    [-7, 5, '5'],
    [18_446_744_072, 999_999_999, '18446744072999999999'],
    [2 ** 62, 999_999_999, '18446744072999999999'],
  ])('%d s, %d ns', (epochSec, subsecNs, expected) => {
    expect(epochText(epochSec, subsecNs)).toBe(expected);
    expect(BigInt(expected)).toBeLessThan(2n ** 64n);
  });
});
