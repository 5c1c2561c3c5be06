import type { Exchange } from './exchange.ts';
import type { Message } from './message.ts';

/** The kinds of records, each with its form. */
export interface RecordKinds {
  exchange: Exchange;
  message: Message;
}

export type Kind = keyof RecordKinds;

/** The kinds that have heads, see `HttpRecord`. */
export type HttpKind = 'exchange' | 'message';

/** Several of a kind, as `--records` calls them. */
export const KINDS_BY_RECORDS = { messages: 'message', exchanges: 'exchange' } as const satisfies {
  [records: string]: Kind;
};

export type Records = keyof typeof KINDS_BY_RECORDS;

/** The name for several of this kind. */
export function recordsOf(kind: Kind): Records {
  return RECORDS_NAMES.find((records) => KINDS_BY_RECORDS[records] === kind) as Records;
}

export const RECORDS_NAMES = Object.keys(KINDS_BY_RECORDS) as readonly Records[];

/**
 * What every way in is given to put its records into, one function a kind. A record is valid until the function
 * returns, and is of no use afterwards: what is hidden in it is hidden where it stands.
 */
export type RecordSink = { readonly [K in Kind]: (record: RecordKinds[K]) => void };
