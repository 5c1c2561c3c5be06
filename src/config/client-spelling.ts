import { CLIENT_SOURCE_NAMES, type ClientSourceName } from '../record/client-source.ts';
import { explainAddresses } from './explain-values.ts';
import { LOCAL_NETWORKS_MAX } from './limits.ts';
import { quoteValue } from './mistakes.ts';
import { parseNetworks } from './port-spellings.ts';
import type { Spelling } from './value-spelling.ts';

/** How `--client-from` is written. */
export interface ClientFrom {
  source: ClientSourceName;
  /** Addresses and networks; undefined: PROXIES_TRUSTED_DEFAULT. */
  trusted: string[] | undefined;
}

/**
 * Proxies that are believed when none are named: loopback, private and link-local addresses, from which nobody comes
 * over the internet.
 *
 * @see RFC 1918 section 3, RFC 4193 section 3.1, RFC 3927, RFC 4291 section 2.5.6
 */
export const PROXIES_TRUSTED_DEFAULT: readonly string[] = [
  ...['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16'],
  ...['::1', 'fc00::/7', 'fe80::/10'],
];

/** A source, and behind a colon the proxies that are believed; addresses have colons of their own. */
function parseClientFrom(text: string): ClientFrom | null {
  const { name, networks } = splitSource(text);
  const source = findSource(name);
  const trusted = networks === undefined ? undefined : parseNetworks(networks);
  if (source === undefined || trusted === null || (source === 'peer' && networks !== undefined)) {
    return null;
  }
  return { source, trusted };
}

function explainClientFrom(text: string): string | undefined {
  const { name, networks } = splitSource(text);
  if (findSource(name) === undefined || networks === undefined) {
    return undefined;
  }
  if (findSource(name) === 'peer') {
    return 'peer is who has opened the connection, and believes nobody';
  }
  if (networks.trim() === '') {
    return `behind ${name}: the proxies that are believed are missing; without the colon private ones are`;
  }
  return (
    explainAddresses(networks) ??
    `${quoteValue(networks.trim())} is no list of up to ${LOCAL_NETWORKS_MAX} addresses or networks as in 10.0.0.1,fd00::/8`
  );
}

function splitSource(text: string): { name: string; networks: string | undefined } {
  const colon = text.indexOf(':');
  return colon === -1
    ? { name: text.trim(), networks: undefined }
    : { name: text.slice(0, colon).trim(), networks: text.slice(colon + 1) };
}

/** Field names have no case. */
function findSource(name: string): ClientSourceName | undefined {
  return CLIENT_SOURCE_NAMES.find((known) => known === name.toLowerCase());
}

export const CLIENT_FROM_SPELLING = {
  allowed:
    'peer, proxy, forwarded or x-forwarded-for; behind each but peer a colon and the proxies that are believed, as in x-forwarded-for:10.0.0.1,fd00::/8',
  parse: parseClientFrom,
  explain: explainClientFrom,
  print: ({ source, trusted }: ClientFrom) =>
    trusted === undefined ? source : `${source}:${trusted.join(',')}`,
} as const satisfies Spelling<ClientFrom>;
