import { FRAME_BYTES_MAX } from '../limits.ts';
import type { Frame } from './frame.ts';

/** The part of a capture that is in memory: `[position, end)` of `bytes`, see `ByteWindow`. */
export interface RecordWindow {
  readonly bytes: Uint8Array;
  /** The same bytes, for loads of more than one byte. */
  readonly view: DataView;
  /** First byte not consumed; the reader moves it. */
  position: number;
  readonly end: number;
}

/** What a format's reader does for `openCapture`: it takes records out of a window, and never waits. */
export interface RecordReader {
  /** Hot. As FrameSource: false when the window does not hold the next record, or it is damaged. */
  next(frame: Frame): boolean;
  /** Bytes that must stand at the window's position before `next` can go on. */
  readonly neededBytes: number;
  /** What is wrong with the record at the window's position, or empty. */
  readonly damage: string;
  /** Packets given. */
  readonly packets: number;
}

/**
 * Sizes and offsets of the file header and of the record header.
 *
 * @see https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/
 */
export const PCAP_HEADER_BYTES = 24;
const VERSION_MAJOR_AT = 4;
const VERSION_MINOR_AT = 6;
const LINK_TYPE_AT = 20;

const RECORD_HEADER_BYTES = 16;
/** Kuznetzov's records go on with interface index, protocol and packet type. */
const MODIFIED_RECORD_HEADER_BYTES = 24;
export const SUBSEC_AT = 4;
export const CAPTURED_LENGTH_AT = 8;
export const WIRE_LENGTH_AT = 12;

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;
const MAGIC_MODIFIED = 0xa1b2cd34;

/** The link type word: 16 bits type, the F bit, and in the top 4 bits the FCS length in 16-bit units. */
const LINK_TYPE_MASK = 0xffff;
const FCS_LENGTH_IS_KNOWN = 0x04000000;

export const NS_PER_SEC = 1_000_000_000;
const NS_PER_US = 1000;

/** What the file header says. */
export interface PcapHeader {
  littleEndian: boolean;
  /** `2.4`, for messages. */
  version: string;
  isSupported: boolean;
  recordHeaderBytes: number;
  /** Nanoseconds in one unit of a record's second timestamp word. */
  subsecUnitNs: number;
  linkType: number;
  /** Bytes of frame check sequence at the end of each packet. */
  fcsBytes: number;
  /** Files before 2.3 hold the two lengths in the other order; those of 2.3, where that makes sense. */
  lengthOrder: typeof LENGTHS_NORMAL | typeof LENGTHS_SWAPPED | typeof LENGTHS_UNSURE;
}

export const LENGTHS_NORMAL = 0;
const LENGTHS_SWAPPED = 1;
const LENGTHS_UNSURE = 2;

/** Whether four bytes begin a pcap file. */
export function isPcapMagic(view: DataView, offset: number): boolean {
  return findMagic(view, offset, true) !== 0 || findMagic(view, offset, false) !== 0;
}

/** **The caller has checked PCAP_HEADER_BYTES and the magic number.** */
export function readPcapHeader(view: DataView, offset: number): PcapHeader {
  const littleEndian = findMagic(view, offset, true) !== 0;
  const magic = findMagic(view, offset, littleEndian);
  const major = view.getUint16(offset + VERSION_MAJOR_AT, littleEndian);
  const minor = view.getUint16(offset + VERSION_MINOR_AT, littleEndian);
  const linkType = view.getUint32(offset + LINK_TYPE_AT, littleEndian);
  return {
    littleEndian,
    version: `${major}.${minor}`,
    isSupported: major === 2,
    recordHeaderBytes:
      magic === MAGIC_MODIFIED ? MODIFIED_RECORD_HEADER_BYTES : RECORD_HEADER_BYTES,
    subsecUnitNs: magic === MAGIC_NANOSECONDS ? 1 : NS_PER_US,
    linkType: linkType & LINK_TYPE_MASK,
    fcsBytes: (linkType & FCS_LENGTH_IS_KNOWN) === 0 ? 0 : (linkType >>> 28) * 2,
    lengthOrder: minor < 3 ? LENGTHS_SWAPPED : minor === 3 ? LENGTHS_UNSURE : LENGTHS_NORMAL,
  };
}

