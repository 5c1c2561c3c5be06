import { BYTE_0, BYTE_CAPITAL_H, BYTE_CR, BYTE_LF, isDigit, type MethodTable } from './grammar.ts';
import { PROXY_HEADER_CUT, proxyHeaderBytes } from './proxy-protocol.ts';

/**
 * What may stand before a message and belongs to none: empty lines, and the header of the PROXY protocol before a
 * connection's first request.
 *
 *     CR LF | PROXY TCP4 192.0.2.1 ... CR LF | GET / HTTP/1.1
 *
 * @see RFC 9112 section 2.2
 */

const BYTE_CAPITAL_P = 0x50;
/** The longest beginning of a message that is not known to be one: a registered method and its space. */
const MESSAGE_PREFIX_BYTES_MAX = 32;
const VERSION_PATTERN = new Uint8Array(Buffer.from('HTTP/0.0', 'latin1'));

/** Says of a segment's first byte whether a preamble may begin with it. */
export function mayBePreamble(firstByte: number): boolean {
  return isLineEnd(firstByte) || firstByte === BYTE_CAPITAL_P;
}

/** Says of bytes that are no message whether they are worth a look: nearly all bodies are not. */
export function mayBecomeMessage(
  bytes: Uint8Array,
  offset: number,
  end: number,
  { firstIndex }: MethodTable,
): boolean {
  const first = bytes[offset];
  return (
    mayBePreamble(first) ||
    (end - offset <= MESSAGE_PREFIX_BYTES_MAX &&
      (first === BYTE_CAPITAL_H || firstIndex[first] !== -1))
  );
}

export function isLineEnd(byte: number): boolean {
  return byte === BYTE_LF || byte === BYTE_CR;
}

/** Where the preambles that are whole end, and a message may begin; `offset` when there are none. */
export function skipPreambles(bytes: Uint8Array, offset: number, end: number): number {
  while (offset < end) {
    const first = bytes[offset];
    // A header of version 2 begins with two empty lines.
    const proxyBytes = proxyHeaderBytes(bytes, offset, end);
    if (proxyBytes === PROXY_HEADER_CUT && !isEmptyLineAlone(bytes, offset, end)) {
      return offset;
    }
    if (proxyBytes > 0) {
      offset += proxyBytes;
    } else if (first === BYTE_LF) {
      offset++;
    } else if (first === BYTE_CR && offset + 1 < end && bytes[offset + 1] === BYTE_LF) {
      offset += 2;
    } else {
      return offset;
    }
  }
  return offset;
}

/** Nothing but line ends, which may be the beginning of a signature of version 2 or not. */
function isEmptyLineAlone(bytes: Uint8Array, offset: number, end: number): boolean {
  return end - offset === 2 || (end - offset === 4 && bytes[offset + 2] === BYTE_CR);
}

/**
 * Says whether all of the bytes are the beginning of what may become a message, or a preamble, with those that follow:
 * of a method and its space, of an HTTP version, of a line end or of the PROXY protocol's header.
 *
 * **`offset < end`, and the bytes are no message and no whole preamble.**
 */
export function isMessagePrefix(
  bytes: Uint8Array,
  offset: number,
  end: number,
  methods: MethodTable,
): boolean {
  const length = end - offset;
  if (bytes[offset] === BYTE_CR && length === 1) {
    return true;
  }
  if (mayBePreamble(bytes[offset]) && proxyHeaderBytes(bytes, offset, end) === PROXY_HEADER_CUT) {
    return true;
  }
  return (
    length <= MESSAGE_PREFIX_BYTES_MAX &&
    (isVersionPrefix(bytes, offset, end) || isMethodPrefix(bytes, offset, end, methods))
  );
}

function isVersionPrefix(bytes: Uint8Array, offset: number, end: number): boolean {
  if (end - offset >= VERSION_PATTERN.length) {
    return false;
  }
  for (let index = 0; offset + index < end; index++) {
    const byte = bytes[offset + index];
    if (byte !== VERSION_PATTERN[index] && !(VERSION_PATTERN[index] === BYTE_0 && isDigit(byte))) {
      return false;
    }
  }
  return true;
}

function isMethodPrefix(
  bytes: Uint8Array,
  offset: number,
  end: number,
  { firstIndex, nextIndex, nameOffset, nameBytes }: MethodTable,
): boolean {
  for (let method = firstIndex[bytes[offset]]; method !== -1; method = nextIndex[method]) {
    const nameStart = nameOffset[method];
    let matched = 0;
    while (
      offset + matched < end &&
      nameStart + matched < nameOffset[method + 1] &&
      bytes[offset + matched] === nameBytes[nameStart + matched]
    ) {
      matched++;
    }
    if (offset + matched === end) {
      return true;
    }
  }
  return false;
}
