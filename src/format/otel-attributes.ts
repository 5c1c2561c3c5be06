import type { HttpMessage } from '../http/message.ts';
import type { End, WireFacts } from '../record/record.ts';
import { closeArray, createJsonLabel, type JsonLabel, writeLabel } from './json-label.ts';
import { DECIMALS_SEC, writeJsonDecimal, writeJsonNumber, writeJsonString } from './json-text.ts';
import { writeAddress } from './json-values.ts';

/**
 * Attributes of OTLP/JSON, each an element of an array with its comma before it. Integers are strings, because
 * the protocol's have 64 bits.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */

const VALUE_END = createJsonLabel('}}');
const INT_END = createJsonLabel('"}}');
const ONE_ELEMENT_END = createJsonLabel('}]}}}');
const INT_ELEMENT = createJsonLabel(',{"intValue":"');
const INT_ELEMENT_END = createJsonLabel('"}');
const ELEMENTS_END = createJsonLabel('}}}');

/** Bytes behind a header's value, the quotes of the value included. */
export const HEADER_END_BYTES = 7;

/** An attribute whose value is known beforehand. */
export function createFixedAttribute(name: string, value: string): JsonLabel {
  return createJsonLabel(
    `,{"key":${JSON.stringify(name)},"value":{"stringValue":${JSON.stringify(value)}}}`,
  );
}

export function createStringLabel(name: string): JsonLabel {
  return createJsonLabel(`,{"key":"${name}","value":{"stringValue":`);
}

export function createIntLabel(name: string): JsonLabel {
  return createJsonLabel(`,{"key":"${name}","value":{"intValue":"`);
}

export function createDoubleLabel(name: string): JsonLabel {
  return createJsonLabel(`,{"key":"${name}","value":{"doubleValue":`);
}

/** Of an array of integers. */
export function createIntsLabel(name: string): JsonLabel {
  return createJsonLabel(`,{"key":"${name}","value":{"arrayValue":{"values":`);
}

/** Of an array with one string, which is what the conventions want for headers. */
export function createHeaderLabel(name: string): JsonLabel {
  return createJsonLabel(`,{"key":"${name}","value":{"arrayValue":{"values":[{"stringValue":`);
}

export function writeStringAttribute(
  target: Uint8Array,
  at: number,
  label: JsonLabel,
  source: Uint8Array,
  offset: number,
  end: number,
): number {
  at = writeLabel(target, at, label);
  at = writeJsonString(target, at, source, offset, end);
  return writeLabel(target, at, VALUE_END);
}

/** Writes a field's value; nothing when it is absent. */
export function writeFieldAttribute(
  target: Uint8Array,
  at: number,
  label: JsonLabel,
  bytes: Uint8Array,
  message: HttpMessage,
  slot: number,
): number {
  const offset = message.fieldOffsets[slot];
  return offset === 0
    ? at
    : writeStringAttribute(target, at, label, bytes, offset, message.fieldEnds[slot]);
}

/** Writes a field's value as an array of one; nothing when it is absent. */
export function writeHeaderAttribute(
  target: Uint8Array,
  at: number,
  label: JsonLabel,
  bytes: Uint8Array,
  message: HttpMessage,
  slot: number,
): number {
  const offset = message.fieldOffsets[slot];
  if (offset === 0) {
    return at;
  }
  at = writeLabel(target, at, label);
  at = writeJsonString(target, at, bytes, offset, message.fieldEnds[slot]);
  return writeLabel(target, at, ONE_ELEMENT_END);
}

/** Writes a number that is not UNKNOWN. */
export function writeIntAttribute(
  target: Uint8Array,
  at: number,
  label: JsonLabel,
  value: number,
): number {
  if (value < 0) {
    return at;
  }
  at = writeJsonNumber(target, writeLabel(target, at, label), value);
  return writeLabel(target, at, INT_END);
}

/** Writes a duration of nanoseconds that is not UNKNOWN, in seconds. */
export function writeSecondsAttribute(
  target: Uint8Array,
  at: number,
  label: JsonLabel,
  durationNs: number,
): number {
  if (durationNs < 0) {
    return at;
  }
  at = writeJsonDecimal(target, writeLabel(target, at, label), durationNs, DECIMALS_SEC);
  return writeLabel(target, at, VALUE_END);
}

/** Nothing of an end without an address. */
export function writeAddressAttribute(
  target: Uint8Array,
  at: number,
  label: JsonLabel,
  bytes: Uint8Array,
  end: End,
): number {
  if (end.addressLength === 0) {
    return at;
  }
  at = writeAddress(target, writeLabel(target, at, label), bytes, end);
  return writeLabel(target, at, VALUE_END);
}

/** Writes the VLAN ids, outermost first; nothing when there are none. */
export function writeVlanAttribute(
  target: Uint8Array,
  at: number,
  label: JsonLabel,
  { vlanTagsCount, vlanIds }: WireFacts,
): number {
  if (vlanTagsCount === 0) {
    return at;
  }
  const elementsAt = writeLabel(target, at, label);
  at = elementsAt;
  for (let tag = 0; tag < vlanTagsCount; tag++) {
    at = writeLabel(target, at, INT_ELEMENT);
    at = writeJsonNumber(target, at, vlanIds[tag]);
    at = writeLabel(target, at, INT_ELEMENT_END);
  }
  at = closeArray(target, at, elementsAt);
  return writeLabel(target, at, ELEMENTS_END);
}
