import {
  COUNTER_FIRST_BYTE_FIRST,
  COUNTER_FIRST_BYTE_SEC,
  FIRST_BYTE_BOUNDS_SEC,
} from '../counters/counter-table.ts';
import type { Counters } from '../counters/counters.ts';
import type { Exchange } from '../record/exchange.ts';

const FIRST_BYTE_BOUNDS_NS = Float64Array.from(FIRST_BYTE_BOUNDS_SEC, (bound) => bound * 1e9);
const NS_PER_SEC = 1e9;

/**
 * Counts an exchange by its time to the first byte, as far as that was seen. Exchanges that a filter refuses
 * count too: these figures are about the traffic, not about the lines.
 */
export function countExchange(counters: Counters, { firstByteNs }: Exchange): void {
  if (firstByteNs >= 0) {
    counters[COUNTER_FIRST_BYTE_FIRST + findFirstByteClass(firstByteNs)]++;
    counters[COUNTER_FIRST_BYTE_SEC] += firstByteNs / NS_PER_SEC;
  }
}

function findFirstByteClass(firstByteNs: number): number {
  let index = 0;
  while (index < FIRST_BYTE_BOUNDS_NS.length && firstByteNs > FIRST_BYTE_BOUNDS_NS[index]) {
    index++;
  }
  return index;
}
