import { describe, expect, it } from 'vitest';
import { decodeNullLoop, decodeRawIp } from '../../src/decode/raw-ip.ts';
import { joinBytes } from '../fixtures/build-packets.ts';
import { decodeGuarded, hexBytes, verdictOf, verdictsByCut, withByte } from './decode-guarded.ts';
import { IPV4_PACKET, IPV6_PACKET, ipv4Segment, ipv6Segment } from './hex-frames.ts';

describe('decodeRawIp', () => {
  it('the version field says which IP it is', () => {
    expect(decodeGuarded(decodeRawIp, IPV4_PACKET).segment).toMatchObject(ipv4Segment(0));
    expect(decodeGuarded(decodeRawIp, IPV6_PACKET).segment).toMatchObject(ipv6Segment(0));
  });

  it.each([0x00, 0x15, 0x55, 0x75, 0xff])('a first byte of %i is neither', (byte) => {
    expect(verdictOf(decodeRawIp, withByte(IPV4_PACKET, 0, byte))).toBe('not_ip');
  });

  it('cut at any byte a packet is truncated', () => {
    expect(verdictsByCut(decodeRawIp, IPV4_PACKET)).toEqual([
      '0-0 link_truncated',
      '1-19 ipv4_truncated',
      '20-40 tcp_truncated',
      '41-45 segment',
    ]);
    expect(verdictsByCut(decodeRawIp, IPV6_PACKET)).toEqual([
      '0-0 link_truncated',
      '1-39 ipv6_truncated',
      '40-60 tcp_truncated',
      '61-65 segment',
    ]);
  });
});

describe('decodeNullLoop', () => {
  it.each([
    ['AF_INET, little-endian', '02000000'],
    ['AF_INET, big-endian', '00000002'],
  ])('reads IPv4 behind %s', (_name, family) => {
    const frame = joinBytes(hexBytes(family), IPV4_PACKET);
    expect(decodeGuarded(decodeNullLoop, frame).segment).toMatchObject(ipv4Segment(4));
  });

  it.each([
    ['Linux', 10],
    ['NetBSD and OpenBSD', 24],
    ['FreeBSD', 28],
    ['macOS', 30],
  ])('reads IPv6 behind the AF_INET6 of %s in either byte order', (_name, family) => {
    for (const header of [
      [family, 0, 0, 0],
      [0, 0, 0, family],
    ]) {
      const frame = joinBytes(header, IPV6_PACKET);
      expect(decodeGuarded(decodeNullLoop, frame).segment).toMatchObject(ipv6Segment(4));
    }
  });

  it.each([
    ['no family', '00000000'],
    ['OSI', '07000000'],
    ['AppleTalk', '00000010'],
    ['a family above 255', '02010000'],
    ['a family above 65535', '00020002'],
    ['no family at all', 'ffffffff'],
  ])('%s is not IP', (_name, family) => {
    expect(verdictOf(decodeNullLoop, joinBytes(hexBytes(family), IPV4_PACKET))).toBe('not_ip');
  });

  it('an Internet family in front of another version is not IP', () => {
    expect(verdictOf(decodeNullLoop, hexBytes('02000000 15000000'))).toBe('not_ip');
  });

  it('cut at any byte a frame is truncated', () => {
    expect(verdictsByCut(decodeNullLoop, joinBytes(hexBytes('02000000'), IPV4_PACKET))).toEqual([
      '0-4 link_truncated',
      '5-23 ipv4_truncated',
      '24-44 tcp_truncated',
      '45-49 segment',
    ]);
  });
});
