import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { FRAME_BYTES_MAX } from '../limits.ts';
import {
  damagedCapture,
  type ReadPosition,
  readFailure,
  truncatedCapture,
} from './capture-errors.ts';
import { findRecord, hasPlainRecords, NO_RECORD } from './find-record.ts';
import type { Frame } from './frame.ts';
import { PART_READ_BYTES } from './limits.ts';
import {
  isPcapMagic,
  PCAP_HEADER_BYTES,
  type PcapHeader,
  PcapReader,
  type RecordWindow,
  readPcapHeader,
} from './pcap-reader.ts';

/** What is known of a capture that can be read from several places at once. */
export interface PcapFileHeader {
  path: string;
  header: PcapHeader;
  byteLength: number;
}

/** Bytes of a capture, and how to begin and end in them. */
export interface PcapPart {
  /** Where a record begins, or with `isGuess` anywhere. */
  startOffset: number;
  /** The first record that begins here or behind is the next part's; infinite: to the file's end. */
  endOffset: number;
  isGuess: boolean;
  /** Packets before it, for messages. */
  packetsBefore: number;
}

/** The header of a plain pcap file; undefined of anything else, which whoever reads it will tell about. */
export function readPcapFileHeader(path: string): PcapFileHeader | undefined {
  let fd: number;
  try {
    // A pipe that is opened here would lose the writer that it has begun with when it is closed again.
    if (!statSync(path).isFile()) {
      return undefined;
    }
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const stats = fstatSync(fd);
    const view = new DataView(new ArrayBuffer(PCAP_HEADER_BYTES));
    if (!stats.isFile() || readSync(fd, view, 0, PCAP_HEADER_BYTES, 0) < PCAP_HEADER_BYTES) {
      return undefined;
    }
    if (!isPcapMagic(view, 0)) {
      return undefined;
    }
    const header = readPcapHeader(view, 0);
    return header.isSupported && hasPlainRecords(header)
      ? { path, header, byteLength: stats.size }
      : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/**
 * A plain pcap file, read part by part. Reads wait for the disk: it is for threads that have nothing else to
 * do, and the kernel reads ahead.
 */
export class PcapFile implements RecordWindow {
  bytes: Uint8Array = new Uint8Array(PART_READ_BYTES);
  view: DataView = new DataView(this.bytes.buffer);
  position = 0;
  end = 0;

  readonly #file: PcapFileHeader;
  readonly #fd: number;
  #part: PcapPart = { startOffset: 0, endOffset: 0, isGuess: false, packetsBefore: 0 };
  #reader: PcapReader;
  /** Offset in the file of `bytes[0]`. */
  #bytesOffset = 0;
  /** Offset in `bytes` of the part's end. */
  #limit = 0;

  /** @throws the system's error when it cannot be opened */
  constructor(file: PcapFileHeader) {
    this.#file = file;
    this.#fd = openSync(file.path, 'r');
    this.#reader = new PcapReader(this, file.header);
  }

  /** Offset in the file of the next record. */
  get offset(): number {
    return this.#bytesOffset + this.position;
  }

  /** Packets of the part that were given. */
  get packets(): number {
    return this.#reader.packets;
  }

  /**
   * Goes to a part: afterwards `offset` is where its first record begins.
   *
   * @returns false when nothing in a part begun anywhere looks like its first record
   */
  begin(part: PcapPart): boolean {
    this.#part = part;
    this.#reader = new PcapReader(this, this.#file.header);
    this.#bytesOffset = part.startOffset;
    this.#limit = part.endOffset - part.startOffset;
    this.position = 0;
    this.end = 0;
    if (!part.isGuess) {
      return true;
    }
    this.#read();
    const record = findRecord(this, this.#file.header);
    this.position = record === NO_RECORD ? this.end : record;
    return record !== NO_RECORD;
  }

  /** Hot. As FrameSource: false when a new `fill` is needed. */
  next(frame: Frame): boolean {
    return this.position < this.#limit && this.#reader.next(frame);
  }

  /**
   * Reads on; false when the part has no more records.
   *
   * @throws HttplogError HTTPLOG_CAPTURE_TRUNCATED, _DAMAGED, _READ, after every whole packet was given
   */
  fill(): boolean {
    if (this.position >= this.#limit) {
      return false;
    }
    if (this.#reader.damage !== '') {
      throw damagedCapture(this.#readPosition(), this.#reader.damage);
    }
    this.#makeRoom(this.#reader.neededBytes);
    if (this.#read() > 0) {
      return true;
    }
    if (this.position < this.end) {
      throw truncatedCapture(this.#readPosition());
    }
    return false;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Moves what is left to the front, into a larger buffer where the next record needs one. */
  #makeRoom(neededBytes: number): void {
    const rest = this.bytes.subarray(this.position, this.end);
    if (neededBytes > this.bytes.byteLength) {
      this.bytes = new Uint8Array(FRAME_BYTES_MAX + PART_READ_BYTES);
      this.view = new DataView(this.bytes.buffer);
    }
    this.bytes.set(rest);
    this.#bytesOffset += this.position;
    this.#limit -= this.position;
    this.end = rest.byteLength;
    this.position = 0;
  }

  /** No further than the part goes, but for the rest of its last record. */
  #read(): number {
    const wantedEnd = Math.max(this.#limit, this.position + this.#reader.neededBytes);
    const byteLength = Math.min(this.bytes.byteLength, wantedEnd) - this.end;
    try {
      const offset = this.#bytesOffset + this.end;
      const count = readSync(this.#fd, this.bytes, this.end, byteLength, offset);
      this.end += count;
      return count;
    } catch (error) {
      throw readFailure(this.#readPosition(), error);
    }
  }

  #readPosition(): ReadPosition {
    return {
      path: this.#file.path,
      packets: this.#part.packetsBefore + this.#reader.packets,
      recordOffset: this.offset,
      compression: '',
    };
  }
}
