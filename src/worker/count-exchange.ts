import { METHODS_DEFAULT } from '../decode/http-grammar.ts';
import type { Exchange } from '../exchange/exchange.ts';
import {
  COUNTER_FIRST_BYTE_FIRST,
  COUNTER_FIRST_BYTE_SEC,
  COUNTER_METHOD_FIRST,
  COUNTER_STATUS_CLASS_FIRST,
  type Counters,
  FIRST_BYTE_BOUNDS_SEC,
  STATUS_CLASSES_COUNT,
} from './counters.ts';

const METHOD_BYTES: readonly Uint8Array[] = METHODS_DEFAULT.map((method) =>
  new TextEncoder().encode(method),
);
const FIRST_BYTE_BOUNDS_NS = Float64Array.from(FIRST_BYTE_BOUNDS_SEC, (bound) => bound * 1e9);
const NS_PER_SEC = 1e9;

/**
 * Counts an exchange by method, class of status and time to the first byte, as far as they were seen.
 * Exchanges that a filter refuses count too: these figures are about the traffic, not about the lines.
 */
export function countExchange(counters: Counters, exchange: Exchange): void {
  if (exchange.hasRequest) {
    counters[COUNTER_METHOD_FIRST + findMethod(exchange)]++;
  }
  const statusClass = Math.floor(exchange.statusCode / 100) - 1;
  if (exchange.hasResponse && statusClass >= 0 && statusClass < STATUS_CLASSES_COUNT) {
    counters[COUNTER_STATUS_CLASS_FIRST + statusClass]++;
  }
  const { firstByteNs } = exchange;
  if (firstByteNs >= 0) {
    counters[COUNTER_FIRST_BYTE_FIRST + findFirstByteClass(firstByteNs)]++;
    counters[COUNTER_FIRST_BYTE_SEC] += firstByteNs / NS_PER_SEC;
  }
}

/** Index in METHODS_DEFAULT, or one past its end. */
function findMethod({ bytes, request, methodEnd }: Exchange): number {
  const offset = request.startLineOffset;
  const length = methodEnd - offset;
  for (let index = 0; index < METHOD_BYTES.length; index++) {
    const method = METHOD_BYTES[index];
    if (method.length === length && isEqualAt(bytes, offset, method)) {
      return index;
    }
  }
  return METHOD_BYTES.length;
}

function isEqualAt(bytes: Uint8Array, offset: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index++) {
    if (bytes[offset + index] !== expected[index]) {
      return false;
    }
  }
  return true;
}

function findFirstByteClass(firstByteNs: number): number {
  let index = 0;
  while (index < FIRST_BYTE_BOUNDS_NS.length && firstByteNs > FIRST_BYTE_BOUNDS_NS[index]) {
    index++;
  }
  return index;
}
