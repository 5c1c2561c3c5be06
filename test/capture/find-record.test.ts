import { describe, expect, it } from 'vitest';
import { findRecord, NO_RECORD, RECORD_CHAIN_BYTES } from '../../src/capture/find-record.ts';
import { USUAL_FRAME_BYTES_MAX } from '../../src/capture/limits.ts';
import { PCAP_HEADER_BYTES, readPcapHeader } from '../../src/capture/pcap-reader.ts';
import { createRandom } from '../decode/seeded-random.ts';
import { captureRequests, type PcapOptions, pcap } from '../fixtures/build-captures.ts';

const RECORD_HEADER_BYTES = 16;

function windowOf(bytes: Uint8Array, position: number, end = bytes.length) {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset), position, end };
}

/** Where the records of a capture begin. */
function recordsOf(capture: Uint8Array): number[] {
  const view = new DataView(capture.buffer, capture.byteOffset);
  const { littleEndian } = readPcapHeader(view, 0);
  const offsets: number[] = [];
  let offset = PCAP_HEADER_BYTES;
  while (offset < capture.length) {
    offsets.push(offset);
    offset += RECORD_HEADER_BYTES + view.getUint32(offset + 8, littleEndian);
  }
  return offsets;
}

function find(capture: Uint8Array, position: number, end?: number): number {
  const header = readPcapHeader(new DataView(capture.buffer, capture.byteOffset), 0);
  return findRecord(windowOf(capture, position, end), header);
}

describe('findRecord', () => {
  it.each<[string, PcapOptions]>([
    ['little-endian', {}],
    ['big-endian', { bigEndian: true }],
    ['with nanoseconds', { nanoseconds: true }],
  ])('from anywhere in a capture %s gives the next record', (_name, options) => {
    const random = createRandom(1);
    const packets = Array.from({ length: 600 }, () => ({
      bytes: Uint8Array.from({ length: 60 + random(1400) }, () => random(256)),
    }));
    const capture = pcap(packets, options);
    const records = recordsOf(capture);
    // Far from the end: a few records before it prove nothing.
    for (let position = PCAP_HEADER_BYTES; position < capture.length / 2; position += 61) {
      expect(find(capture, position)).toBe(records.find((record) => record >= position));
    }
  });

  it('takes no records within a packet for those of the capture', () => {
    const inner = captureRequests(Array.from({ length: 300 }, () => 'x'.repeat(800)));
    // The last one is cut; else their chain would go on with the capture's own.
    const innerBytes = inner.subarray(0, Math.min(inner.length - 1, USUAL_FRAME_BYTES_MAX));
    const capture = pcap(Array.from({ length: 5 }, () => ({ bytes: innerBytes })));
    const records = recordsOf(capture);
    expect(innerBytes.length).toBeGreaterThan(200_000);
    expect(find(capture, records[1] + 1000)).toBe(records[2]);
  });

  it('finds none in a packet that is longer than usual, nor in bytes of one kind', () => {
    const capture = pcap([{ bytes: new Uint8Array(RECORD_CHAIN_BYTES) }]);
    for (const byte of [0, 1, 0x55, 0xff]) {
      capture.fill(byte, PCAP_HEADER_BYTES + RECORD_HEADER_BYTES);
      expect(find(capture, PCAP_HEADER_BYTES + 100)).toBe(NO_RECORD);
    }
  });

  it('gives up on bytes made to look like records everywhere', () => {
    // Each byte begins a chain of shortest records, and none comes to the window's end.
    const record = [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0];
    const bytes = new Uint8Array(PCAP_HEADER_BYTES + 2 * RECORD_CHAIN_BYTES).fill(0xff);
    bytes.set(captureRequests([]));
    for (let at = PCAP_HEADER_BYTES; at < RECORD_CHAIN_BYTES / 2; at += record.length) {
      bytes.set(record, at);
    }
    expect(find(bytes, PCAP_HEADER_BYTES)).toBe(NO_RECORD);
  });
});
