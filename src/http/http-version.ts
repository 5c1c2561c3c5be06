import { createWordView, viewWords, WORD_BYTES } from '../words.ts';
import { BYTE_SLASH, isDigit } from './grammar.ts';

const versionWords = createWordView();

/** `HTTP/D.D` */
export const HTTP_VERSION_BYTES = 8;
/** `HTTP/D`: what HTTP/2 and HTTP/3 call themselves, and who speaks of them in HTTP/1.x framing. */
export const SHORT_VERSION_BYTES = 6;
/** In network byte order. */
const WORD_HTTP = 0x48545450;
/** Of four letters, upper case or lower. */
const BITS_5 = 0x20202020;
const SLASH_AND_DOT = 0x2f002e00;
const SLASH_AND_DOT_MASK = 0xff00ff00 | 0;

/**
 * HTTP-version = "HTTP" "/" DIGIT "." DIGIT; **the caller has checked 8 bytes**.
 *
 * @see RFC 9112 section 2.3
 */
export function isHttpVersion(bytes: Uint8Array, offset: number): boolean {
  const view = viewWords(versionWords, bytes);
  return view.getInt32(offset) === WORD_HTTP && isNumber(view.getInt32(offset + WORD_BYTES));
}

/** The same in upper or lower case: a request with `http/1.1` is answered, by an error or not. */
export function isVersionInAnyCase(bytes: Uint8Array, offset: number): boolean {
  const view = viewWords(versionWords, bytes);
  return (
    (view.getInt32(offset) | BITS_5) === (WORD_HTTP | BITS_5) &&
    isNumber(view.getInt32(offset + WORD_BYTES))
  );
}

/** `HTTP/D`; **the caller has checked 6 bytes**. */
export function isShortVersion(bytes: Uint8Array, offset: number): boolean {
  return (
    viewWords(versionWords, bytes).getInt32(offset) === WORD_HTTP &&
    bytes[offset + WORD_BYTES] === BYTE_SLASH &&
    isDigit(bytes[offset + WORD_BYTES + 1])
  );
}

/** `/D.D` in network byte order. */
function isNumber(word: number): boolean {
  return (
    (word & SLASH_AND_DOT_MASK) === SLASH_AND_DOT &&
    isDigit((word >> 16) & 0xff) &&
    isDigit(word & 0xff)
  );
}
