import { closeSync, openSync, writeSync } from 'node:fs';
import {
  capturePackets,
  requestPacket,
  responsePacket,
} from '../../test/fixtures/build-captures.ts';
import { TCP_ACK } from '../../test/fixtures/build-packets.ts';
import { findHostBytes } from '../workloads/change-frames.ts';
import { FILE_HEADER_BYTES, indexFrames } from '../workloads/pcap-file.ts';

/** What can be had without a server and without rights, and is the same to the byte on every machine. */
export const BUILT_CAPTURES = { site: buildSite, flood: buildFlood } as const;

const SITE_CONNECTIONS = 64;
const FLOOD_CONNECTIONS = 512;
const BODY_SEGMENT = 'x'.repeat(1448);
const REQUEST = [
  'GET /catalogue/books?page=2&sort=price HTTP/1.1',
  'Host: www.example.com',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language: en-US,en;q=0.5',
  'Cookie: session=0123456789abcdef0123456789abcdef; theme=dark',
].join('\r\n');
const RESPONSE = [
  'HTTP/1.1 200 OK',
  'Server: nginx',
  'Content-Type: text/html; charset=utf-8',
  `Content-Length: ${2 * BODY_SEGMENT.length}`,
].join('\r\n');

/** Writes so many copies of the frames of a capture, each between another pair of hosts. */
export function writeCopies(path: string, capture: Uint8Array, copies: number): void {
  const bytes = Buffer.from(capture);
  const { offsets } = indexFrames(bytes);
  const hosts = Array.from(offsets, (offset) => findHostBytes(bytes, offset) ?? []).flat();
  const descriptor = openSync(path, 'w');
  writeSync(descriptor, bytes, 0, FILE_HEADER_BYTES);
  for (let copy = 0; copy < copies; copy++) {
    for (const at of hosts) {
      bytes.writeUInt16BE(copy, at);
    }
    writeSync(descriptor, bytes, FILE_HEADER_BYTES);
  }
  closeSync(descriptor);
}

/** A request, a response of three segments, and acknowledgements, on each of the connections. */
function buildSite(): Uint8Array {
  const packets = Array.from({ length: SITE_CONNECTIONS }, (_, index) => [
    requestPacket(index, `${REQUEST}\r\n\r\n`),
    responsePacket(index, '', { flags: TCP_ACK }),
    responsePacket(index, `${RESPONSE}\r\n\r\n`),
    responsePacket(index, BODY_SEGMENT, { sequence: 1000 }),
    responsePacket(index, BODY_SEGMENT, { sequence: 2448 }),
    requestPacket(index, '', { flags: TCP_ACK }),
  ]);
  return capturePackets(packets.flat());
}

/** Six bytes that are no HTTP, there and back. */
function buildFlood(): Uint8Array {
  const packets = Array.from({ length: FLOOD_CONNECTIONS }, (_, index) => [
    requestPacket(index, '\x00\x01\x7f\x80\xfe\xff'),
    responsePacket(index, '\x00\x01\x7f\x80\xfe\xff'),
  ]);
  return capturePackets(packets.flat());
}
