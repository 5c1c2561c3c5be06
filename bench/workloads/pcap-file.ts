import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { createFrame } from '../../src/capture/frame.ts';
import { PcapFile, readPcapFileHeader } from '../../src/capture/pcap-file.ts';

/** @see pcap-savefile(5): microseconds, the byte order of this machine, as tcpdump writes it */
const MAGIC_MICROSECONDS = 0xa1b2c3d4;
export const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const CAPTURED_LENGTH_AT = 8;
const WIRE_LENGTH_AT = 12;
/** Bytes gathered before a write. */
const WRITE_BYTES = 4 * 1024 * 1024;

/** A whole capture in memory; frame n lies at `bytes[offsets[n]]` and has `lengths[n]` bytes. */
export interface FrameTable {
  bytes: Buffer;
  offsets: Uint32Array;
  lengths: Uint32Array;
}

/** Packets and their bytes, of a capture of any size. */
export function measureCapture(path: string): { packets: number; bytes: number } {
  const header = readPcapFileHeader(path);
  if (header === undefined) {
    throw new Error(`${path} is no capture that tcpdump has written here`);
  }
  const file = new PcapFile(header);
  const frame = createFrame();
  let bytes = 0;
  file.begin({
    startOffset: FILE_HEADER_BYTES,
    endOffset: Number.POSITIVE_INFINITY,
    isGuess: false,
    packetsBefore: 0,
  });
  while (file.fill()) {
    while (file.next(frame)) {
      bytes += frame.end - frame.offset;
    }
  }
  file.close();
  return { packets: file.packets, bytes };
}

export function readFrames(path: string): FrameTable {
  const bytes = readFileSync(path);
  if (bytes.length < FILE_HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC_MICROSECONDS) {
    throw new Error(`${path} is no capture that tcpdump has written here`);
  }
  return indexFrames(bytes);
}

/** **The bytes are a whole capture in this machine's byte order.** */
export function indexFrames(bytes: Buffer): FrameTable {
  const offsets: number[] = [];
  const lengths: number[] = [];
  let recordAt = FILE_HEADER_BYTES;
  while (recordAt + RECORD_HEADER_BYTES <= bytes.length) {
    const length = bytes.readUInt32LE(recordAt + CAPTURED_LENGTH_AT);
    offsets.push(recordAt + RECORD_HEADER_BYTES);
    lengths.push(length);
    recordAt += RECORD_HEADER_BYTES + length;
  }
  return { bytes, offsets: Uint32Array.from(offsets), lengths: Uint32Array.from(lengths) };
}

/**
 * Writes a capture with the headers and times of another, each frame as `change` gives it.
 *
 * @param change gets a copy that it may write to, and the number of the frame
 */
export function rewriteCapture(
  source: string,
  target: string,
  change: (frame: Buffer, index: number) => Buffer,
): void {
  const { bytes, offsets, lengths } = readFrames(source);
  const descriptor = openSync(target, 'w');
  let pending = [bytes.subarray(0, FILE_HEADER_BYTES)];
  let pendingBytes = 0;
  const flush = () => {
    writeSync(descriptor, Buffer.concat(pending));
    pending = [];
    pendingBytes = 0;
  };
  for (let index = 0; index < offsets.length; index++) {
    const frameAt = offsets[index];
    const header = Buffer.from(bytes.subarray(frameAt - RECORD_HEADER_BYTES, frameAt));
    const frame = change(Buffer.from(bytes.subarray(frameAt, frameAt + lengths[index])), index);
    header.writeUInt32LE(frame.length, CAPTURED_LENGTH_AT);
    header.writeUInt32LE(frame.length, WIRE_LENGTH_AT);
    pending.push(header, frame);
    pendingBytes += header.length + frame.length;
    if (pendingBytes >= WRITE_BYTES) {
      flush();
    }
  }
  flush();
  closeSync(descriptor);
}
