import { describe, expect, it } from 'vitest';
import { createSegment } from '../../src/decode/segment.ts';
import { writeFlow } from '../../src/format/flow-text.ts';
import { FLOW_TEXTS_MAX } from '../../src/format/limits.ts';
import { createRandom } from '../decode/seeded-random.ts';
import { addressBytes } from '../fixtures/build-packets.ts';

const segment = createSegment();
const target = new Uint8Array(128);

function write(source: string, sourcePort: number, to: string, targetPort: number): string {
  const addresses = [addressBytes(source), addressBytes(to)];
  const { length } = addresses[0];
  Object.assign(segment, { addressLength: length, sourcePort, targetPort });
  Object.assign(segment, { sourceAddressOffset: 3, targetAddressOffset: 3 + length });
  const end = writeFlow(target, 5, Uint8Array.from([1, 2, 3, ...addresses.flat()]), segment);
  return Buffer.from(target.subarray(5, end)).toString('latin1');
}

describe('writeFlow', () => {
  it.each([
    ['192.0.2.1', 50_000, '198.51.100.20', 80],
    ['0.0.0.0', 0, '0.0.0.0', 0],
    ['255.255.255.255', 65_535, '255.255.255.255', 65_535],
    ['1.2.3.4', 1, '1.2.3.4', 10],
  ])('writes both ends of %s#%i and %s#%i, the first time and again', (source, from, to, port) => {
    const text = ` ${source}#${from} ${to}#${port}`;
    expect([write(source, from, to, port), write(source, from, to, port)]).toEqual([text, text]);
    expect(write(to, port, source, from)).toBe(` ${to}#${port} ${source}#${from}`);
  });

  it('writes both ends of IPv6', () => {
    expect(write('2001:db8::1', 50_000, '2001:db8::2', 80)).toBe(
      ' 2001:db8::1#50000 2001:db8::2#80',
    );
  });

  it('never takes one flow for another, however many share a place', () => {
    const random = createRandom(7);
    for (let index = 0; index < 20 * FLOW_TEXTS_MAX; index++) {
      const source = `10.${random(2)}.${random(256)}.${random(256)}`;
      const port = random(65_536);
      const text = ` ${source}#${port} 192.0.2.${index % 3}#80`;
      if (write(source, port, `192.0.2.${index % 3}`, 80) !== text) {
        expect.fail(text);
      }
    }
  });
});
