import type { Frame } from '../capture/frame.ts';
import { HEAD_BYTES_MAX } from '../limits.ts';
import { createExchange, type Exchange } from '../record/exchange.ts';
import { type ByteStore, createByteStore } from './byte-store.ts';
import { createDevices, type Devices } from './devices.ts';
import { createEarlySegments, type EarlySegments } from './early-segments.ts';
import { createExchangeSlots, type ExchangeSlots } from './exchange-state.ts';
import { FROM_CLIENT } from './flow-state.ts';
import { createFlowTable, type FlowTable, NO_FLOW } from './flow-table.ts';
import { REDACTION_BYTES_MAX, STORE_BLOCK_BYTES } from './limits.ts';
import { createTranslatedEnds, type TranslatedEnds } from './nat-record.ts';
import { createProxyClients, type ProxyClients } from './proxy-client.ts';

/**
 * Finds the request that each response answers, by sequence and acknowledgment numbers alone. No byte of a
 * body is kept, and of a head only what outputs show.
 *
 * @see arXiv 1701.04617, which published the idea of matching by the numbers
 */
export interface ExchangeTracker {
  readonly flows: FlowTable;
  readonly slots: ExchangeSlots;
  readonly store: ByteStore;
  readonly proxyClients: ProxyClients;
  readonly translatedEnds: TranslatedEnds;
  readonly devices: Devices;
  readonly early: EarlySegments;
  /** What passes in a tunnel that CONNECT has opened is not read. */
  readonly isConnectHidden: boolean;
  /** The record that `onExchange` is called with; its bytes are the store's. */
  readonly exchange: Exchange;
  /** Takes an exchange that has ended; what it is given is valid until it returns. Changed between two frames. */
  onExchange: (exchange: Exchange) => void;
  /** By COUNT_*: what became of flows and exchanges. */
  readonly counts: Float64Array;
  /** Packet time that all others are counted from; NaN before the first segment. */
  baseSec: number;

  /** Of the segment in hand: its flow or NO_FLOW, its direction, its time, and where it begins. */
  flow: number;
  direction: number;
  timeNs: number;
  segmentSequence: number;
  /** All its bytes had been seen before. */
  isRetransmitted: boolean;
}

/** Of client and server, before and behind translation, of both ends that a proxy names, and of the client that is chosen. */
const ADDRESSES_BYTES = 112;
const LENGTHS_BYTES_MAX = 512;
/** Two messages gathered in whole blocks behind the addresses, and what redaction makes of them. */
const STAGING_BYTES =
  ADDRESSES_BYTES +
  2 * (HEAD_BYTES_MAX + LENGTHS_BYTES_MAX + STORE_BLOCK_BYTES) +
  REDACTION_BYTES_MAX;

const NANOSECONDS_PER_SECOND = 1e9;

/**
 * @param fieldsCount slots of the field tables that messages are scanned with
 * @param counts COUNTS_COUNT numbers that it adds to
 * @param isConnectHidden HTTP within tunnels that CONNECT has opened is no message
 * @param seed of the hash of flows, see `createFlowTable`
 */
export function createTracker(
  fieldsCount: number,
  seed: number,
  counts: Float64Array,
  isConnectHidden: boolean,
  onExchange: (exchange: Exchange) => void,
): ExchangeTracker {
  const store = createByteStore(STAGING_BYTES);
  const exchange = createExchange(fieldsCount);
  exchange.bytes = store.bytes;
  return {
    flows: createFlowTable(seed),
    slots: createExchangeSlots(),
    store,
    proxyClients: createProxyClients(),
    translatedEnds: createTranslatedEnds(),
    devices: createDevices(),
    early: createEarlySegments(),
    isConnectHidden,
    exchange,
    onExchange,
    counts,
    baseSec: Number.NaN,
    flow: NO_FLOW,
    direction: FROM_CLIENT,
    timeNs: 0,
    segmentSequence: 0,
    isRetransmitted: false,
  };
}

/** A frame's time in nanoseconds since the tracker's base, which the first frame sets. */
export function timeOf(
  tracker: ExchangeTracker,
  { timestampSec, timestampSubsecNs }: Frame,
): number {
  return timeAt(tracker, timestampSec, timestampSubsecNs);
}

/** The same for a time of its own. */
export function timeAt(
  tracker: ExchangeTracker,
  timestampSec: number,
  timestampSubsecNs: number,
): number {
  if (Number.isNaN(tracker.baseSec)) {
    tracker.baseSec = timestampSec;
  }
  return (timestampSec - tracker.baseSec) * NANOSECONDS_PER_SECOND + timestampSubsecNs;
}
