import { describe, expect, it } from 'vitest';
import { decodeIpv6 } from '../../src/decode/ipv6.ts';
import { IPV6_EXTENSION_HEADERS_MAX } from '../../src/decode/limits.ts';
import {
  extensionHeader,
  fragmentHeader,
  ipv6,
  joinBytes,
  PROTOCOL_TCP,
} from '../fixtures/build-packets.ts';
import { decodeGuarded, hexBytes, verdictOf, verdictsByCut, withByte } from './decode-guarded.ts';
import { IPV6_HEADER, IPV6_PACKET, ipv6Segment, TCP_SEGMENT } from './hex-frames.ts';

const ADDRESSES = { source: '2001:db8:1::2', target: '2001:db8:2::1' };
const NEXT_HEADER_AT = 6;
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
const HOST_IDENTITY = 139;
const SHIM6 = 140;
/** Padding option (PadN) that fills an options header of 8 bytes. */
const PADDING = [1, 4, 0, 0, 0, 0];

function packetOfPayloadLength(payloadLength: number): Uint8Array {
  return ipv6({ ...ADDRESSES, payloadLength }, TCP_SEGMENT);
}

/** A packet whose first header behind the fixed one is of the type. */
function packetWith(nextHeader: number, ...parts: (Uint8Array | readonly number[])[]): Uint8Array {
  return ipv6({ ...ADDRESSES, nextHeader }, joinBytes(...parts));
}

function optionHeaders(count: number): number[] {
  const types = new Array<number>(count - 1).fill(DESTINATION_OPTIONS);
  return [...types, PROTOCOL_TCP].flatMap((next) => extensionHeader(next, PADDING));
}

describe('decodeIpv6', () => {
  it('finds the addresses and the TCP payload', () => {
    const { verdict, segment } = decodeGuarded(decodeIpv6, IPV6_PACKET);
    expect(verdict).toBe('segment');
    expect(segment).toMatchObject(ipv6Segment(0));
  });

  it('cut at any byte a packet is truncated until one byte of payload is there', () => {
    expect(verdictsByCut(decodeIpv6, IPV6_PACKET)).toEqual([
      '0-39 ipv6_truncated',
      '40-60 tcp_truncated',
      '61-65 segment',
    ]);
  });

  it.each([0x00, 0x45, 0x50, 0x70, 0xf0])(
    'a first byte of %i, another version, is malformed',
    (byte) => {
      expect(verdictOf(decodeIpv6, withByte(IPV6_PACKET, 0, byte))).toBe('ipv6_malformed');
    },
  );

  it('the traffic class beside the version does not count', () => {
    expect(verdictOf(decodeIpv6, withByte(IPV6_PACKET, 0, 0x6f))).toBe('segment');
  });

  it('the payload ends at the payload length', () => {
    expect(verdictOf(decodeIpv6, packetOfPayloadLength(19))).toBe('tcp_malformed');
    expect(verdictOf(decodeIpv6, packetOfPayloadLength(20))).toBe('no_payload');
    expect(decodeGuarded(decodeIpv6, packetOfPayloadLength(21)).segment).toMatchObject({
      payloadOffset: 60,
      payloadEnd: 61,
    });
  });

  it('a payload length beyond the captured bytes ends the payload where they end', () => {
    expect(decodeGuarded(decodeIpv6, packetOfPayloadLength(65535)).segment).toMatchObject({
      payloadEnd: 65,
    });
  });

  it('a payload length of 0 means the captured length', () => {
    const packet = packetOfPayloadLength(0);
    expect(decodeGuarded(decodeIpv6, packet).segment).toMatchObject(ipv6Segment(0));
    expect(verdictOf(decodeIpv6, packet, 60)).toBe('no_payload');
    expect(verdictOf(decodeIpv6, packet, 61)).toBe('segment');
  });

  it.each([
    ['UDP', 17],
    ['ICMPv6', 58],
    ['encrypted payload (ESP)', 50],
    ['no next header', 59],
    ['compressed payload', 108],
  ])('%s is not TCP', (_name, nextHeader) => {
    expect(verdictOf(decodeIpv6, withByte(IPV6_PACKET, NEXT_HEADER_AT, nextHeader))).toBe(
      'not_tcp',
    );
    expect(verdictOf(decodeIpv6, withByte(IPV6_HEADER, NEXT_HEADER_AT, nextHeader))).toBe(
      'not_tcp',
    );
  });
});

