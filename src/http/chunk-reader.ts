import { BYTE_CR, BYTE_HTAB, BYTE_LF, BYTE_SPACE } from './grammar.ts';

/**
 * Reads the framing of a chunked body, of either direction, as far as there are bytes: they may come one at a
 * time. Data is not touched: the reader stops in front of it, and its owner says how much of it has passed.
 *
 *     5 ; a = b CR LF | hello     | CR LF 0 CR LF X : 1 CR LF CR LF
 *     read              CHUNK_DATA  read                           CHUNK_END
 *
 * @see RFC 9112 section 7.1
 */
export interface ChunkReader {
  /** CHUNK_*. */
  state: number;
  /** In CHUNK_DATA: bytes of it still to come. Before: what is known of the size, NO_SIZE without a digit. */
  size: number;
  /** Bytes of the size's line, or of the trailer section, so far. */
  lineBytes: number;
  /** CHUNK_FAULT_*, of all that was read. */
  faults: number;
  /** Faults after which nothing more is read, beside those that leave nothing to read by. */
  fatalFaults: number;
  /** A size that has reached it takes no further digit; up to 2^49 no size is inexact. */
  sizeMax: number;
  lineBytesMax: number;
}

/** In a chunk's size. */
export const CHUNK_SIZE = 0;
/** Behind the size, up to the line's end: white space and extensions. */
const CHUNK_EXTENSION = 1;
/** Behind a CR of that line. */
const CHUNK_EXTENSION_CR = 2;
/** At the beginning of a line of the trailer section. */
const CHUNK_TRAILER_START = 3;
/** Behind a trailer line's first byte. */
const CHUNK_TRAILER = 4;
/** Behind a CR in a trailer line. */
const CHUNK_TRAILER_CR = 5;
/** Behind the CR of what may be the trailer section's empty line. */
const CHUNK_TRAILER_END_CR = 6;
/** Where the line end behind a chunk's data has to stand. */
const CHUNK_DATA_END = 7;
/** Behind its CR. */
const CHUNK_DATA_END_CR = 8;
/** In a chunk's data. States below this one are framing. */
export const CHUNK_DATA = 9;
/** The body has ended. */
export const CHUNK_END = 10;
/** What is there is no framing, or not one that may be followed. */
export const CHUNK_LOST = 11;

/** No size read yet. */
export const NO_SIZE = -1;

/** Nothing to read by: a size without digits, or too many of them. */
export const CHUNK_FAULT_SIZE = 0x01;
/** Other bytes than a line end behind a chunk's data. */
export const CHUNK_FAULT_DATA_END = 0x02;
/** A line, or the trailer section, longer than `lineBytesMax`. */
export const CHUNK_FAULT_LONG = 0x04;
/** What readers differ in, some by a message: LF without CR before it. */
export const CHUNK_FAULT_BARE_LF = 0x08;
/** CR without LF behind it. */
export const CHUNK_FAULT_BARE_CR = 0x10;
/** White space behind the size and nothing else: old servers fill it up to a width. */
export const CHUNK_FAULT_PADDING = 0x20;
/** Behind the size stands neither an extension nor white space. */
export const CHUNK_FAULT_JUNK = 0x40;

/** All that the grammar does not have. */
export const CHUNK_FAULTS_STRICT = 0x7f;
/** Those that leave nothing to read by. */
export const CHUNK_FAULTS_LENIENT = CHUNK_FAULT_SIZE | CHUNK_FAULT_DATA_END | CHUNK_FAULT_LONG;

const BYTE_SEMICOLON = 0x3b;
const NO_DIGIT = -1;

/** Value of a hexadecimal digit by byte, or NO_DIGIT. */
const DIGITS = Int8Array.from({ length: 256 }, (_, byte) =>
  '0123456789abcdef'.indexOf(byte < 0x80 ? String.fromCharCode(byte).toLowerCase() : ' '),
);

export function createChunkReader(sizeMax: number, lineBytesMax: number): ChunkReader {
  return {
    state: CHUNK_SIZE,
    size: NO_SIZE,
    lineBytes: 0,
    faults: 0,
    fatalFaults: CHUNK_FAULTS_LENIENT,
    sizeMax,
    lineBytesMax,
  };
}

/** A body begins. */
export function beginChunks(reader: ChunkReader, fatalFaults: number): void {
  reader.state = CHUNK_SIZE;
  reader.size = NO_SIZE;
  reader.lineBytes = 0;
  reader.faults = 0;
  reader.fatalFaults = fatalFaults;
}

/** So many bytes of the chunk's data have passed, seen or not; **at most as many as are still to come**. */
export function passChunkData(reader: ChunkReader, byteLength: number): void {
  reader.size -= byteLength;
  if (reader.size === 0) {
    reader.state = CHUNK_DATA_END;
  }
}

/**
 * Reads framing up to data, the body's end, or the last byte.
 *
 * @returns one past the last byte that was read; `reader.state` says why it stopped
 */
