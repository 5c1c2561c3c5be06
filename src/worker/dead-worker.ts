import {
  COUNTER_LINES,
  COUNTER_LINES_DROPPED,
  COUNTER_TRACKER_FIRST,
} from '../counters/counter-table.ts';
import type { Counters } from '../counters/counters.ts';
import { COUNT_FLOWS, COUNT_FLOWS_EVICTED } from '../counters/exchange-counts.ts';

/** What went with a worker whose thread died. */
export interface WorkerLoss {
  /** Lines that were made and not handed over. */
  lines: number;
  /** Connections that were followed. */
  flows: number;
}

/**
 * Counts what is lost with a thread that has ended, so that its counters can go on with the next one.
 *
 * @param linesReceived lines of it that arrived, or were settled here before
 */
export function settleDeadWorker(counters: Counters, linesReceived: number): WorkerLoss {
  const flowsAt = COUNTER_TRACKER_FIRST + COUNT_FLOWS;
  const loss = { lines: counters[COUNTER_LINES] - linesReceived, flows: counters[flowsAt] };
  counters[COUNTER_LINES_DROPPED] += loss.lines;
  counters[COUNTER_TRACKER_FIRST + COUNT_FLOWS_EVICTED] += loss.flows;
  counters[flowsAt] = 0;
  return loss;
}
