import { describe, expect, it } from 'vitest';
import {
  decodeEtherType,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  pushVlanId,
} from '../../src/decode/ether-type.ts';
import { createSegment } from '../../src/decode/segment.ts';
import { VLAN_TAGS_MAX } from '../../src/limits.ts';
import { joinBytes, vlanTag } from '../fixtures/build-packets.ts';
import {
  type Decoder,
  decodeGuarded,
  hexBytes,
  verdictOf,
  verdictsByCut,
} from './decode-guarded.ts';
import { IPV4_PACKET, IPV6_PACKET, ipv4Segment, ipv6Segment } from './hex-frames.ts';

const TPID_8021Q = 0x8100;

/** A decoder of what follows the EtherType; `tci` is the tag that the kernel took out of the frame. */
function decoderOf(etherType: number, tci?: number): Decoder {
  return (bytes, offset, end, segment) => {
    if (tci !== undefined) {
      pushVlanId(segment, tci);
    }
    return decodeEtherType(bytes, etherType, offset, end, segment);
  };
}

/** A packet behind `count` tags with ids 1, 2, 3 ... */
function tagged(count: number, innerType: number, packet: Uint8Array): Uint8Array {
  let bytes = packet;
  for (let id = count; id >= 1; id--) {
    bytes = vlanTag(id, id === count ? innerType : TPID_8021Q, bytes);
  }
  return bytes;
}

describe('decodeEtherType', () => {
  it('0x0800 is IPv4 and 0x86dd IPv6', () => {
    expect(decodeGuarded(decoderOf(ETHERTYPE_IPV4), IPV4_PACKET).segment).toEqual({
      ...ipv4Segment(0),
      vlanIds: [],
    });
    expect(decodeGuarded(decoderOf(ETHERTYPE_IPV6), IPV6_PACKET).segment).toEqual({
      ...ipv6Segment(0),
      vlanIds: [],
    });
  });

  it('the EtherType decides, not the version field', () => {
    expect(verdictOf(decoderOf(ETHERTYPE_IPV4), IPV6_PACKET)).toBe('ipv4_malformed');
    expect(verdictOf(decoderOf(ETHERTYPE_IPV6), IPV4_PACKET)).toBe('ipv6_malformed');
  });

  it.each([0x0000, 0x0026, 0x05dc, 0x0806, 0x8035, 0x8849, 0x8863, 0x88cc, 0x8101, 0xffff])(
    'what EtherType %i announces is not IP',
    (etherType) => {
      expect(verdictOf(decoderOf(etherType), IPV4_PACKET)).toBe('not_ip');
      expect(verdictOf(decoderOf(etherType), IPV4_PACKET, 0)).toBe('not_ip');
    },
  );
});

describe('decodeEtherType: VLAN tags', () => {
  it.each([
    ['802.1Q', 0x8100],
    ['802.1ad', 0x88a8],
    ['the older stacking type', 0x9100],
  ])('%s is a tag', (_name, tpid) => {
    const frame = hexBytes(`
      600a         # priority 3, id 10
      0800         # EtherType IPv4
      ${Buffer.from(IPV4_PACKET).toString('hex')}
    `);
    expect(decodeGuarded(decoderOf(tpid), frame).segment).toEqual({
      ...ipv4Segment(4),
      vlanIds: [10],
    });
  });

  it('priority and drop bits are not part of the id', () => {
    const ids = [0x0000, 0x0fff, 0xf000, 0xffff].map((tci) => {
      const frame = vlanTag(tci, ETHERTYPE_IPV6, IPV6_PACKET);
      return decodeGuarded(decoderOf(TPID_8021Q), frame).segment?.vlanIds;
    });
    expect(ids).toEqual([[0], [4095], [0], [4095]]);
  });

  it('cut within a tag a frame is truncated', () => {
    const frame = tagged(2, ETHERTYPE_IPV4, IPV4_PACKET);
    expect(verdictsByCut(decoderOf(TPID_8021Q), frame)).toEqual([
      '0-7 vlan_truncated',
      '8-27 ipv4_truncated',
      '28-48 tcp_truncated',
      '49-53 segment',
    ]);
  });

  it('tags are read to the limit, outermost first, and no further', () => {
    const decode = decoderOf(TPID_8021Q);
    for (let count = 1; count <= VLAN_TAGS_MAX; count++) {
      const { segment } = decodeGuarded(decode, tagged(count, ETHERTYPE_IPV4, IPV4_PACKET));
      expect(segment?.vlanIds).toEqual([1, 2, 3, 4].slice(0, count));
    }
    expect(verdictOf(decode, tagged(VLAN_TAGS_MAX + 1, ETHERTYPE_IPV4, IPV4_PACKET))).toBe(
      'vlan_too_deep',
    );
  });

  it('the tag out of band is the outermost and counts against the limit', () => {
    const decode = decoderOf(TPID_8021Q, 0x2064);
    const inner = VLAN_TAGS_MAX - 1;
    expect(
      decodeGuarded(decode, tagged(inner, ETHERTYPE_IPV4, IPV4_PACKET)).segment?.vlanIds,
    ).toEqual([100, 1, 2, 3]);
    expect(verdictOf(decode, tagged(VLAN_TAGS_MAX, ETHERTYPE_IPV4, IPV4_PACKET))).toBe(
      'vlan_too_deep',
    );
    expect(decodeGuarded(decoderOf(ETHERTYPE_IPV4, 7), IPV4_PACKET).segment?.vlanIds).toEqual([7]);
  });

  it('a tag in front of what is not IP does not make it IP', () => {
    expect(verdictOf(decoderOf(TPID_8021Q), vlanTag(1, 0x0806, IPV4_PACKET))).toBe('not_ip');
    expect(verdictOf(decoderOf(TPID_8021Q), vlanTag(1, 0x0806, new Uint8Array(0)))).toBe('not_ip');
  });
});

describe('pushVlanId', () => {
  it('keeps ids in the order in which they come', () => {
    const segment = createSegment();
    pushVlanId(segment, 0xe001);
    pushVlanId(segment, 2);
    expect(segment.vlanTagsCount).toBe(2);
    expect([...segment.vlanIds]).toEqual([1, 2, ...joinBytes([0, 0])]);
  });
});
