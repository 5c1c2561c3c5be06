import { describe, expect, test } from 'vitest';
import { capturePackets, packetBetween, requestPacket } from '../fixtures/build-captures.ts';
import { bytesOf, ipv4, joinBytes, uint16 } from '../fixtures/build-packets.ts';
import { replay, writeTemporary } from './run-replay.ts';

/** The real command with the options that say what a message is. */

const TEXT = 'PROPFIND /a HTTP/1.1\r\nHost: h\r\nUser-Agent: u\r\n\r\n';
const CUT = 30;
const VXLAN_PORT = 14_790;

function split(text: string): Uint8Array {
  return capturePackets([
    requestPacket(0, text.slice(0, CUT), { sequence: 1 }),
    requestPacket(0, text.slice(CUT), { sequence: 1 + CUT }),
  ]);
}

/** Ethernet around the packet, in VXLAN, in UDP. @see RFC 7348 section 5 */
function vxlan(packet: Uint8Array): Uint8Array {
  const payload = joinBytes([8, 0, 0, 0, 0, 0, 5, 0], new Array(12).fill(2), [8, 0], packet);
  const udp = joinBytes(uint16(50_000), uint16(VXLAN_PORT), uint16(8 + payload.length), [0, 0]);
  const addresses = { source: '203.0.113.1', target: '203.0.113.2' };
  return ipv4({ ...addresses, protocol: 17 }, joinBytes(udp, payload));
}

async function messages(file: string, ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await replay([file], ...args);
  expect(code, stderr).toBe(0);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' ').slice(2).join(' '));
}

const ENDS = '192.0.2.2#40000 198.51.100.1#80';

describe('httplog replay', () => {
  test('--complete-heads puts a head of two segments together', async () => {
    const file = writeTemporary('split.pcap', split(TEXT.replace('PROPFIND', 'OPTIONS')));
    expect(await messages(file)).toEqual([`${ENDS} CQ OPTIONS /a HTTP/1.1 h -`]);
    const expected = [`${ENDS} CQ OPTIONS /a HTTP/1.1 h u`];
    expect(await messages(file, '--complete-heads')).toEqual(expected);
  });

  test('--methods all takes what the default refuses', async () => {
    const file = writeTemporary('methods.pcap', capturePackets([requestPacket(0, TEXT)]));
    expect(await messages(file)).toEqual([]);
    for (const methods of ['all', 'PROPFIND', 'GET,PROPFIND']) {
      const expected = [`${ENDS} CQ PROPFIND /a HTTP/1.1 h u`];
      expect(await messages(file, '--methods', methods)).toEqual(expected);
    }
  });

  test('--vxlan-port opens VXLAN on a port that is not the usual one', async () => {
    const source = { address: '192.0.2.2', port: 40_000 };
    const target = { address: '198.51.100.1', port: 80 };
    const inner = packetBetween(source, target, bytesOf('GET /v HTTP/1.1\r\n\r\n'));
    const file = writeTemporary('vxlan.pcap', capturePackets([vxlan(inner)]));
    expect(await messages(file)).toEqual([]);
    const expected = [`${ENDS} CQ GET /v HTTP/1.1 - -`];
    expect(await messages(file, '--vxlan-port', String(VXLAN_PORT))).toEqual(expected);
  });
});
