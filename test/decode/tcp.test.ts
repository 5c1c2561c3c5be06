import { describe, expect, it } from 'vitest';
import { decodeTcp } from '../../src/decode/tcp.ts';
import { joinBytes } from '../fixtures/build-packets.ts';
import {
  type Decoder,
  decodeGuarded,
  verdictOf,
  verdictsByCut,
  withByte,
} from './decode-guarded.ts';
import { TCP_FIELDS, TCP_SEGMENT } from './hex-frames.ts';

const DATA_OFFSET_AT = 12;
const HEADER = TCP_SEGMENT.subarray(0, 20);

/** The IP packet ends where the captured bytes do. */
const decodeWhole: Decoder = (bytes, offset, end, segment) =>
  decodeTcp(bytes, offset, end, end, segment);

/** The IP packet is `packetBytes` long, however much of it was captured. */
function decodePacketOf(packetBytes: number): Decoder {
  return (bytes, offset, end, segment) =>
    decodeTcp(bytes, offset, end, offset + packetBytes, segment);
}

function headerOfWords(words: number, payload = ''): Uint8Array {
  const options = new Uint8Array(Math.max(0, words * 4 - 20)).fill(1);
  const header = withByte(HEADER, DATA_OFFSET_AT, words << 4);
  return joinBytes(header, options, Buffer.from(payload, 'latin1'));
}

describe('decodeTcp', () => {
  it('finds ports, sequence number and payload', () => {
    const { verdict, segment } = decodeGuarded(decodeWhole, TCP_SEGMENT);
    expect(verdict).toBe('segment');
    expect(segment).toMatchObject({ ...TCP_FIELDS, payloadOffset: 20, payloadEnd: 25 });
  });

  it('reads the highest ports and sequence number', () => {
    const segment = joinBytes(new Uint8Array(8).fill(0xff), TCP_SEGMENT.subarray(8));
    expect(decodeGuarded(decodeWhole, segment).segment).toMatchObject({
      sourcePort: 65535,
      targetPort: 65535,
      sequenceNumber: -1,
    });
  });

  it.each([5, 6, 8, 15])('skips the options of a header of %i words', (words) => {
    const { segment } = decodeGuarded(decodeWhole, headerOfWords(words, 'x'));
    expect(segment).toMatchObject({ payloadOffset: words * 4, payloadEnd: words * 4 + 1 });
  });

  it.each([0, 1, 4])(
    'a data offset of %i words, below the header itself, is malformed',
    (words) => {
      expect(verdictOf(decodeWhole, headerOfWords(words, 'payload'))).toBe('tcp_malformed');
    },
  );

  it('reserved bits beside the data offset do not count', () => {
    expect(verdictOf(decodeWhole, withByte(TCP_SEGMENT, DATA_OFFSET_AT, 0x5f))).toBe('segment');
  });

  it('a header that ends behind the IP packet is malformed, one that ends with it is not', () => {
    const header = headerOfWords(8);
    expect(verdictOf(decodePacketOf(31), header)).toBe('tcp_malformed');
    expect(verdictOf(decodePacketOf(32), header)).toBe('no_payload');
    expect(verdictOf(decodePacketOf(33), joinBytes(header, [1]))).toBe('segment');
  });

  it('an IP packet too short for any header is malformed, not truncated', () => {
    expect(verdictOf(decodePacketOf(19), TCP_SEGMENT, 19)).toBe('tcp_malformed');
    expect(verdictOf(decodePacketOf(0), TCP_SEGMENT, 0)).toBe('tcp_malformed');
    expect(verdictOf(decodePacketOf(20), TCP_SEGMENT, 19)).toBe('tcp_truncated');
  });

  it('a segment without payload is no message, one byte of payload is a segment', () => {
    expect(verdictOf(decodeWhole, HEADER)).toBe('no_payload');
    expect(verdictOf(decodeWhole, joinBytes(HEADER, [0x47]))).toBe('segment');
  });

  it('cut before its payload a segment is truncated: it may have had a message', () => {
    expect(verdictsByCut(decodePacketOf(25), TCP_SEGMENT)).toEqual([
      '0-20 tcp_truncated',
      '21-25 segment',
    ]);
  });

  it('cut within its options a segment is truncated', () => {
    const segment = headerOfWords(15, 'GET');
    expect(verdictsByCut(decodePacketOf(segment.length), segment)).toEqual([
      '0-60 tcp_truncated',
      '61-63 segment',
    ]);
  });

  it('a cut payload is given as far as it was captured', () => {
    const { segment } = decodeGuarded(decodePacketOf(25), TCP_SEGMENT, 22);
    expect(segment).toMatchObject({ payloadOffset: 20, payloadEnd: 22 });
  });
});
