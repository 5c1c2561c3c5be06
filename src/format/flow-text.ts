import type { Ends } from '../record/ends.ts';
import { createWordView, viewWords, WORD_BYTES } from '../words.ts';
import { writeEndpoint } from './address.ts';
import { FLOW_TEXTS_MAX } from './limits.ts';

/**
 * The text of both ends of a flow, kept of the IPv4 flows seen last: most lines are of a flow that had one
 * just before, and copying it costs less than writing it.
 */

const BYTE_SPACE = 0x20;

/** By flow, a cache line: both addresses, both ports, bytes of the text (0: free), the text. */
const SOURCE_AT = 0;
const TARGET_AT = 1;
const PORTS_AT = 2;
const LENGTH_AT = 3;
const TEXT_AT = 4;
const ROW_WORDS = 16;

const rows = new Int32Array(FLOW_TEXTS_MAX * ROW_WORDS);
/** The same memory: the host's words are little-endian, so a text stands in them as in the line. */
const rowBytes = new Uint8Array(rows.buffer);
const sourceWords = createWordView();
const targetWords = createWordView();

/**
 * Writes ` SOURCE#PORT TARGET#PORT`.
 *
 * @returns where the next bytes go, the first three of which may be written already; **the caller has made room for twice
 * ENDPOINT_BYTES_MAX and two spaces**
 */
export function writeFlow(target: Uint8Array, at: number, bytes: Uint8Array, ends: Ends): number {
  if (ends.addressLength !== 4) {
    return writeEndpoints(target, at, bytes, ends);
  }
  const words = viewWords(sourceWords, bytes);
  const sourceAddress = words.getInt32(ends.sourceAddressOffset);
  const targetAddress = words.getInt32(ends.targetAddressOffset);
  const ports = (ends.sourcePort << 16) | ends.targetPort;
  const row = hashFlow(sourceAddress, targetAddress, ports) * ROW_WORDS;
  if (
    rows[row + PORTS_AT] !== ports ||
    rows[row + SOURCE_AT] !== sourceAddress ||
    rows[row + TARGET_AT] !== targetAddress ||
    rows[row + LENGTH_AT] === 0
  ) {
    const textAt = (row + TEXT_AT) * WORD_BYTES;
    rows[row + SOURCE_AT] = sourceAddress;
    rows[row + TARGET_AT] = targetAddress;
    rows[row + PORTS_AT] = ports;
    rows[row + LENGTH_AT] = writeEndpoints(rowBytes, textAt, bytes, ends) - textAt;
  }
  const length = rows[row + LENGTH_AT];
  const view = viewWords(targetWords, target);
  for (let offset = 0; offset < length; offset += WORD_BYTES) {
    view.setInt32(at + offset, rows[row + TEXT_AT + (offset >> 2)], true);
  }
  return at + length;
}

function writeEndpoints(target: Uint8Array, at: number, bytes: Uint8Array, ends: Ends): number {
  const { addressLength, sourceAddressOffset, targetAddressOffset } = ends;
  target[at++] = BYTE_SPACE;
  at = writeEndpoint(target, at, bytes, sourceAddressOffset, addressLength, ends.sourcePort);
  target[at++] = BYTE_SPACE;
  return writeEndpoint(target, at, bytes, targetAddressOffset, addressLength, ends.targetPort);
}

/** A multiplier of Knuth's (golden ratio); its upper bits are the well mixed ones. */
function hashFlow(sourceAddress: number, targetAddress: number, ports: number): number {
  const mixed = ports ^ Math.imul(sourceAddress ^ (targetAddress >>> 3), 0x85ebca6b);
  return (Math.imul(mixed, 0x9e3779b1) >>> 16) & (FLOW_TEXTS_MAX - 1);
}
