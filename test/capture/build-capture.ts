/** Captures built byte by byte. Numbers are written in the byte order of the capture. */

export const MAGIC_MICROSECONDS = 0xa1b2c3d4;
export const MAGIC_NANOSECONDS = 0xa1b23c4d;
export const MAGIC_MODIFIED = 0xa1b2cd34;

/** One number of a header: its bytes (1, 2, 4 or 8) and its value. */
export type Field = readonly [byteLength: 1 | 2 | 4 | 8, value: number | bigint];

export function packFields(littleEndian: boolean, fields: readonly Field[]): Buffer {
  const bytes = Buffer.alloc(fields.reduce((sum, [byteLength]) => sum + byteLength, 0));
  let offset = 0;
  for (const [byteLength, value] of fields) {
    for (let index = 0; index < byteLength; index += 1) {
      const shift = BigInt(8 * (littleEndian ? index : byteLength - 1 - index));
      bytes[offset + index] = Number((BigInt(value) >> shift) & 0xffn);
    }
    offset += byteLength;
  }
  return bytes;
}

export interface PcapPacket {
  sec?: number;
  /** In the file's unit, micro- or nanoseconds. */
  subsec?: number;
  data: Uint8Array;
  /** Length on the wire; that of `data` unless given. */
  wireLength?: number;
  /** Captured length that the header claims; that of `data` unless given. */
  capturedLength?: number;
}

export interface PcapOptions {
  littleEndian?: boolean;
  magic?: number;
  major?: number;
  minor?: number;
  snaplen?: number;
  /** The whole 32-bit word, FCS bits included. */
  linkType?: number;
}

export function pcapHeader(options: PcapOptions = {}): Buffer {
  return packFields(options.littleEndian ?? true, [
    [4, options.magic ?? MAGIC_MICROSECONDS],
    [2, options.major ?? 2],
    [2, options.minor ?? 4],
    [4, 0],
    [4, 0],
    [4, options.snaplen ?? 262144],
    [4, options.linkType ?? 1],
  ]);
}

export function pcapRecord(packet: PcapPacket, options: PcapOptions = {}): Buffer {
  const header = packFields(options.littleEndian ?? true, [
    [4, packet.sec ?? 0],
    [4, packet.subsec ?? 0],
    [4, packet.capturedLength ?? packet.data.byteLength],
    [4, packet.wireLength ?? packet.data.byteLength],
  ]);
  const more = options.magic === MAGIC_MODIFIED ? Buffer.alloc(8, 0x5a) : Buffer.alloc(0);
  return Buffer.concat([header, more, packet.data]);
}

export function buildPcap(packets: readonly PcapPacket[], options: PcapOptions = {}): Buffer {
  return Buffer.concat([pcapHeader(options), ...packets.map((p) => pcapRecord(p, options))]);
}

export const BLOCK_SECTION = 0x0a0d0d0a;
export const BLOCK_INTERFACE = 1;
export const BLOCK_PACKET = 2;
export const BLOCK_SIMPLE_PACKET = 3;
export const BLOCK_ENHANCED_PACKET = 6;

/** Builders of pcapng blocks in one byte order. */
export interface PcapngBuilder {
  block(type: number, body: Uint8Array, lengths?: BlockLengths): Buffer;
  section(major?: number, minor?: number): Buffer;
  interface(options?: PcapngInterfaceOptions): Buffer;
  enhancedPacket(packet: PcapngPacket): Buffer;
  /** The obsolete one. */
  packet(packet: PcapngPacket): Buffer;
  simplePacket(data: Uint8Array, wireLength?: number): Buffer;
}

/** What a block claims instead of its true length. */
export interface BlockLengths {
  head?: number;
  trailer?: number;
}

export interface PcapngOption {
  code: number;
  value: Uint8Array;
}

export interface PcapngInterfaceOptions {
  linkType?: number;
  snaplen?: number;
  options?: PcapngOption[];
}

