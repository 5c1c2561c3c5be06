import { createProxiedEnd, type ProxiedEnd, readProxyHeader } from '../http/proxy-protocol.ts';
import {
  type Exchange,
  INCOMPLETE_GAP,
  INCOMPLETE_NO_REQUEST,
  INCOMPLETE_NO_RESPONSE,
  INCOMPLETE_NONE,
  INCOMPLETE_RESET,
  UNKNOWN,
} from '../record/exchange.ts';
import type { RecordSink } from '../record/record-kinds.ts';
import {
  type ConnectionFacts,
  copyEnd,
  createStreamRecord,
  fillRecord,
  type ProxiedFacts,
} from './exchange-record.ts';
import {
  CLOSE_IN_ORDER,
  CLOSE_RESET,
  type Close,
  type Direction,
  FROM_CLIENT,
  FROM_SERVER,
  type HttpEvents,
  LOST_NAMES,
} from './http-events.ts';
import { HttpStream } from './http-stream.ts';
import {
  type ExchangeSpares,
  giveOpenExchange,
  type Kept,
  keepData,
  keepHead,
  noteProgress,
  type OpenExchange,
  takeOpenExchange,
} from './open-exchange.ts';
import type { StreamParts } from './stream-state.ts';

/** What the connections of a thread share that make records of exchanges. */
export interface ExchangeParts {
  readonly stream: StreamParts;
  /** The record that the sink is given, filled anew for each. */
  readonly exchange: Exchange;
  readonly spares: ExchangeSpares;
  /** The ends of the PROXY header in hand. */
  readonly proxied: { readonly client: ProxiedEnd; readonly server: ProxiedEnd };
  readonly sink: ExchangeSink;
  readonly kept: Kept;
  /** By LOST_*: directions that were lost. */
  readonly lostCounts: Float64Array;
}

/** Where exchanges go: an exchange is valid until the function returns. */
export type ExchangeSink = Pick<RecordSink, 'exchange'>;

/** What records show of a head, and no more. */
export const NOTHING_KEPT: Kept = { isHeadKept: false, bodyBytesMax: 0 };

export function createExchangeParts(
  stream: StreamParts,
  sink: ExchangeSink,
  kept: Kept = NOTHING_KEPT,
): ExchangeParts {
  return {
    stream,
    exchange: createStreamRecord(stream.fields.fieldsCount),
    spares: { first: null, count: 0 },
    proxied: { client: createProxiedEnd(), server: createProxiedEnd() },
    sink,
    kept,
    lostCounts: new Float64Array(LOST_NAMES.length),
  };
}

/**
 * Makes records of the exchanges of one connection: `stream` is fed, and each exchange is handed over when it has
 * ended, whole or not, in the order in which they end.
 */
export class ConnectionExchanges implements HttpEvents {
  readonly stream: HttpStream;
  readonly #parts: ExchangeParts;
  readonly #facts: ConnectionFacts;
  /** Those that wait for their response, the first one first; the last one's request may still pass. */
  #first: OpenExchange | null = null;
  #last: OpenExchange | null = null;
  /** The one whose response passes, or has ended before its request. */
  #answered: OpenExchange | null = null;
  #ordinal = 0;
  /** What a proxy has said of the connection before it, if one has. */
  #proxied: ProxiedFacts | undefined;

  constructor(parts: ExchangeParts, facts: ConnectionFacts) {
    this.#parts = parts;
    this.#facts = facts;
    this.stream = new HttpStream(parts.stream, this);
  }

  proxied(bytes: Uint8Array, offset: number, end: number): void {
    const { client, server } = this.#parts.proxied;
    readProxyHeader(bytes, offset, end - offset, client, server);
    if (client.addressLength !== 0) {
      this.#proxied = { client: copyEnd(client), server: copyEnd(server) };
    }
  }

