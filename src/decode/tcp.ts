import { viewBytes } from '../big-endian.ts';
import { type Segment, TCP_FLAG_SYN } from './segment.ts';
import {
  VERDICT_NO_PAYLOAD,
  VERDICT_SEGMENT,
  VERDICT_TCP_MALFORMED,
  VERDICT_TCP_TRUNCATED,
} from './verdicts.ts';

const TCP_SOURCE_PORT_AT = 0;
const TCP_DESTINATION_PORT_AT = 2;
const TCP_SEQUENCE_NUMBER_AT = 4;
const TCP_ACKNOWLEDGMENT_NUMBER_AT = 8;
const TCP_DATA_OFFSET_AT = 12;
const TCP_HEADER_MIN_BYTES = 20;

/** IP protocol number of TCP. */
export const PROTOCOL_TCP = 6;

/**
 * Decodes a TCP header and finds the payload. Options are skipped, not read.
 *
 * @param offset first byte of the header
 * @param end one past the last captured byte of the IP packet
 * @param packetEnd one past the last byte of the IP packet, captured or not; `end` at least
 * @returns a verdict; VERDICT_SEGMENT and VERDICT_NO_PAYLOAD leave `segment` whole
 * @see RFC 9293 section 3.1
 */
export function decodeTcp(
  bytes: Uint8Array,
  offset: number,
  end: number,
  packetEnd: number,
  segment: Segment,
): number {
  if (end - offset < TCP_HEADER_MIN_BYTES) {
    return packetEnd - offset < TCP_HEADER_MIN_BYTES
      ? VERDICT_TCP_MALFORMED
      : VERDICT_TCP_TRUNCATED;
  }
  const view = viewBytes(bytes);
  // Data offset in the upper four bits, flags in the lower eight.
  const dataOffsetFlags = view.getUint16(offset + TCP_DATA_OFFSET_AT);
  const headerLength = (dataOffsetFlags >> 12) << 2;
  if (headerLength < TCP_HEADER_MIN_BYTES || headerLength > packetEnd - offset) {
    return VERDICT_TCP_MALFORMED;
  }
  const payloadOffset = offset + headerLength;
  if (payloadOffset > end || (payloadOffset === end && end < packetEnd)) {
    return VERDICT_TCP_TRUNCATED;
  }
  const flags = dataOffsetFlags & 0xff;
  const isSyn = (flags & TCP_FLAG_SYN) === 0 ? 0 : 1;
  segment.sourcePort = view.getUint16(offset + TCP_SOURCE_PORT_AT);
  segment.targetPort = view.getUint16(offset + TCP_DESTINATION_PORT_AT);
  segment.sequenceNumber = (view.getInt32(offset + TCP_SEQUENCE_NUMBER_AT) + isSyn) | 0;
  segment.acknowledgmentNumber = view.getInt32(offset + TCP_ACKNOWLEDGMENT_NUMBER_AT);
  segment.flags = flags;
  segment.payloadOffset = payloadOffset;
  segment.payloadEnd = end;
  segment.payloadBytes = packetEnd - payloadOffset;
  segment.isPayloadCut = end < packetEnd;
  return payloadOffset === end ? VERDICT_NO_PAYLOAD : VERDICT_SEGMENT;
}
