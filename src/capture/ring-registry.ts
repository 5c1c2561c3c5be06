import { addressOf } from '../system/libc.ts';

/**
 * Where a thread's packet ring lies, in memory that outlives the thread: when it dies, the next one takes the
 * ring over with the packets that wait in it. Without that its socket would stay behind, and in a fanout group
 * a socket that nobody reads swallows its share of the packets.
 */
export type RingRegistry = BigInt64Array<SharedArrayBuffer>;

/** A socket with its mapped ring. */
export interface MappedRing {
  descriptor: number;
  /** Of the mapping: what `mmap` gave, or its number. */
  address: unknown;
  byteLength: number;
  blockBytes: number;
  /** What the first byte of each frame belongs to. */
  linkType: number;
  /** Interface index whose outgoing copies are skipped, or 0. */
  loopbackIndex: number;
}

const DESCRIPTOR_AT = 0;
const ADDRESS_AT = 1;
/** Zero when no ring is open. */
const BYTE_LENGTH_AT = 2;
const BLOCK_BYTES_AT = 3;
const LINK_TYPE_AT = 4;
const LOOPBACK_INDEX_AT = 5;
const WORDS_COUNT = 6;

export function createRingRegistry(): RingRegistry {
  return new BigInt64Array(new SharedArrayBuffer(WORDS_COUNT * BigInt64Array.BYTES_PER_ELEMENT));
}

export function registerRing(registry: RingRegistry, ring: MappedRing): void {
  registry[DESCRIPTOR_AT] = BigInt(ring.descriptor);
  registry[ADDRESS_AT] = addressOf(ring.address);
  registry[BLOCK_BYTES_AT] = BigInt(ring.blockBytes);
  registry[LINK_TYPE_AT] = BigInt(ring.linkType);
  registry[LOOPBACK_INDEX_AT] = BigInt(ring.loopbackIndex);
  // Last: it says that there is a ring.
  registry[BYTE_LENGTH_AT] = BigInt(ring.byteLength);
}

export function unregisterRing(registry: RingRegistry): void {
  registry[BYTE_LENGTH_AT] = 0n;
}

/** The ring that a thread before this one has left, or undefined. */
export function findRing(registry: RingRegistry): MappedRing | undefined {
  const byteLength = Number(registry[BYTE_LENGTH_AT]);
  return byteLength === 0
    ? undefined
    : {
        descriptor: Number(registry[DESCRIPTOR_AT]),
        address: registry[ADDRESS_AT],
        byteLength,
        blockBytes: Number(registry[BLOCK_BYTES_AT]),
        linkType: Number(registry[LINK_TYPE_AT]),
        loopbackIndex: Number(registry[LOOPBACK_INDEX_AT]),
      };
}