  requestHead(bytes: Uint8Array): void {
    const { stream, spares, kept } = this.#parts;
    const open = takeOpenExchange(spares, this.#ordinal++);
    keepHead(stream.pool, open.request, this.stream.client, bytes, stream.request, kept);
    if (this.#last === null) {
      this.#first = open;
    } else {
      this.#last.next = open;
    }
    this.#last = open;
  }

  requestData(bytes: Uint8Array, offset: number, end: number): void {
    const { stream, kept } = this.#parts;
    const open = this.#passingRequest();
    if (open !== null && kept.bodyBytesMax > 0) {
      keepData(stream.pool, open.request, bytes, offset, end, kept);
    }
  }

  requestEnd(): void {
    const open = this.#passingRequest();
    if (open !== null) {
      noteProgress(open.request, this.stream.client);
      open.request.isEnded = true;
      if (open.response.isEnded) {
        this.#endAnswered(INCOMPLETE_NONE);
      }
    }
  }

  interimHead(): void {}

  responseHead(bytes: Uint8Array): void {
    const { stream, spares, kept } = this.#parts;
    // One whose request passes still, though its response has ended: the next response says that none is left of it.
    this.#endAnswered(INCOMPLETE_NONE);
    const open = this.#takeFirst() ?? takeOpenExchange(spares, this.#ordinal++);
    keepHead(stream.pool, open.response, this.stream.server, bytes, stream.response, kept);
    this.#answered = open;
  }

  responseData(bytes: Uint8Array, offset: number, end: number): void {
    const { stream, kept } = this.#parts;
    if (this.#answered !== null && kept.bodyBytesMax > 0) {
      keepData(stream.pool, this.#answered.response, bytes, offset, end, kept);
    }
  }

  responseEnd(): void {
    const open = this.#answered as OpenExchange;
    noteProgress(open.response, this.stream.server);
    open.response.isEnded = true;
    if (open.request.isEnded || !open.request.isSeen) {
      this.#endAnswered(INCOMPLETE_NONE);
    }
  }

  missing(direction: Direction): void {
    const open = direction === FROM_CLIENT ? this.#passingRequest() : this.#answered;
    if (open !== null) {
      (direction === FROM_CLIENT ? open.request : open.response).isBodyCut = true;
    }
  }

  upgraded(): void {}

  upgradedData(): void {}

  lost(direction: Direction, reason: number): void {
    this.#parts.lostCounts[reason]++;
    if (direction === FROM_SERVER) {
      this.#endAnswered(INCOMPLETE_GAP);
      this.#endWaiting(INCOMPLETE_GAP);
      return;
    }
    const open = this.#passingRequest();
    if (open !== null) {
      noteProgress(open.request, this.stream.client);
      open.request.bodyBytes = UNKNOWN;
      open.request.isBodyCut = true;
      open.request.isEnded = true;
      if (open.response.isEnded) {
        this.#endAnswered(INCOMPLETE_NONE);
      }
    }
  }

  closed(direction: Direction, how: Close): void {
    if (how === CLOSE_IN_ORDER && direction === FROM_CLIENT && !this.stream.server.isClosed) {
      return; // The server may still answer.
    }
    const isInOrder = how === CLOSE_IN_ORDER;
    this.#endAnswered(isInOrder || how === CLOSE_RESET ? INCOMPLETE_RESET : INCOMPLETE_GAP);
    this.#endWaiting(how === CLOSE_RESET ? INCOMPLETE_RESET : INCOMPLETE_NO_RESPONSE);
  }

  /** The exchange whose request has not ended: the newest one, if any. */
  #passingRequest(): OpenExchange | null {
    const open = this.#last ?? this.#answered;
    return open?.request.isSeen && !open.request.isEnded ? open : null;
  }

  #takeFirst(): OpenExchange | null {
    const open = this.#first;
    if (open !== null) {
      this.#first = open.next;
      open.next = null;
      if (this.#first === null) {
        this.#last = null;
      }
    }
    return open;
  }

  #endWaiting(incomplete: number): void {
    for (let open = this.#takeFirst(); open !== null; open = this.#takeFirst()) {
      this.#end(open, incomplete);
    }
  }

  /** @param incomplete the reason if its response has not ended */
  #endAnswered(incomplete: number): void {
    const open = this.#answered;
    if (open !== null) {
      this.#answered = null;
      this.#end(open, open.response.isEnded ? INCOMPLETE_NONE : incomplete);
    }
  }

  #end(open: OpenExchange, incomplete: number): void {
    const { exchange, spares, stream, sink } = this.#parts;
    const { request, response } = open;
    if (!request.isEnded) {
      request.isBodyCut = true;
      noteProgress(request, this.stream.client);
    }
    if (!response.isEnded) {
      response.isBodyCut = true;
      noteProgress(response, this.stream.server);
    }
    const reason = request.isSeen ? incomplete : INCOMPLETE_NO_REQUEST;
    fillRecord(exchange, this.#facts, this.#proxied, open, reason);
    giveOpenExchange(spares, stream.pool, open);
    sink.exchange(exchange);
  }
}
