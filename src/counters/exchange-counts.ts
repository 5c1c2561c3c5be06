import { INCOMPLETE_NAMES } from '../record/exchange.ts';
import { type CounterRow, countAllSlots, layOutRows } from './counter-row.ts';

/** What the tracker of exchanges counts. */
export const EXCHANGE_COUNT_ROWS = {
  exchanges: {
    metric: 'httplog_exchanges_total',
    help: 'Exchanges that have ended, by what they are missing',
    label: 'outcome',
    values: INCOMPLETE_NAMES.map((name) => name || 'complete'),
    summary: { line: 'exchanges', place: 1 },
    status: { key: 'exchanges', atZero: null },
  },
  flowsEvicted: {
    metric: 'httplog_flows_evicted_total',
    help: 'Connections forgotten because the flow table was full',
  },
  flowsExpired: {
    metric: 'httplog_flows_expired_total',
    help: 'Connections forgotten, or their exchange ended, after a long silence',
  },
  flows: {
    metric: 'httplog_flows',
    type: 'gauge',
    help: 'TCP connections followed now',
  },
  segmentsRetransmitted: {
    metric: 'httplog_segments_retransmitted_total',
    help: 'Segments of followed connections whose bytes had all been seen before',
  },
} as const satisfies Record<string, CounterRow>;

const places = layOutRows(EXCHANGE_COUNT_ROWS);

/** By reason of their incompleteness; the first are the complete ones. */
export const COUNT_EXCHANGES_FIRST = places.exchanges;
export const COUNT_FLOWS_EVICTED = places.flowsEvicted;
export const COUNT_FLOWS_EXPIRED = places.flowsExpired;
export const COUNT_FLOWS = places.flows;
export const COUNT_RETRANSMITTED = places.segmentsRetransmitted;
export const COUNTS_COUNT = countAllSlots(EXCHANGE_COUNT_ROWS);
