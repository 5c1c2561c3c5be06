import { describe, expect, it } from 'vitest';
import { PACKET_OUTGOING, packDevice } from '../../src/capture/device.ts';
import { decodeLinuxSll, decodeLinuxSll2 } from '../../src/decode/linux-sll.ts';
import { createSegment } from '../../src/decode/segment.ts';
import { joinBytes } from '../fixtures/build-packets.ts';
import {
  type Decoder,
  decodeGuarded,
  hexBytes,
  verdictOf,
  verdictsByCut,
} from './decode-guarded.ts';
import { IPV4_PACKET, IPV6_PACKET, ipv4Segment, ipv6Segment } from './hex-frames.ts';

interface Version {
  name: string;
  decode: Decoder;
  headerBytes: number;
  /** Where the packet type stands, in its last byte. */
  typeAt: number;
  interfaceIndex: number;
  headerOf: (protocol: string) => Uint8Array;
}

const VERSIONS: Version[] = [
  {
    name: 'decodeLinuxSll',
    decode: decodeLinuxSll,
    headerBytes: 16,
    typeAt: 1,
    // The first version does not tell.
    interfaceIndex: 0,
    headerOf: (protocol) =>
      hexBytes(`
        0000             # packet type: to us
        0001             # ARPHRD_ETHER
        0006             # address length
        02005e0053020000 # link-layer address
        ${protocol}      # protocol
      `),
  },
  {
    name: 'decodeLinuxSll2',
    decode: decodeLinuxSll2,
    headerBytes: 20,
    typeAt: 10,
    interfaceIndex: 2,
    headerOf: (protocol) =>
      hexBytes(`
        ${protocol}      # protocol
        0000             # reserved
        00000002         # interface index
        0001             # ARPHRD_ETHER
        00               # packet type: to us
        06               # address length
        02005e0053020000 # link-layer address
      `),
  },
];

describe.each(VERSIONS)('$name', ({ decode, headerBytes, typeAt, interfaceIndex, headerOf }) => {
  it('finds the segment behind the header', () => {
    expect(decodeGuarded(decode, joinBytes(headerOf('0800'), IPV4_PACKET)).segment).toMatchObject(
      ipv4Segment(headerBytes),
    );
    expect(decodeGuarded(decode, joinBytes(headerOf('86dd'), IPV6_PACKET)).segment).toMatchObject(
      ipv6Segment(headerBytes),
    );
  });

  it('says which device it was, and whether the packet left there', () => {
    const segment = createSegment();
    const header = headerOf('0800');
    const bytes = joinBytes(header, IPV4_PACKET);
    decode(bytes, 0, bytes.length, segment);
    expect(segment.device).toBe(packDevice(interfaceIndex, 0));
    bytes[typeAt] = PACKET_OUTGOING;
    decode(bytes, 0, bytes.length, segment);
    expect(segment.device).toBe(packDevice(interfaceIndex, PACKET_OUTGOING));
    expect(segment.device).not.toBe(packDevice(interfaceIndex, 0));
  });

  it('cut within the header a frame is truncated', () => {
    const verdicts = verdictsByCut(decode, joinBytes(headerOf('0800'), IPV4_PACKET));
    expect(verdicts[0]).toBe(`0-${headerBytes - 1} link_truncated`);
    expect(verdicts[1]).toBe(`${headerBytes}-${headerBytes + 19} ipv4_truncated`);
  });

  it('reads VLAN tags behind the header', () => {
    const frame = joinBytes(headerOf('8100'), hexBytes('000a 0800'), IPV4_PACKET);
    expect(decodeGuarded(decode, frame).segment).toEqual({
      ...ipv4Segment(headerBytes + 4),
      vlanIds: [10],
    });
  });

  it('a protocol that is no EtherType of IP is not IP', () => {
    for (const protocol of ['0001', '0004', '0806', '000c']) {
      expect(verdictOf(decode, joinBytes(headerOf(protocol), IPV4_PACKET))).toBe('not_ip');
    }
  });
});
