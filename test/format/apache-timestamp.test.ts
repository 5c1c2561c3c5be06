import { describe, expect, it } from 'vitest';
import {
  APACHE_TIMESTAMP_BYTES_MAX,
  createApacheTimestamp,
  writeApacheTimestamp,
} from '../../src/format/apache-timestamp.ts';

function timestampOf(epochSec: number, offsetSec = 0): string {
  const timestamp = createApacheTimestamp(() => offsetSec);
  const target = new Uint8Array(APACHE_TIMESTAMP_BYTES_MAX);
  const end = writeApacheTimestamp(target, 0, timestamp, epochSec);
  return Buffer.from(target.subarray(0, end)).toString('latin1');
}

describe('writeApacheTimestamp', () => {
  it('writes the example of the Apache manual', () => {
    expect(timestampOf(Date.UTC(2000, 9, 10, 20, 55, 36) / 1000, -7 * 3600)).toBe(
      '[10/Oct/2000:13:55:36 -0700]',
    );
  });

  it('writes every month by its English name', () => {
    const names = Array.from({ length: 12 }, (_, month) =>
      timestampOf(Date.UTC(2019, month, 1) / 1000).slice(4, 7),
    );
    expect(names.join(' ')).toBe('Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec');
  });

  it.each([
    [0, '+0000'],
    [5.5 * 3600, '+0530'],
    [-3.5 * 3600, '-0330'],
    [14 * 3600, '+1400'],
    [-1800, '-0030'],
    [-(5 * 3600 + 1), '-0500'],
  ])('an offset of %i s is %s', (offsetSec, zone) => {
    expect(timestampOf(1567347411, offsetSec)).toMatch(new RegExp(` \\${zone}\\]$`));
  });

  it.each([
    [-62_167_219_200, '[01/Jan/0000:00:00:00 +0000]'],
    [-(2 ** 63), '[01/Jan/0000:00:00:00 +0000]'],
    [253_402_300_800, '[01/Jan/10000:00:00:00 +0000]'],
    [2 ** 63, '[06/Dec/142715360:03:48:16 +0000]'],
  ])('shows the second %d in its bounds', (epochSec, expected) => {
    const written = timestampOf(epochSec);
    expect(written.length).toBeLessThanOrEqual(APACHE_TIMESTAMP_BYTES_MAX);
    expect(written).toBe(expected);
  });

  it('one timestamp writes each second it is given, and the same one twice', () => {
    const timestamp = createApacheTimestamp((epochSec) => (epochSec < 60 ? 0 : 3600));
    const target = new Uint8Array(APACHE_TIMESTAMP_BYTES_MAX);
    const texts = [59, 59, 60, 59].map((epochSec) => {
      const end = writeApacheTimestamp(target, 0, timestamp, epochSec);
      return Buffer.from(target.subarray(0, end)).toString('latin1');
    });
    expect(texts).toEqual([
      '[01/Jan/1970:00:00:59 +0000]',
      '[01/Jan/1970:00:00:59 +0000]',
      '[01/Jan/1970:01:01:00 +0100]',
      '[01/Jan/1970:00:00:59 +0000]',
    ]);
  });
});