export function readChunkFraming(
  reader: ChunkReader,
  bytes: Uint8Array,
  offset: number,
  end: number,
): number {
  while (offset < end && reader.state < CHUNK_DATA) {
    // Of a line that is too long the bytes up to the limit are read, however they come.
    const stop = Math.min(end, offset + reader.lineBytesMax - reader.lineBytes);
    if (stop <= offset) {
      noteFault(reader, CHUNK_FAULT_LONG);
      return offset;
    }
    if (reader.state === CHUNK_SIZE) {
      offset = readSize(reader, bytes, offset, stop);
    } else {
      reader.lineBytes++;
      readByte(reader, bytes[offset++]);
    }
  }
  return offset;
}

/** Reads digits and, where it stands right behind them, the line's end; gives where it stopped. */
function readSize(reader: ChunkReader, bytes: Uint8Array, offset: number, end: number): number {
  let { size } = reader;
  let at = offset;
  while (at < end && DIGITS[bytes[at]] !== NO_DIGIT && size < reader.sizeMax) {
    size = (size === NO_SIZE ? 0 : size * 16) + DIGITS[bytes[at++]];
  }
  reader.size = size;
  reader.lineBytes += at - offset;
  if (at === end) {
    return at;
  }
  if (size === NO_SIZE || DIGITS[bytes[at]] !== NO_DIGIT) {
    noteFault(reader, CHUNK_FAULT_SIZE);
    return at;
  }
  if (bytes[at] === BYTE_CR && at + 1 < end && bytes[at + 1] === BYTE_LF) {
    endSizeLine(reader);
    return at + 2;
  }
  endSize(reader, bytes[at]);
  return at;
}

function readByte(reader: ChunkReader, byte: number): void {
  switch (reader.state) {
    case CHUNK_EXTENSION:
    case CHUNK_EXTENSION_CR:
      readExtension(reader, byte);
      return;
    case CHUNK_DATA_END:
    case CHUNK_DATA_END_CR:
      readDataEnd(reader, byte);
      return;
    default:
      readTrailer(reader, byte);
  }
}

/** The first byte behind the size, which is read as the extension's. */
function endSize(reader: ChunkReader, byte: number): void {
  reader.state = CHUNK_EXTENSION;
  if (byte === BYTE_SPACE || byte === BYTE_HTAB) {
    noteFault(reader, CHUNK_FAULT_PADDING);
  } else if (byte !== BYTE_SEMICOLON && byte !== BYTE_CR && byte !== BYTE_LF) {
    noteFault(reader, CHUNK_FAULT_JUNK);
  }
}

function endSizeLine(reader: ChunkReader): void {
  reader.lineBytes = 0;
  if (reader.size === 0) {
    reader.state = CHUNK_TRAILER_START;
    reader.size = NO_SIZE;
  } else {
    reader.state = CHUNK_DATA;
  }
}

function readExtension(reader: ChunkReader, byte: number): void {
  const isBehindCr = reader.state === CHUNK_EXTENSION_CR;
  if (byte === BYTE_LF) {
    endSizeLine(reader);
    if (!isBehindCr) {
      noteFault(reader, CHUNK_FAULT_BARE_LF);
    }
    return;
  }
  reader.state = byte === BYTE_CR ? CHUNK_EXTENSION_CR : CHUNK_EXTENSION;
  if (isBehindCr) {
    noteFault(reader, CHUNK_FAULT_BARE_CR);
  }
}

function readDataEnd(reader: ChunkReader, byte: number): void {
  if (byte === BYTE_LF) {
    if (reader.state === CHUNK_DATA_END) {
      noteFault(reader, CHUNK_FAULT_BARE_LF);
    }
    if (reader.state !== CHUNK_LOST) {
      reader.state = CHUNK_SIZE;
      reader.size = NO_SIZE;
      reader.lineBytes = 0;
    }
  } else if (byte === BYTE_CR && reader.state === CHUNK_DATA_END) {
    reader.state = CHUNK_DATA_END_CR;
  } else {
    noteFault(reader, CHUNK_FAULT_DATA_END);
  }
}

function readTrailer(reader: ChunkReader, byte: number): void {
  const { state } = reader;
  if (byte === BYTE_LF) {
    const isAtStart = state === CHUNK_TRAILER_START || state === CHUNK_TRAILER_END_CR;
    reader.state = isAtStart ? CHUNK_END : CHUNK_TRAILER_START;
    if (state === CHUNK_TRAILER_START || state === CHUNK_TRAILER) {
      noteFault(reader, CHUNK_FAULT_BARE_LF);
    }
    return;
  }
  if (byte === BYTE_CR) {
    reader.state = state === CHUNK_TRAILER_START ? CHUNK_TRAILER_END_CR : CHUNK_TRAILER_CR;
  } else {
    reader.state = CHUNK_TRAILER;
  }
  if (state === CHUNK_TRAILER_CR || state === CHUNK_TRAILER_END_CR) {
    noteFault(reader, CHUNK_FAULT_BARE_CR);
  }
}

function noteFault(reader: ChunkReader, fault: number): void {
  reader.faults |= fault;
  if ((fault & (reader.fatalFaults | CHUNK_FAULTS_LENIENT)) !== 0) {
    reader.state = CHUNK_LOST;
  }
}
