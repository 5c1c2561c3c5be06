/**
 * Chance that can be had again: the same seed gives the same numbers.
 *
 * Small and fast; nothing here needs to be hard to guess.
 */
export interface Random {
  /** A whole number in `[0, below)`. */
  below(below: number): number;
  pick<T>(list: readonly T[]): T;
}

/** mulberry32 by Tommy Ettinger (public domain). */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number) => next() % limit;
  return { below, pick: (list) => list[below(list.length)] };
}

/** Values that sit at the borders of fields of one byte, and of each byte of longer ones. */
export const BORDER_BYTES: readonly number[] = [0, 1, 0x7f, 0x80, 0xff];

/** What parsers look for: put into an input, each leads somewhere. */
const TOKENS = [
  'GET / HTTP/1.1\r\n',
  'HTTP/1.1 200 OK\r\n',
  'Host: h\r\n',
  'Content-Length: 4294967296\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  '\r\n\r\n',
  '\n\n',
  ': ',
  '\\',
  '\u00c2\u009b',
].map((text) => Buffer.from(text, 'latin1'));
const TYPES = [
  [0x08, 0x00],
  [0x86, 0xdd],
  [0x81, 0x00],
  [0x88, 0xa8],
  [0x88, 0x47],
  [0x88, 0x64],
  [0x65, 0x58],
  [0x88, 0xbe],
  [0x22, 0xeb],
  [0x12, 0xb5],
  [0x17, 0xc1],
  [0x08, 0x68],
].map((bytes) => Buffer.from(bytes));
const PROTOCOLS = [0, 4, 6, 17, 41, 43, 44, 47, 51, 60, 135];

const CHANGES_MAX = 6;
export const MUTANT_BYTES_MAX = 4096;

/** An input like `bytes` with a few changes, some small and some that lead a parser elsewhere. */
export function mutate(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let mutant = new Uint8Array(bytes.subarray(0, MUTANT_BYTES_MAX));
  for (let changes = 1 + random.below(CHANGES_MAX); changes > 0; changes--) {
    mutant = changeOnce(mutant, other, random);
  }
  return mutant.subarray(0, MUTANT_BYTES_MAX);
}

function changeOnce(
  bytes: Uint8Array<ArrayBuffer>,
  other: Uint8Array,
  random: Random,
): Uint8Array<ArrayBuffer> {
  const at = random.below(bytes.length + 1);
  // Headers stand in front, and there are more bytes behind them: they get half of the changes.
  const near = random.below(2) === 0 ? Math.min(at, random.below(100)) : at;
  switch (random.below(9)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      bytes[near] = random.below(256);
      return bytes;
    case 2:
      bytes[near] = random.pick(BORDER_BYTES);
      return bytes;
    case 3:
      bytes[near] ^= 1 << random.below(8);
      return bytes;
    case 4:
      bytes[near] = random.pick(PROTOCOLS);
      return bytes;
    case 5:
      return splice(bytes, near, near, random.pick(TYPES), random.below(2));
    case 6:
      return splice(bytes, at, at, random.pick(TOKENS), random.below(2));
    case 7: {
      const from = random.below(other.length + 1);
      const part = other.subarray(from, from + random.below(200));
      return splice(bytes, near, near, part, random.below(2));
    }
    default: {
      const end = Math.min(bytes.length, near + 1 + random.below(60));
      return random.below(2) === 0
        ? splice(bytes, near, end, bytes.subarray(0, 0), 0)
        : splice(bytes, near, near, bytes.slice(near, end), 0);
    }
  }
}

/** Puts `part` in place of `[from, to)`, or over as many bytes as it has. */
function splice(
  bytes: Uint8Array,
  from: number,
  to: number,
  part: Uint8Array,
  isOver: number,
): Uint8Array<ArrayBuffer> {
  const rest = isOver === 1 ? from + part.length : to;
  return new Uint8Array(Buffer.concat([bytes.subarray(0, from), part, bytes.subarray(rest)]));
}
