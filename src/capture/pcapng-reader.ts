import { FRAME_BYTES_MAX } from '../limits.ts';
import type { ByteWindow } from './byte-window.ts';
import type { Frame } from './frame.ts';
import { PCAPNG_BLOCK_OVERHEAD_MAX, PCAPNG_INTERFACES_MAX } from './limits.ts';
import { bindFrame, type RecordReader, stripFcs } from './pcap-reader.ts';
import { type PcapngInterface, readInterface, setTimestamp } from './pcapng-interface.ts';

/** @see https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/ */
export const BLOCK_SECTION_HEADER = 0x0a0d0d0a;
const BLOCK_INTERFACE = 1;
/** Obsolete, still found in old files. */
const BLOCK_PACKET = 2;
const BLOCK_SIMPLE_PACKET = 3;
const BLOCK_ENHANCED_PACKET = 6;

/** Every block: type, total length, body, total length again. */
const BLOCK_LENGTH_AT = 4;
const BLOCK_BODY_AT = 8;
const BLOCK_BYTES_MIN = 12;
const BLOCK_BYTES_MAX = FRAME_BYTES_MAX + PCAPNG_BLOCK_OVERHEAD_MAX;
const TRAILER_BYTES = 4;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const BYTE_ORDER_MAGIC_AT = 8;
const VERSION_MAJOR_AT = 12;
const VERSION_MINOR_AT = 14;
const SECTION_BYTES_MIN = 28;

/** Enhanced and obsolete packet blocks differ in their first word only. */
const TIMESTAMP_HIGH_AT = 12;
const TIMESTAMP_LOW_AT = 16;
const CAPTURED_LENGTH_AT = 20;
const WIRE_LENGTH_AT = 24;
const PACKET_AT = 28;
const PACKET_BLOCK_BYTES_MIN = 32;

const SIMPLE_WIRE_LENGTH_AT = 8;
const SIMPLE_PACKET_AT = 12;
const SIMPLE_BLOCK_BYTES_MIN = 16;

/** Bytes of a pcapng file from which `isPcapngMagic` tells it. */
export const PCAPNG_MAGIC_BYTES = 12;

/** Whether twelve bytes begin a pcapng section. */
export function isPcapngMagic(view: DataView, offset: number): boolean {
  return (
    view.getUint32(offset, true) === BLOCK_SECTION_HEADER &&
    (view.getUint32(offset + BYTE_ORDER_MAGIC_AT, true) === BYTE_ORDER_MAGIC ||
      view.getUint32(offset + BYTE_ORDER_MAGIC_AT, false) === BYTE_ORDER_MAGIC)
  );
}

/** Blocks of a pcapng file, from its first section header on. */
export class PcapngReader implements RecordReader {
  neededBytes = PCAPNG_MAGIC_BYTES;
  damage = '';
  packets = 0;
  readonly #window: ByteWindow;
  #littleEndian = true;
  /** Of this section: a new section numbers its interfaces from 0 again. */
  #interfaces: PcapngInterface[] = [];

  constructor(window: ByteWindow) {
    this.#window = window;
  }

