import type { NetworkPrefix } from './network-prefix.ts';

/** Who says which client a record is of, by source less one, as it is written. */
export const CLIENT_SOURCE_NAMES = ['peer', 'proxy', 'forwarded', 'x-forwarded-for'] as const;

export type ClientSourceName = (typeof CLIENT_SOURCE_NAMES)[number];

/** Nobody has asked: the client is who has opened the connection. */
export const CLIENT_UNASKED = 0;
/** The same, because nobody that is trusted says another. */
export const CLIENT_PEER = 1;
/** The header of the PROXY protocol before the connection's first byte. */
export const CLIENT_PROXY = 2;
/** The field Forwarded. @see RFC 7239 */
export const CLIENT_FORWARDED = 3;
/** The field X-Forwarded-For. */
export const CLIENT_X_FORWARDED_FOR = 4;

/** Who is asked for the client, and whom it is believed. */
export interface ClientChoice {
  source: ClientSourceName;
  /** Networks of the proxies that are believed. */
  trusted: readonly NetworkPrefix[];
}

/** Who has opened the connection. */
export const CLIENT_CHOICE_DEFAULT: ClientChoice = { source: 'peer', trusted: [] };
