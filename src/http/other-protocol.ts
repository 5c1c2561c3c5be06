/** What a payload that begins no HTTP/1.x message begins instead, as far as an operator is to be told. */
export const OTHER_NONE = 0;
export const OTHER_TLS = 1;
export const OTHER_HTTP2 = 2;
/** Names for reports, by protocol less one. */
export const OTHER_PROTOCOL_NAMES: readonly string[] = ['tls', 'http2'];

const TLS_HEADER_BYTES = 5;
/** ContentType: change_cipher_spec, alert, handshake, application_data. */
const TLS_CONTENT_FIRST = 0x14;
const TLS_CONTENT_LAST = 0x17;
const TLS_VERSION_MAJOR = 3;
/** SSL 3.0 to what TLS 1.3 writes in its place. */
const TLS_VERSION_MINOR_MAX = 4;
/** TLSCiphertext.length, 2^14 + 2048 in TLS 1.2. */
const TLS_RECORD_BYTES_MAX = 18_432;

const BYTE_P = 0x50;
/** `PRI * HTTP/2.0`, with which each client of HTTP/2 begins. */
const HTTP2_PREFACE = Uint8Array.from('PRI * HTTP/2.0\r\n', (character) => character.charCodeAt(0));

/**
 * Cost: two comparisons for a payload whose first byte is of neither. A body may look like a record of TLS, once in some
 * millions.
 *
 * @param end one past the last captured payload byte; **the caller has checked `offset < end`**
 * @see RFC 8446 section 5.1, RFC 9113 section 3.4
 */
export function classifyOther(bytes: Uint8Array, offset: number, end: number): number {
  const firstByte = bytes[offset];
  if (firstByte >= TLS_CONTENT_FIRST && firstByte <= TLS_CONTENT_LAST) {
    return isTlsRecord(bytes, offset, end) ? OTHER_TLS : OTHER_NONE;
  }
  return firstByte === BYTE_P && isHttp2Preface(bytes, offset, end) ? OTHER_HTTP2 : OTHER_NONE;
}

function isTlsRecord(bytes: Uint8Array, offset: number, end: number): boolean {
  const recordBytes = (bytes[offset + 3] << 8) | bytes[offset + 4];
  return (
    end - offset > TLS_HEADER_BYTES &&
    bytes[offset + 1] === TLS_VERSION_MAJOR &&
    bytes[offset + 2] <= TLS_VERSION_MINOR_MAX &&
    recordBytes > 0 &&
    recordBytes <= TLS_RECORD_BYTES_MAX
  );
}

function isHttp2Preface(bytes: Uint8Array, offset: number, end: number): boolean {
  const length = HTTP2_PREFACE.length;
  let matched = 0;
  while (
    matched < length &&
    offset + matched < end &&
    bytes[offset + matched] === HTTP2_PREFACE[matched]
  ) {
    matched++;
  }
  return matched === length;
}
