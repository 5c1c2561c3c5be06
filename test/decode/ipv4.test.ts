import { describe, expect, it } from 'vitest';
import { decodeIpv4 } from '../../src/decode/ipv4.ts';
import { ipv4, joinBytes } from '../fixtures/build-packets.ts';
import { decodeGuarded, hexBytes, verdictOf, verdictsByCut, withByte } from './decode-guarded.ts';
import { IPV4_HEADER, IPV4_PACKET, ipv4Segment, TCP_SEGMENT } from './hex-frames.ts';

const ADDRESSES = { source: '192.0.2.2', target: '198.51.100.1' };
const VERSION_IHL_AT = 0;
const FLAGS_AT = 6;
const PROTOCOL_AT = 9;

function packetOfTotalLength(totalLength: number): Uint8Array {
  return ipv4({ ...ADDRESSES, totalLength }, TCP_SEGMENT);
}

describe('decodeIpv4', () => {
  it('finds the addresses and the TCP payload', () => {
    const { verdict, segment } = decodeGuarded(decodeIpv4, IPV4_PACKET);
    expect(verdict).toBe('segment');
    expect(segment).toMatchObject(ipv4Segment(0));
  });

  it('skips options up to the longest header', () => {
    const packet = hexBytes(`
      4f           # version 4, header of 15 words
      00           # type of service
      0055         # total length 85
      0001         # identification
      0000         # no flags, fragment offset 0
      40           # time to live
      06           # protocol TCP
      0000         # header checksum
      c0000202     # source address
      c6336401     # destination address
      0727040000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000001
                   # record route, 39 bytes, and no operation
      ${Buffer.from(TCP_SEGMENT).toString('hex')}
    `);
    const { segment } = decodeGuarded(decodeIpv4, packet);
    expect(segment).toMatchObject({ sourceAddressOffset: 12, payloadOffset: 80, payloadEnd: 85 });
    expect(verdictsByCut(decodeIpv4, packet)).toEqual([
      '0-59 ipv4_truncated',
      '60-80 tcp_truncated',
      '81-85 segment',
    ]);
  });

  it('cut at any byte a packet is truncated until one byte of payload is there', () => {
    expect(verdictsByCut(decodeIpv4, IPV4_PACKET)).toEqual([
      '0-19 ipv4_truncated',
      '20-40 tcp_truncated',
      '41-45 segment',
    ]);
  });

  it.each([0, 1, 4])('a header length of %i words is malformed', (words) => {
    expect(verdictOf(decodeIpv4, withByte(IPV4_PACKET, VERSION_IHL_AT, 0x40 | words))).toBe(
      'ipv4_malformed',
    );
  });

  it.each([0x05, 0x55, 0x65, 0xf5])(
    'a first byte of 0x%s, another version, is malformed',
    (byte) => {
      expect(verdictOf(decodeIpv4, withByte(IPV4_PACKET, VERSION_IHL_AT, byte))).toBe(
        'ipv4_malformed',
      );
    },
  );

  it('a total length below the header is malformed, one of the header holds no TCP', () => {
    expect(verdictOf(decodeIpv4, packetOfTotalLength(1))).toBe('ipv4_malformed');
    expect(verdictOf(decodeIpv4, packetOfTotalLength(19))).toBe('ipv4_malformed');
    expect(verdictOf(decodeIpv4, packetOfTotalLength(20))).toBe('tcp_malformed');
    expect(verdictOf(decodeIpv4, packetOfTotalLength(39))).toBe('tcp_malformed');
    expect(verdictOf(decodeIpv4, packetOfTotalLength(40))).toBe('no_payload');
    expect(verdictOf(decodeIpv4, packetOfTotalLength(41))).toBe('segment');
  });

  it('a total length below a header with options is malformed', () => {
    const options = { ...ADDRESSES, options: [148, 4, 0, 0] };
    expect(verdictOf(decodeIpv4, ipv4({ ...options, totalLength: 23 }, TCP_SEGMENT))).toBe(
      'ipv4_malformed',
    );
    expect(verdictOf(decodeIpv4, ipv4({ ...options, totalLength: 45 }, TCP_SEGMENT))).toBe(
      'segment',
    );
  });

  it('bytes behind the total length are padding and no payload', () => {
    const padded = joinBytes(IPV4_PACKET, [0x20, 0x48, 0x54]);
    expect(decodeGuarded(decodeIpv4, padded).segment).toMatchObject({ payloadEnd: 45 });
    const acknowledgment = joinBytes(packetOfTotalLength(40).subarray(0, 40), TCP_SEGMENT);
    expect(verdictOf(decodeIpv4, acknowledgment)).toBe('no_payload');
  });

  it('a total length beyond the captured bytes ends the payload where they end', () => {
    expect(decodeGuarded(decodeIpv4, packetOfTotalLength(65535)).segment).toMatchObject({
      payloadEnd: 45,
    });
  });

  it('a total length of 0 means the captured length', () => {
    const packet = packetOfTotalLength(0);
    expect(decodeGuarded(decodeIpv4, packet).segment).toMatchObject(ipv4Segment(0));
    expect(verdictOf(decodeIpv4, packet, 41)).toBe('segment');
    expect(verdictOf(decodeIpv4, packet, 40)).toBe('no_payload');
  });

  it.each([
    ['a first fragment', [0x20, 0x00], 'segment'],
    ['do not fragment', [0x40, 0x00], 'segment'],
    ['the reserved flag', [0x80, 0x00], 'segment'],
    ['the second fragment', [0x20, 0x01], 'fragment'],
    ['the last fragment', [0x00, 0x01], 'fragment'],
    ['the highest fragment offset', [0x1f, 0xff], 'fragment'],
    ['a fragment offset in the upper bits', [0x01, 0x00], 'fragment'],
  ])('tells fragments: %s', (_name, flags, verdict) => {
    const packet = joinBytes(
      IPV4_PACKET.subarray(0, FLAGS_AT),
      flags,
      IPV4_PACKET.subarray(FLAGS_AT + 2),
    );
    expect(verdictOf(decodeIpv4, packet)).toBe(verdict);
  });

  it.each([0, 1, 5, 7, 17, 50, 108])('protocol %i is not TCP', (protocol) => {
    expect(verdictOf(decodeIpv4, withByte(IPV4_PACKET, PROTOCOL_AT, protocol))).toBe('not_tcp');
    expect(verdictOf(decodeIpv4, withByte(IPV4_HEADER, PROTOCOL_AT, protocol))).toBe('not_tcp');
  });
});
