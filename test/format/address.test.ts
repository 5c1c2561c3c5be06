import { describe, expect, it } from 'vitest';
import { ENDPOINT_BYTES_MAX, writeDecimal, writeEndpoint } from '../../src/format/address.ts';
import { createRandom } from '../decode/seeded-random.ts';
import { addressBytes } from '../fixtures/build-packets.ts';

const TARGET = new Uint8Array(128);

function format(bytes: ArrayLike<number>, port = 80): string {
  const source = Uint8Array.from([1, 2, 3, ...Array.from(bytes), 4]);
  const end = writeEndpoint(TARGET, 5, source, 3, bytes.length, port);
  return Buffer.from(TARGET.subarray(5, end)).toString('latin1');
}

function formatAddress(bytes: ArrayLike<number>): string {
  return format(bytes).replace(/#80$/, '');
}

/** The URL standard's own serializer: the longest run of zeros, the first of equals, is shortened. */
function formatByUrl(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, group) =>
    ((bytes[2 * group] << 8) | bytes[2 * group + 1]).toString(16),
  );
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

describe('writeEndpoint: IPv4', () => {
  it('each octet is written without leading zeros', () => {
    for (let octet = 0; octet < 256; octet++) {
      const bytes = [octet, 255 - octet, (octet * 7) & 255, octet];
      expect(formatAddress(bytes)).toBe(bytes.join('.'));
    }
  });

  it('the address and the port are joined by a #', () => {
    expect(format([192, 0, 2, 1], 8080)).toBe('192.0.2.1#8080');
    expect(format([0, 0, 0, 0], 0)).toBe('0.0.0.0#0');
    expect(format([255, 255, 255, 255], 65535)).toBe('255.255.255.255#65535');
  });

  it('nothing behind it is of it: a shorter text over a longer one', () => {
    format([255, 255, 255, 255], 65535);
    expect(format([1, 2, 3, 4], 5)).toBe('1.2.3.4#5');
  });
});

describe('writeEndpoint: IPv6 as in RFC 5952', () => {
  it.each([
    // Section 4.1: no leading zeros.
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    // Section 4.2.1: shortened as much as possible.
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    // Section 4.2.2: one zero group alone is not shortened.
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    // Section 4.2.3: the longest run, and the first of equal ones.
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    // Section 4.3: lower case.
    ['ABCD:EF01:0:0:0:0:0:1', 'abcd:ef01::1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['0:0:2:3:4:5:6:7', '::2:3:4:5:6:7'],
    ['0:1:2:3:4:5:6:7', '0:1:2:3:4:5:6:7'],
    ['1:2:3:4:5:6:0:0', '1:2:3:4:5:6::'],
    ['1:2:3:4:5:6:7:0', '1:2:3:4:5:6:7:0'],
    ['1:0:0:2:0:0:3:4', '1::2:0:0:3:4'],
    ['fe80:0:0:0:10:200:3000:f', 'fe80::10:200:3000:f'],
    // Not the mixed form, which would look like IPv4 traffic.
    ['0:0:0:0:0:ffff:c000:201', '::ffff:c000:201'],
  ])('%s is %s', (full, short) => {
    expect(formatAddress(addressBytes(full))).toBe(short);
  });

  it('is what URLs have, for every pattern of zero groups', () => {
    for (let zeros = 0; zeros < 256; zeros++) {
      const bytes = Array.from({ length: 8 }, (_, group) =>
        (zeros >> group) & 1 ? [0, 0] : [0x12 >> group, group + 1],
      ).flat();
      expect(formatAddress(bytes)).toBe(formatByUrl(bytes));
    }
  });

  it('is what URLs have, for 5,000 random addresses with runs of zeros', () => {
    const random = createRandom(5952);
    for (let round = 0; round < 5000; round++) {
      const bytes = Array.from({ length: 8 }, () => {
        const group = random(2) === 0 ? 0 : random(65536) >> (4 * random(4));
        return [group >> 8, group & 255];
      }).flat();
      expect(formatAddress(bytes)).toBe(formatByUrl(bytes));
    }
  });
});

describe('writeEndpoint', () => {
  it('the longest text fits into the room that callers make', () => {
    const longest = format(new Uint8Array(16).fill(255), 65535);
    expect(longest).toBe('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff#65535');
    expect(longest.length).toBeLessThanOrEqual(ENDPOINT_BYTES_MAX);
  });
});

describe('writeDecimal', () => {
  it('writes every port without leading zeros', () => {
    for (let value = 0; value <= 65535; value++) {
      const end = writeDecimal(TARGET, 1, value);
      const text = Buffer.from(TARGET.subarray(1, end)).toString('latin1');
      if (text !== String(value)) {
        expect.fail(`${value} is written ${text}`);
      }
    }
  });
});
