import { describe, expect, it } from 'vitest';
import { decodeEthernet } from '../../src/decode/ethernet.ts';
import { decodePpp, decodePppoeSession, decodeSerialLine } from '../../src/decode/ppp.ts';
import {
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ethernet,
  joinBytes,
  taggedEthernet,
  uint16,
} from '../fixtures/build-packets.ts';
import {
  cutRuns,
  ETHERTYPE_MPLS,
  ETHERTYPE_PPPOE,
  INNER_IPV4,
  INNER_IPV6,
  IPV4_LAYERS,
  IPV6_LAYERS,
  mpls,
  OPENED_IPV4,
  OPENED_IPV6,
  open,
  pppoe,
  verdictsByCut,
} from './tunnel-frames.ts';

const HDLC = [0xff, 0x03];
const NOT_IP = { verdict: 'not_ip' };

describe('decodePpp', () => {
  const headers: [string, number[]][] = [
    ['with address and control', HDLC],
    ['without them', []],
  ];

  it.each(headers)('opens IPv4, IPv6 and MPLS %s, cut at any byte', (_name, head) => {
    const v4 = joinBytes(head, [0x00, 0x21], INNER_IPV4);
    const v6 = joinBytes(head, [0x00, 0x57], INNER_IPV6);
    expect(open(decodePpp, v4)).toEqual(OPENED_IPV4);
    expect(open(decodePpp, v6)).toEqual(OPENED_IPV6);
    expect(open(decodePpp, joinBytes(head, [0x02, 0x81], mpls([16], INNER_IPV6)))).toEqual(
      OPENED_IPV6,
    );
    const layer = [head.length + 2, 'link_truncated'] as const;
    expect(verdictsByCut(decodePpp, v4)).toEqual(cutRuns([layer, ...IPV4_LAYERS]));
    expect(verdictsByCut(decodePpp, v6)).toEqual(cutRuns([layer, ...IPV6_LAYERS]));
  });

  it.each(headers)('opens a protocol number of one byte %s', (_name, head) => {
    const v4 = joinBytes(head, [0x21], INNER_IPV4);
    expect(open(decodePpp, v4)).toEqual(OPENED_IPV4);
    expect(open(decodePpp, joinBytes(head, [0x57], INNER_IPV6))).toEqual(OPENED_IPV6);
    expect(verdictsByCut(decodePpp, v4)).toEqual(
      cutRuns([
        // One byte of what follows is asked for: a number of two bytes could be cut.
        [head.length + 2, 'link_truncated'],
        [19, 'ipv4_truncated'],
        ...IPV4_LAYERS.slice(1),
      ]),
    );
  });

  it('reads no control protocol, and no compressed or encrypted packets', () => {
    for (const protocol of [0xc021, 0x8021, 0x8057, 0xc223, 0x00fd, 0x002d, 0x0053]) {
      expect(open(decodePpp, joinBytes(HDLC, uint16(protocol), INNER_IPV4))).toEqual(NOT_IP);
    }
  });
});

describe('decodePppoeSession', () => {
  const session = joinBytes([0x00, 0x21], INNER_IPV4);

  it('opens IPv4 and IPv6, cut at any byte', () => {
    expect(open(decodePppoeSession, pppoe(session))).toEqual(OPENED_IPV4);
    const v6 = pppoe(joinBytes([0x00, 0x57], INNER_IPV6));
    expect(open(decodePppoeSession, v6)).toEqual(OPENED_IPV6);
    expect(verdictsByCut(decodePppoeSession, pppoe(session))).toEqual(
      cutRuns([[8, 'link_truncated'], ...IPV4_LAYERS]),
    );
  });

  it('ends where its length says', () => {
    const padded = joinBytes(pppoe(session), bytesBehind(40));
    expect(open(decodePppoeSession, padded)).toEqual(OPENED_IPV4);
    const short = { ...OPENED_IPV4, payload: 'GET', isPayloadCut: true };
    expect(open(decodePppoeSession, pppoe(session, session.length - 2))).toEqual(short);
    expect(open(decodePppoeSession, pppoe(session, 21))).toEqual({ verdict: 'ipv4_truncated' });
    for (const length of [0, 1]) {
      expect(open(decodePppoeSession, pppoe(session, length))).toEqual({
        verdict: 'link_truncated',
      });
    }
    expect(open(decodePppoeSession, pppoe(session, 65535))).toEqual(OPENED_IPV4);
  });

  it('reads neither another version nor another stage', () => {
    for (const [at, value] of [
      [0, 0x12],
      [0, 0x21],
      [1, 0x09],
      [1, 0xa7],
    ]) {
      const packet = pppoe(session);
      packet[at] = value;
      expect(open(decodePppoeSession, packet)).toEqual(NOT_IP);
    }
  });

  it('is found by its EtherType, behind VLAN tags too; the discovery stage is not IP', () => {
    expect(open(decodeEthernet, ethernet(ETHERTYPE_PPPOE, pppoe(session)))).toEqual(OPENED_IPV4);
    const tagged = taggedEthernet([{ tpid: 0x8100, id: 7 }], ETHERTYPE_PPPOE, pppoe(session));
    expect(open(decodeEthernet, tagged)).toEqual({ ...OPENED_IPV4, vlanIds: [7] });
    expect(open(decodeEthernet, ethernet(0x8863, pppoe(session)))).toEqual(NOT_IP);
  });

  function bytesBehind(count: number): Uint8Array {
    return new Uint8Array(count).fill(0x45);
  }
});

describe('decodeSerialLine', () => {
  it.each([0x0f, 0x8f])('opens Cisco HDLC with the address 0x%s, cut at any byte', (address) => {
    const frame = (etherType: number, packet: Uint8Array) =>
      joinBytes([address, 0x00], uint16(etherType), packet);
    const v4 = frame(ETHERTYPE_IPV4, INNER_IPV4);
    expect(open(decodeSerialLine, v4)).toEqual(OPENED_IPV4);
    expect(open(decodeSerialLine, frame(ETHERTYPE_IPV6, INNER_IPV6))).toEqual(OPENED_IPV6);
    expect(open(decodeSerialLine, frame(ETHERTYPE_MPLS, mpls([16], INNER_IPV4)))).toEqual(
      OPENED_IPV4,
    );
    expect(open(decodeSerialLine, frame(0x8035, INNER_IPV4))).toEqual(NOT_IP);
    expect(verdictsByCut(decodeSerialLine, v4)).toEqual(
      cutRuns([[4, 'link_truncated'], ...IPV4_LAYERS]),
    );
  });

  it('takes every other first byte for PPP', () => {
    const framed = joinBytes(HDLC, [0x00, 0x21], INNER_IPV4);
    expect(open(decodeSerialLine, framed)).toEqual(OPENED_IPV4);
    expect(open(decodeSerialLine, joinBytes([0x00, 0x57], INNER_IPV6))).toEqual(OPENED_IPV6);
    expect(verdictsByCut(decodeSerialLine, framed)).toEqual(
      cutRuns([[4, 'link_truncated'], ...IPV4_LAYERS]),
    );
  });
});