export interface PcapngPacket {
  interfaceId?: number;
  /** 64-bit timestamp in the interface's unit. */
  ticks?: bigint;
  data: Uint8Array;
  wireLength?: number;
  capturedLength?: number;
}

export function pcapngBuilder(littleEndian = true): PcapngBuilder {
  const pack = (...fields: Field[]) => packFields(littleEndian, fields);
  const block = (type: number, body: Uint8Array, lengths: BlockLengths = {}) => {
    const padding = Buffer.alloc(-body.byteLength & 3);
    const blockBytes = 12 + body.byteLength + padding.byteLength;
    return Buffer.concat([
      pack([4, type], [4, lengths.head ?? blockBytes]),
      body,
      padding,
      pack([4, lengths.trailer ?? lengths.head ?? blockBytes]),
    ]);
  };
  const packetFields = ({ ticks = 0n, data, ...packet }: PcapngPacket) =>
    Buffer.concat([
      pack(
        [4, ticks >> 32n],
        [4, ticks & 0xffffffffn],
        [4, packet.capturedLength ?? data.byteLength],
        [4, packet.wireLength ?? data.byteLength],
      ),
      data,
    ]);
  return {
    block,
    section: (major = 1, minor = 0) =>
      block(BLOCK_SECTION, pack([4, 0x1a2b3c4d], [2, major], [2, minor], [8, -1n])),
    interface: ({ linkType = 1, snaplen = 0, options = [] } = {}) => {
      const packed = options.map(({ code, value }) =>
        Buffer.concat([
          pack([2, code], [2, value.byteLength]),
          value,
          Buffer.alloc(-value.byteLength & 3),
        ]),
      );
      const body = [pack([2, linkType], [2, 0], [4, snaplen]), ...packed];
      return block(BLOCK_INTERFACE, Buffer.concat([...body, pack([2, 0], [2, 0])]));
    },
    enhancedPacket: (packet) => {
      const body = [pack([4, packet.interfaceId ?? 0]), packetFields(packet)];
      return block(BLOCK_ENHANCED_PACKET, Buffer.concat(body));
    },
    packet: (packet) => {
      const body = [pack([2, packet.interfaceId ?? 0], [2, 0xffff]), packetFields(packet)];
      return block(BLOCK_PACKET, Buffer.concat(body));
    },
    simplePacket: (data, wireLength = data.byteLength) =>
      block(BLOCK_SIMPLE_PACKET, Buffer.concat([pack([4, wireLength]), data])),
  };
}

/** `if_tsresol`: 10^-exponent seconds, or 2^-exponent. */
export function resolutionOption(exponent: number, base: 2 | 10 = 10): PcapngOption {
  return { code: 9, value: Uint8Array.of(base === 2 ? exponent | 0x80 : exponent) };
}

/** `if_tsoffset`, seconds. */
export function offsetOption(seconds: bigint, littleEndian = true): PcapngOption {
  return { code: 14, value: packFields(littleEndian, [[8, seconds]]) };
}

/** `if_fcslen`. */
export function fcsOption(length: number): PcapngOption {
  return { code: 13, value: Uint8Array.of(length) };
}

/** Bytes that differ from place to place, so that a misplaced byte shows. */
export function patternBytes(byteLength: number, seed = 0): Buffer {
  const bytes = Buffer.alloc(byteLength);
  for (let index = 0; index < byteLength; index += 1) {
    bytes[index] = (index * 31 + (index >> 8) * 7 + seed * 101) & 0xff;
  }
  return bytes;
}

/** Packets of sizes that put record borders everywhere, over several chunks. */
export function manyPackets(byteLength: number): PcapPacket[] {
  const packets: PcapPacket[] = [];
  for (let total = 0; total < byteLength; total += packets[packets.length - 1].data.byteLength) {
    packets.push({ sec: packets.length, data: patternBytes((packets.length * 37) % 3001, total) });
  }
  return packets;
}