describe('decodeIpv6: extension headers', () => {
  it.each([
    ['hop-by-hop options', HOP_BY_HOP],
    ['routing', ROUTING],
    ['destination options', DESTINATION_OPTIONS],
    ['mobility', MOBILITY],
    ['host identity', HOST_IDENTITY],
    ['shim6', SHIM6],
  ])('%s are skipped', (_name, type) => {
    const short = packetWith(type, extensionHeader(PROTOCOL_TCP, PADDING), TCP_SEGMENT);
    expect(decodeGuarded(decodeIpv6, short).segment).toMatchObject({
      sourceAddressOffset: 8,
      targetAddressOffset: 24,
      payloadOffset: 68,
      payloadEnd: 73,
    });
    const long = extensionHeader(PROTOCOL_TCP, new Array<number>(2046).fill(0));
    expect(decodeGuarded(decodeIpv6, packetWith(type, long, TCP_SEGMENT)).segment).toMatchObject({
      payloadOffset: 40 + 2048 + 20,
    });
  });

  it('an Authentication Header is skipped: it counts its length in words less two', () => {
    const packet = hexBytes(`
      60000000     # version 6, traffic class, flow label
      0031         # payload length 49
      33           # next header: authentication
      40           # hop limit
      20010db8000100000000000000000002   # source address
      20010db8000200000000000000000001   # destination address
      06           # next header TCP
      04           # length: 6 words, less 2
      0000         # reserved
      00000100     # security parameters index
      00000001     # sequence number
      000102030405060708090a0b           # integrity check value
      ${Buffer.from(TCP_SEGMENT).toString('hex')}
    `);
    expect(decodeGuarded(decodeIpv6, packet).segment).toMatchObject({
      payloadOffset: 84,
      payloadEnd: 89,
    });
    expect(verdictsByCut(decodeIpv6, packet)).toEqual([
      '0-63 ipv6_truncated',
      '64-84 tcp_truncated',
      '85-89 segment',
    ]);
  });

  it('cut within an extension header a packet is truncated', () => {
    const packet = packetWith(HOP_BY_HOP, extensionHeader(PROTOCOL_TCP, PADDING), TCP_SEGMENT);
    expect(verdictsByCut(decodeIpv6, packet)).toEqual([
      '0-47 ipv6_truncated',
      '48-68 tcp_truncated',
      '69-73 segment',
    ]);
  });

  it('an extension header that does not fit into the packet is malformed', () => {
    const headers = (bytes: number) =>
      ipv6({ ...ADDRESSES, nextHeader: HOP_BY_HOP, payloadLength: bytes }, TCP_SEGMENT);
    expect(verdictOf(decodeIpv6, headers(1))).toBe('ipv6_extension_malformed');
    expect(verdictOf(decodeIpv6, headers(7))).toBe('ipv6_extension_malformed');
  });

  it('an extension header may end with the packet, and not behind it', () => {
    const header = extensionHeader(PROTOCOL_TCP, new Array<number>(14).fill(0));
    const packet = (payloadLength: number) =>
      ipv6({ ...ADDRESSES, nextHeader: ROUTING, payloadLength }, joinBytes(header, TCP_SEGMENT));
    expect(verdictOf(decodeIpv6, packet(15))).toBe('ipv6_extension_malformed');
    expect(verdictOf(decodeIpv6, packet(16))).toBe('tcp_malformed');
    expect(verdictOf(decodeIpv6, packet(16 + 20))).toBe('no_payload');
    expect(verdictOf(decodeIpv6, packet(16 + 21))).toBe('segment');
  });

  it('what follows the last extension header decides', () => {
    const packet = packetWith(HOP_BY_HOP, extensionHeader(17, PADDING), TCP_SEGMENT);
    expect(verdictOf(decodeIpv6, packet)).toBe('not_tcp');
  });

  it('a chain may be as long as the limit, and no longer', () => {
    const packet = (count: number) =>
      packetWith(DESTINATION_OPTIONS, optionHeaders(count), TCP_SEGMENT);
    expect(verdictOf(decodeIpv6, packet(IPV6_EXTENSION_HEADERS_MAX - 1))).toBe('segment');
    expect(verdictOf(decodeIpv6, packet(IPV6_EXTENSION_HEADERS_MAX))).toBe('segment');
    expect(verdictOf(decodeIpv6, packet(IPV6_EXTENSION_HEADERS_MAX + 1))).toBe(
      'ipv6_extension_malformed',
    );
  });
});

describe('decodeIpv6: fragments', () => {
  const fragment = (offset: number, more: boolean) =>
    packetWith(FRAGMENT, fragmentHeader(PROTOCOL_TCP, offset, more), TCP_SEGMENT);

  it('a first fragment and an atomic one hold the TCP header', () => {
    expect(decodeGuarded(decodeIpv6, fragment(0, true)).segment).toMatchObject({
      payloadOffset: 68,
    });
    expect(verdictOf(decodeIpv6, fragment(0, false))).toBe('segment');
  });

  it.each([1, 8, 0x1fff])('a fragment at offset %i holds none', (offset) => {
    expect(verdictOf(decodeIpv6, fragment(offset, true))).toBe('fragment');
    expect(verdictOf(decodeIpv6, fragment(offset, false))).toBe('fragment');
  });

  it('the second byte of a fragment header is reserved and no length', () => {
    expect(verdictOf(decodeIpv6, withByte(fragment(0, true), 41, 0xff))).toBe('segment');
  });

  it('the reserved bits beside the fragment offset do not count', () => {
    expect(verdictOf(decodeIpv6, withByte(fragment(0, false), 43, 0x06))).toBe('segment');
  });

  it('a later fragment is one whatever its header says to follow', () => {
    const packet = packetWith(FRAGMENT, fragmentHeader(AUTHENTICATION, 4, true), TCP_SEGMENT);
    expect(verdictOf(decodeIpv6, packet)).toBe('fragment');
  });
});
