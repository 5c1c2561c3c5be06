import { STORE_BLOCK_BYTES, STORE_BLOCKS_MAX } from './limits.ts';

/**
 * Bytes kept for a while in chains of small blocks, and a staging area behind them where they stand in one
 * piece. Both in one array, so that copies between them are one instruction's loop and make no view.
 *
 * The memory is the operating system's until a block is first used, and the block freed last is used first:
 * what is resident follows the most that was ever kept at once.
 */
export interface ByteStore {
  readonly bytes: Uint8Array;
  /** By block: the next of its chain, or of the free ones; NO_BLOCK ends both. */
  readonly nextBlock: Int32Array;
  firstFree: number;
  freeCount: number;
  readonly stagingOffset: number;
}

export const NO_BLOCK = -1;

/** @param stagingBytes of the area behind the blocks */
export function createByteStore(
  stagingBytes: number,
  blocksMax: number = STORE_BLOCKS_MAX,
): ByteStore {
  const stagingOffset = blocksMax * STORE_BLOCK_BYTES;
  const nextBlock = new Int32Array(blocksMax);
  for (let block = 0; block < blocksMax; block++) {
    nextBlock[block] = block + 1;
  }
  nextBlock[blocksMax - 1] = NO_BLOCK;
  return {
    bytes: new Uint8Array(stagingOffset + stagingBytes),
    nextBlock,
    firstFree: 0,
    freeCount: blocksMax,
    stagingOffset,
  };
}

export function blocksOf(byteLength: number): number {
  return Math.ceil(byteLength / STORE_BLOCK_BYTES);
}

/**
 * Takes one block, which the caller fills; **one is free**.
 *
 * @returns the block; its bytes begin at `blockOffset`
 */
export function takeBlock(store: ByteStore): number {
  const block = store.firstFree;
  store.firstFree = store.nextBlock[block];
  store.freeCount--;
  store.nextBlock[block] = NO_BLOCK;
  return block;
}

export function blockOffset(block: number): number {
  return block * STORE_BLOCK_BYTES;
}

/**
 * Keeps bytes of the staging area; **the caller has checked that `blocksOf` them are free, one at least**.
 *
 * @returns the chain's first block
 */
export function keepBytes(store: ByteStore, offset: number, byteLength: number): number {
  const { bytes, nextBlock } = store;
  const first = store.firstFree;
  const blocksCount = blocksOf(byteLength);
  const end = offset + byteLength;
  let block = first;
  let last = first;
  for (; offset < end; offset += STORE_BLOCK_BYTES) {
    bytes.copyWithin(block * STORE_BLOCK_BYTES, offset, Math.min(offset + STORE_BLOCK_BYTES, end));
    last = block;
    block = nextBlock[block];
  }
  store.firstFree = block;
  store.freeCount -= blocksCount;
  nextBlock[last] = NO_BLOCK;
  return first;
}

/** Says whether the chain's bytes stand in one piece where they are. */
export function isOneBlock(store: ByteStore, first: number): boolean {
  return store.nextBlock[first] === NO_BLOCK;
}

/**
 * Copies a chain to where its bytes stand in one piece: up to a block's rest more than was kept.
 *
 * @returns one past the last byte written
 */
export function gatherBytes(store: ByteStore, first: number, at: number): number {
  const { bytes, nextBlock } = store;
  for (let block = first; block !== NO_BLOCK; block = nextBlock[block]) {
    const offset = block * STORE_BLOCK_BYTES;
    bytes.copyWithin(at, offset, offset + STORE_BLOCK_BYTES);
    at += STORE_BLOCK_BYTES;
  }
  return at;
}

/** Gives a chain's blocks back; NO_BLOCK is a chain of none. */
export function releaseBytes(store: ByteStore, first: number): void {
  const { nextBlock } = store;
  let block = first;
  while (block !== NO_BLOCK) {
    const next = nextBlock[block];
    nextBlock[block] = store.firstFree;
    store.firstFree = block;
    store.freeCount++;
    block = next;
  }
}