function findMagic(view: DataView, offset: number, littleEndian: boolean): number {
  const magic = view.getUint32(offset, littleEndian);
  switch (magic) {
    case MAGIC_MICROSECONDS:
    case MAGIC_NANOSECONDS:
    case MAGIC_MODIFIED:
      return magic;
    default:
      return 0;
  }
}

/** Records of a pcap file; `window` stands behind the file header. */
export class PcapReader implements RecordReader {
  neededBytes: number;
  damage = '';
  packets = 0;
  readonly #window: RecordWindow;
  readonly #littleEndian: boolean;
  readonly #recordHeaderBytes: number;
  readonly #subsecUnitNs: number;
  readonly #linkType: number;
  readonly #fcsBytes: number;
  readonly #lengthOrder: number;

  constructor(window: RecordWindow, header: PcapHeader) {
    this.#window = window;
    this.#littleEndian = header.littleEndian;
    this.#recordHeaderBytes = header.recordHeaderBytes;
    this.#subsecUnitNs = header.subsecUnitNs;
    this.#linkType = header.linkType;
    this.#fcsBytes = header.fcsBytes;
    this.#lengthOrder = header.lengthOrder;
    this.neededBytes = header.recordHeaderBytes;
  }

  next(frame: Frame): boolean {
    const window = this.#window;
    const view = window.view;
    const record = window.position;
    const availableBytes = window.end - record;
    const headerBytes = this.#recordHeaderBytes;
    if (availableBytes < headerBytes) {
      this.neededBytes = headerBytes;
      return false;
    }
    const littleEndian = this.#littleEndian;
    let capturedLength = view.getUint32(record + CAPTURED_LENGTH_AT, littleEndian);
    let wireLength = view.getUint32(record + WIRE_LENGTH_AT, littleEndian);
    if (
      this.#lengthOrder === LENGTHS_SWAPPED ||
      (this.#lengthOrder === LENGTHS_UNSURE && capturedLength > wireLength)
    ) {
      const length = capturedLength;
      capturedLength = wireLength;
      wireLength = length;
    }
    if (capturedLength > FRAME_BYTES_MAX) {
      this.damage = `its record has a captured length of ${capturedLength} bytes`;
      return false;
    }
    if (availableBytes < headerBytes + capturedLength) {
      this.neededBytes = headerBytes + capturedLength;
      return false;
    }
    const seconds = view.getUint32(record, littleEndian);
    const subsecNs = view.getUint32(record + SUBSEC_AT, littleEndian) * this.#subsecUnitNs;
    if (frame.bytes !== window.bytes) {
      bindFrame(frame, window.bytes);
    }
    const offset = record + headerBytes;
    frame.offset = offset;
    frame.end = offset + capturedLength;
    frame.wireLength = wireLength;
    frame.timestampSec = seconds;
    frame.timestampSubsecNs = subsecNs;
    frame.linkType = this.#linkType;
    if (subsecNs >= NS_PER_SEC) {
      carrySeconds(frame);
    }
    if (this.#fcsBytes !== 0) {
      stripFcs(frame, this.#fcsBytes);
    }
    window.position = offset + capturedLength;
    this.packets += 1;
    return true;
  }
}

/** Points `frame` to another buffer; the fields that a file never sets are reset here, not a packet. */
export function bindFrame(frame: Frame, bytes: Uint8Array): void {
  frame.bytes = bytes;
  frame.etherType = 0;
  frame.vlanTagged = 0;
  frame.vlanTci = 0;
}

/** Takes the frame check sequence off, as much of it as was captured. */
export function stripFcs(frame: Frame, fcsBytes: number): void {
  if (frame.wireLength >= fcsBytes) {
    frame.wireLength -= fcsBytes;
    frame.end = Math.min(frame.end, frame.offset + frame.wireLength);
  }
}

/** Some writers let the fraction run over a second. */
function carrySeconds(frame: Frame): void {
  frame.timestampSec += Math.floor(frame.timestampSubsecNs / NS_PER_SEC);
  frame.timestampSubsecNs %= NS_PER_SEC;
}
