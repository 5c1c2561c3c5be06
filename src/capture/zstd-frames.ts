import type { ByteWindow } from './byte-window.ts';

const ZSTD_MAGIC = 0xfd2fb528;
/** Skippable frames have any of sixteen magic numbers from this one on. */
const SKIPPABLE_MAGIC = 0x184d2a50;
const SKIPPABLE_HEADER_BYTES = 8;
const MAGIC_BYTES = 4;
const BLOCK_HEADER_BYTES = 3;
const BLOCK_TYPE_RLE = 1;
const CHECKSUM_BYTES = 4;

/**
 * Cuts a zstd stream into pieces such that no piece reaches from one frame into the next, and leaves the
 * skippable frames out. Node's decompressor stops without a word at the end of a frame when more bytes
 * of the same piece follow, and what `pzstd` or `cat` join would be lost.
 *
 * A frame that is cut short is given as far as it goes: the decompressor says so then.
 *
 * @see RFC 8878 section 3.1
 */
export async function* zstdPieces(window: ByteWindow): AsyncGenerator<Uint8Array> {
  while (await window.has(1)) {
    const hasMagic = await window.has(MAGIC_BYTES);
    const magic = hasMagic ? window.view.getUint32(window.position, true) : 0;
    if (magic - (magic & 0xf) === SKIPPABLE_MAGIC && (await window.has(SKIPPABLE_HEADER_BYTES))) {
      const size = window.view.getUint32(window.position + MAGIC_BYTES, true);
      await skip(window, SKIPPABLE_HEADER_BYTES + size);
    } else if (magic === ZSTD_MAGIC) {
      yield* framePieces(window);
    } else {
      // No frame: the decompressor says so, and in its turn, behind what it was given before.
      yield window.take(window.end - window.position);
    }
  }
}

/** One frame: its header, each of its blocks, and its checksum. */
async function* framePieces(window: ByteWindow): AsyncGenerator<Uint8Array> {
  if (!(await window.has(MAGIC_BYTES + 1))) {
    yield window.take(MAGIC_BYTES);
    return;
  }
  const descriptor = window.bytes[window.position + MAGIC_BYTES];
  const hasChecksum = (descriptor & 0x04) !== 0;
  yield* pieces(window, MAGIC_BYTES + frameHeaderBytes(descriptor));
  let isLast = false;
  while (!isLast && (await window.has(BLOCK_HEADER_BYTES))) {
    const header =
      window.view.getUint16(window.position, true) | (window.bytes[window.position + 2] << 16);
    isLast = (header & 1) === 1;
    const contentBytes = ((header >> 1) & 3) === BLOCK_TYPE_RLE ? 1 : header >> 3;
    yield* pieces(window, BLOCK_HEADER_BYTES + contentBytes);
  }
  yield* pieces(window, isLast ? (hasChecksum ? CHECKSUM_BYTES : 0) : BLOCK_HEADER_BYTES);
}

/**
 * Bytes of the frame header, its descriptor included.
 *
 * @see RFC 8878 section 3.1.1.1
 */
function frameHeaderBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const contentSizeFlag = descriptor >> 6;
  const contentSizeBytes = contentSizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << contentSizeFlag;
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3];
  return 1 + (isSingleSegment ? 0 : 1) + dictionaryIdBytes + contentSizeBytes;
}

/** The next `byteLength` bytes, or as many as there are. */
async function* pieces(window: ByteWindow, byteLength: number): AsyncGenerator<Uint8Array> {
  while (byteLength > 0 && (await window.has(1))) {
    const piece = window.take(Math.min(byteLength, window.end - window.position));
    byteLength -= piece.byteLength;
    yield piece;
  }
}

async function skip(window: ByteWindow, byteLength: number): Promise<void> {
  while (byteLength > 0 && (await window.has(1))) {
    const count = Math.min(byteLength, window.end - window.position);
    window.position += count;
    byteLength -= count;
  }
}
