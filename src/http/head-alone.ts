import { readInt32BE } from '../big-endian.ts';
import type { HttpMessage } from './message.ts';

const WORD_HEAD = 0x48454144;
/** The beginning of CONNECT. */
const WORD_CONN = 0x434f4e4e;

/**
 * Says whether a request's answer ends with its head, whatever that says: HEAD's does, and CONNECT's if it succeeds.
 *
 * @param message a request: its start line has four bytes at least, a method and a blank
 * @see RFC 9112 section 6.3
 */
export function isAnsweredByHeadAlone(bytes: Uint8Array, message: HttpMessage): boolean {
  const word = readInt32BE(bytes, message.startLineOffset);
  return word === WORD_HEAD || word === WORD_CONN;
}
