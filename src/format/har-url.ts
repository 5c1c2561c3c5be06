import { isSameText } from '../bytes.ts';
import { FIELD_HOST } from '../http/grammar.ts';
import { fieldLength } from '../http/message.ts';
import type { Exchange } from '../record/exchange.ts';
import type { End } from '../record/record.ts';
import { writeDecimal } from './address.ts';
import { createJsonLabel, writeLabel } from './json-label.ts';
import { writeJsonText } from './json-text.ts';
import { labelBytes, writeEndAddress } from './record-values.ts';

/** The URL of an HTTP Archive's request, which is absolute. */

const IPV6_BYTES = 16;
const PORT_HTTP = 80;

const BYTE_QUOTE = 0x22;
const BYTE_SLASH = 0x2f;
const BYTE_COLON = 0x3a;
const BYTE_BRACKET_OPEN = 0x5b;
const BYTE_BRACKET_CLOSE = 0x5d;

const URL_HTTP = createJsonLabel(',"url":"http://');
const URL = createJsonLabel(',"url":"');
/** Of a server that nobody knows. @see RFC 6761 section 6.4 */
const NOWHERE = createJsonLabel('unknown.invalid');

const METHOD_CONNECT = labelBytes('CONNECT');

/** By byte: 1 where it may stand in a host name, an address, or a port. */
const HOST_BYTES = new Uint8Array(256);
for (const byte of labelBytes(
  '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_:[]',
)) {
  HOST_BYTES[byte] = 1;
}

/**
 * Writes the absolute URL. Without a request there is the server's; a Host field that is none does not count.
 *
 * @see RFC 9112 section 3.3
 */
export function writeUrl(target: Uint8Array, at: number, exchange: Exchange): number {
  const { bytes, request, targetOffset, targetEnd } = exchange;
  if (!exchange.hasRequest) {
    at = writeServer(target, writeLabel(target, at, URL_HTTP), bytes, exchange.server);
    target[at++] = BYTE_SLASH;
  } else if (isSameText(bytes, request.startLineOffset, exchange.methodEnd, METHOD_CONNECT)) {
    at = writeLabel(target, at, URL_HTTP);
    at = writeJsonText(target, at, bytes, targetOffset, targetEnd);
    target[at++] = BYTE_SLASH;
  } else if (exchange.pathOffset > targetOffset) {
    at = writeLabel(target, at, URL);
    at = writeJsonText(target, at, bytes, targetOffset, targetEnd);
  } else {
    at = writeAuthority(target, writeLabel(target, at, URL_HTTP), exchange);
    if (targetOffset === targetEnd || bytes[targetOffset] !== BYTE_SLASH) {
      target[at++] = BYTE_SLASH;
    }
    at = writeJsonText(target, at, bytes, targetOffset, targetEnd);
  }
  target[at++] = BYTE_QUOTE;
  return at;
}

function writeAuthority(target: Uint8Array, at: number, exchange: Exchange): number {
  const { bytes, request, server } = exchange;
  const offset = request.fieldOffsets[FIELD_HOST];
  const end = offset + fieldLength(request, FIELD_HOST);
  let hostAt = offset;
  while (hostAt < end && HOST_BYTES[bytes[hostAt]] === 1) {
    hostAt++;
  }
  return offset < end && hostAt === end
    ? writeJsonText(target, at, bytes, offset, end)
    : writeServer(target, at, bytes, server);
}

function writeServer(target: Uint8Array, at: number, bytes: Uint8Array, server: End): number {
  const { addressLength, port } = server;
  if (addressLength === 0) {
    return writeLabel(target, at, NOWHERE);
  }
  const isIpv6 = addressLength === IPV6_BYTES;
  if (isIpv6) {
    target[at++] = BYTE_BRACKET_OPEN;
  }
  at = writeEndAddress(target, at, bytes, server);
  if (isIpv6) {
    target[at++] = BYTE_BRACKET_CLOSE;
  }
  if (port === PORT_HTTP) {
    return at;
  }
  target[at++] = BYTE_COLON;
  return writeDecimal(target, at, port);
}
