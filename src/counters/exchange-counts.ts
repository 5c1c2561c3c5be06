import { INCOMPLETE_NAMES } from '../record/exchange.ts';

/** Named places of the tracker's counts. */

/** Exchanges written, by reason of their incompleteness; the first are the complete ones. */
export const COUNT_EXCHANGES_FIRST = 0;
/** Flows forgotten because the table was full. */
export const COUNT_FLOWS_EVICTED = COUNT_EXCHANGES_FIRST + INCOMPLETE_NAMES.length;
/** Flows forgotten, or their exchange ended, because nothing came for long. */
export const COUNT_FLOWS_EXPIRED = COUNT_FLOWS_EVICTED + 1;
/** Flows followed now. */
export const COUNT_FLOWS = COUNT_FLOWS_EXPIRED + 1;
/** Segments whose bytes had all been seen before, of flows that are followed. */
export const COUNT_RETRANSMITTED = COUNT_FLOWS + 1;
export const COUNTS_COUNT = COUNT_RETRANSMITTED + 1;