  /** Passes over the blocks that hold no packet; the window bounds their number. */
  next(frame: Frame): boolean {
    const window = this.#window;
    for (;;) {
      const block = window.position;
      const availableBytes = window.end - block;
      if (availableBytes < BLOCK_BYTES_MIN) {
        this.neededBytes = BLOCK_BYTES_MIN;
        return false;
      }
      const view = window.view;
      const type = view.getUint32(block, this.#littleEndian);
      if (type === BLOCK_SECTION_HEADER && !this.#setByteOrder(block)) {
        return false;
      }
      const blockBytes = view.getUint32(block + BLOCK_LENGTH_AT, this.#littleEndian);
      if (!this.#acceptsLength(blockBytes)) {
        return false;
      }
      // Some writers count without the padding, and Wireshark reads them.
      const paddedBytes = (blockBytes + 3) & ~3;
      if (availableBytes < paddedBytes) {
        this.neededBytes = paddedBytes;
        return false;
      }
      const trailer = block + paddedBytes - TRAILER_BYTES;
      if (view.getUint32(trailer, this.#littleEndian) !== blockBytes) {
        this.damage = `the two lengths of its block differ (${blockBytes} bytes at its beginning)`;
        return false;
      }
      if (type === BLOCK_ENHANCED_PACKET || type === BLOCK_PACKET) {
        return this.#readPacket(frame, block, trailer, type);
      }
      if (type === BLOCK_SIMPLE_PACKET) {
        return this.#readSimplePacket(frame, block, trailer);
      }
      if (!this.#readOther(type, block, trailer)) {
        return false;
      }
      window.position = trailer + TRAILER_BYTES;
    }
  }

  #acceptsLength(blockBytes: number): boolean {
    if (blockBytes < BLOCK_BYTES_MIN || blockBytes > BLOCK_BYTES_MAX) {
      this.damage =
        `its block has a length of ${blockBytes} bytes, ` +
        `not ${BLOCK_BYTES_MIN} to ${BLOCK_BYTES_MAX}`;
      return false;
    }
    return true;
  }

  #readPacket(frame: Frame, block: number, trailer: number, type: number): boolean {
    const { view, bytes } = this.#window;
    const littleEndian = this.#littleEndian;
    if (trailer + TRAILER_BYTES - block < PACKET_BLOCK_BYTES_MIN) {
      return this.#refuseShortBlock(trailer + TRAILER_BYTES - block);
    }
    const capturedLength = view.getUint32(block + CAPTURED_LENGTH_AT, littleEndian);
    if (capturedLength > trailer - block - PACKET_AT) {
      this.damage = `its packet of ${capturedLength} bytes is longer than its block`;
      return false;
    }
    const interfaceId =
      type === BLOCK_ENHANCED_PACKET
        ? view.getUint32(block + BLOCK_BODY_AT, littleEndian)
        : view.getUint16(block + BLOCK_BODY_AT, littleEndian);
    if (interfaceId >= this.#interfaces.length) {
      return this.#refuseInterface(interfaceId);
    }
    const device = this.#interfaces[interfaceId];
    if (frame.bytes !== bytes) {
      bindFrame(frame, bytes);
    }
    frame.offset = block + PACKET_AT;
    frame.end = block + PACKET_AT + capturedLength;
    frame.wireLength = view.getUint32(block + WIRE_LENGTH_AT, littleEndian);
    frame.linkType = device.linkType;
    setTimestamp(
      frame,
      device,
      view.getUint32(block + TIMESTAMP_HIGH_AT, littleEndian),
      view.getUint32(block + TIMESTAMP_LOW_AT, littleEndian),
    );
    if (device.fcsBytes !== 0) {
      stripFcs(frame, device.fcsBytes);
    }
    this.#window.position = trailer + TRAILER_BYTES;
    this.packets += 1;
    return true;
  }

  /** Always of interface 0, without a time; how much was captured follows from the snap length. */
  #readSimplePacket(frame: Frame, block: number, trailer: number): boolean {
    if (trailer + TRAILER_BYTES - block < SIMPLE_BLOCK_BYTES_MIN) {
      return this.#refuseShortBlock(trailer + TRAILER_BYTES - block);
    }
    if (this.#interfaces.length === 0) {
      return this.#refuseInterface(0);
    }
    const { view, bytes } = this.#window;
    const device = this.#interfaces[0];
    const wireLength = view.getUint32(block + SIMPLE_WIRE_LENGTH_AT, this.#littleEndian);
    const capturedLength = Math.min(wireLength, device.snaplen);
    if (capturedLength > trailer - block - SIMPLE_PACKET_AT) {
      this.damage = `its packet of ${capturedLength} bytes is longer than its block`;
      return false;
    }
    if (frame.bytes !== bytes) {
      bindFrame(frame, bytes);
    }
    frame.offset = block + SIMPLE_PACKET_AT;
    frame.end = block + SIMPLE_PACKET_AT + capturedLength;
    frame.wireLength = wireLength;
    frame.linkType = device.linkType;
    frame.timestampSec = 0;
    frame.timestampSubsecNs = 0;
    stripFcs(frame, device.fcsBytes);
    this.#window.position = trailer + TRAILER_BYTES;
    this.packets += 1;
    return true;
  }

  /** Blocks that change what packets mean; all others are passed over. */
  #readOther(type: number, block: number, trailer: number): boolean {
    if (type === BLOCK_SECTION_HEADER) {
      return this.#readSection(block, trailer);
    }
    if (type !== BLOCK_INTERFACE) {
      return true;
    }
    if (this.#interfaces.length === PCAPNG_INTERFACES_MAX) {
      this.damage = `its section has more than ${PCAPNG_INTERFACES_MAX} interfaces`;
      return false;
    }
    const device = readInterface(this.#window.view, block, trailer, this.#littleEndian);
    if (typeof device === 'string') {
      this.damage = device;
      return false;
    }
    this.#interfaces.push(device);
    return true;
  }

  /** The byte order must be known before the block's length can be read. */
  #setByteOrder(block: number): boolean {
    const view = this.#window.view;
    for (const littleEndian of [true, false]) {
      if (view.getUint32(block + BYTE_ORDER_MAGIC_AT, littleEndian) === BYTE_ORDER_MAGIC) {
        this.#littleEndian = littleEndian;
        return true;
      }
    }
    this.damage = 'its section header has no byte-order magic';
    return false;
  }

  #readSection(block: number, trailer: number): boolean {
    const view = this.#window.view;
    if (trailer + TRAILER_BYTES - block < SECTION_BYTES_MIN) {
      return this.#refuseShortBlock(trailer + TRAILER_BYTES - block);
    }
    const major = view.getUint16(block + VERSION_MAJOR_AT, this.#littleEndian);
    const minor = view.getUint16(block + VERSION_MINOR_AT, this.#littleEndian);
    // 1.2 is 1.0 under another number, as some writers put it and every reader takes it.
    if (major !== 1 || (minor !== 0 && minor !== 2)) {
      this.damage = `its section has the unsupported version ${major}.${minor}`;
      return false;
    }
    this.#interfaces = [];
    return true;
  }

  #refuseShortBlock(blockBytes: number): boolean {
    this.damage = `its block of ${blockBytes} bytes is shorter than its type needs`;
    return false;
  }

  #refuseInterface(interfaceId: number): boolean {
    this.damage = `its packet names interface ${interfaceId} of ${this.#interfaces.length}`;
    return false;
  }
}
