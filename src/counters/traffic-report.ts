import { INCOMPLETE_NAMES, INCOMPLETE_NONE } from '../record/exchange.ts';
import {
  addDuration,
  createDurationHistogram,
  type DurationHistogram,
} from './duration-histogram.ts';
import {
  REPORT_CLIENTS_MAX,
  REPORT_HOSTS_MAX,
  REPORT_ROUTES_MAX,
  REPORT_SECONDS_MAX,
} from './limits.ts';
import { findRoute } from './route.ts';

const MS_PER_SECOND = 1000;
const NS_PER_MS = 1e6;
/** Status codes by first digit; 0 is none. */
const STATUS_CLASSES_COUNT = 10;
const STATUS_CLASS_SERVER_ERROR = 5;

/** What is known of exchanges that have something alike. */
export interface TrafficShare {
  count: number;
  /** Answered by a 5xx, or not whole. */
  errors: number;
}

export interface RouteShare extends TrafficShare {
  durations: DurationHistogram;
}

/**
 * What exchanges were seen, added up as they come: how many, how slow, from whom, for whom. Bounded, see `limits.ts`;
 * fed with lines of the format `report`.
 */
export class TrafficReport {
  count = 0;
  firstMs = Infinity;
  lastMs = 0;
  /** Exchanges in the busiest second. */
  busiest = 0;
  /** Exchanges whose routes, hosts or clients came when there was no more room. */
  readonly others = { routes: 0, hosts: 0, clients: 0 };
  readonly statusClasses = new Float64Array(STATUS_CLASSES_COUNT);
  /** By INCOMPLETE_*. */
  readonly incomplete = new Float64Array(INCOMPLETE_NAMES.length);
  /** By method and path, without query, numbers and ids. */
  readonly routes = new Map<string, RouteShare>();
  readonly hosts = new Map<string, TrafficShare>();
  readonly clients = new Map<string, TrafficShare>();
  readonly #seconds = new Map<number, number>();

  take(lines: Uint8Array): void {
    const text = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength).toString();
    let offset = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', offset)) {
      this.#takeExchange(text.slice(offset, end).split('\t'));
      offset = end + 1;
    }
  }

  #takeExchange(columns: readonly string[]): void {
    const [epochMs, duration, status, reason, client, method, host, path] = columns;
    const timeMs = Number(epochMs);
    const durationNs = Number(duration) - 1;
    const statusClass = Math.floor(Number(status) / 100);
    const incomplete = Number(reason);
    const isError = statusClass === STATUS_CLASS_SERVER_ERROR || incomplete !== INCOMPLETE_NONE;
    this.count++;
    this.statusClasses[statusClass]++;
    this.incomplete[incomplete]++;
    this.#countTime(timeMs, Math.max(durationNs, 0) / NS_PER_MS);
    this.#countRoute(method, path, statusClass > 0 ? durationNs : -1, isError);
    const hostShare = addTo(this.hosts, host, REPORT_HOSTS_MAX, createShare, isError);
    const clientShare = addTo(this.clients, client, REPORT_CLIENTS_MAX, createShare, isError);
    this.others.hosts += hostShare === undefined ? 1 : 0;
    this.others.clients += clientShare === undefined ? 1 : 0;
  }

  /** Of an exchange whose request was not seen nobody knows what was asked for. */
  #countRoute(method: string, path: string, durationNs: number, isError: boolean): void {
    if (method === '') {
      return;
    }
    const route = `${method} ${findRoute(path)}`;
    const share = addTo(this.routes, route, REPORT_ROUTES_MAX, createRouteShare, isError);
    if (share === undefined) {
      this.others.routes++;
    } else if (durationNs >= 0) {
      addDuration(share.durations, durationNs);
    }
  }

  #countTime(timeMs: number, durationMs: number): void {
    this.firstMs = Math.min(this.firstMs, timeMs);
    this.lastMs = Math.max(this.lastMs, timeMs + durationMs);
    const second = Math.floor(timeMs / MS_PER_SECOND);
    const count = (this.#seconds.get(second) ?? 0) + 1;
    this.#seconds.set(second, count);
    this.busiest = Math.max(this.busiest, count);
    if (this.#seconds.size > REPORT_SECONDS_MAX) {
      const [oldest] = this.#seconds.keys();
      this.#seconds.delete(oldest);
    }
  }
}

function createShare(): TrafficShare {
  return { count: 0, errors: 0 };
}

function createRouteShare(): RouteShare {
  return { ...createShare(), durations: createDurationHistogram() };
}

/** Undefined when there is no room for one more. */
function addTo<Share extends TrafficShare>(
  shares: Map<string, Share>,
  name: string,
  sharesMax: number,
  create: () => Share,
  isError: boolean,
): Share | undefined {
  let share = shares.get(name);
  if (share === undefined) {
    if (shares.size >= sharesMax) {
      return undefined;
    }
    share = create();
    shares.set(name, share);
  }
  share.count++;
  share.errors += isError ? 1 : 0;
  return share;
}
