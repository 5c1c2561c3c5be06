import { hashWithKey } from '../keyed-hash.ts';

/** Where the bits begin that a UUIDv7 has besides its time, and the two that say what it is. */
const RANDOM_AT = 8;
const VARIANT = 0x80;

/**
 * Makes the function that changes an id in place: its time stays, the rest becomes a keyed hash of what it
 * was. Who knows how ids are made from addresses could try them all otherwise.
 *
 * @see RFC 9562 section 5.7
 */
export function createIdChange(key: Uint8Array): (id: Uint8Array) => void {
  const hash = new Int32Array(2);
  return (id) => {
    hashWithKey(key, id, 0, id.length, hash);
    for (let index = 0; index < 4; index++) {
      id[RANDOM_AT + index] = hash[0] >>> (24 - 8 * index);
      id[RANDOM_AT + 4 + index] = hash[1] >>> (24 - 8 * index);
    }
    id[RANDOM_AT] = VARIANT | (id[RANDOM_AT] & 0x3f);
  };
}
