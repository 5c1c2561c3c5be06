const MILLISECONDS_PER_SECOND = 1000;
const NANOSECONDS_PER_MILLISECOND = 1_000_000;
/** 2^48 milliseconds: some 8,900 years. */
const MILLISECONDS_MAX = 2 ** 48 - 1;
const VERSION_7 = 0x70;
const VARIANT = 0x80;

/**
 * Writes a UUID of version 7: milliseconds of the epoch, the fraction of the millisecond in the 12 bits that
 * follow (method 3), then 62 bits mixed from two words. The same packets give the same id; a seeded word
 * makes it unforeseeable. **The ids of packets can be turned back into the flow**: where addresses are hidden,
 * redaction puts a keyed hash in its place.
 *
 * @param seedWord of the connection: the seeded hash of its flow, or a random word
 * @param counterWord tells what has the same time in one connection apart: a sequence number, or an ordinal

 * @see RFC 9562 sections 5.7 and 6.2
 */
export function writeUuid(
  target: Uint8Array,
  epochSec: number,
  subsecNs: number,
  seedWord: number,
  counterWord: number,
): void {
  const subsecMs = Math.floor(subsecNs / NANOSECONDS_PER_MILLISECOND);
  const epochMs = epochSec * MILLISECONDS_PER_SECOND + subsecMs;
  const milliseconds = Math.min(Math.max(epochMs, 0), MILLISECONDS_MAX);
  const fractionNs = subsecNs - subsecMs * NANOSECONDS_PER_MILLISECOND;
  const fraction = Math.floor((fractionNs * 4096) / NANOSECONDS_PER_MILLISECOND);
  writeUint32(target, 0, Math.floor(milliseconds / 0x10000));
  target[4] = (milliseconds / 0x100) & 0xff;
  target[5] = milliseconds & 0xff;
  target[6] = VERSION_7 | (fraction >> 8);
  target[7] = fraction & 0xff;
  const first = mix(seedWord ^ mix(counterWord ^ fractionNs));
  writeUint32(target, 8, first);
  writeUint32(target, 12, mix(first ^ counterWord ^ Math.imul(seedWord, 0x85ebca6b)));
  target[8] = VARIANT | (target[8] & 0x3f);
}

/** Every bit of the result depends on every bit of the word (the finalizer of MurmurHash3). */
function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = (value / 0x1000000) & 0xff;
  target[at + 1] = (value >> 16) & 0xff;
  target[at + 2] = (value >> 8) & 0xff;
  target[at + 3] = value & 0xff;
}
