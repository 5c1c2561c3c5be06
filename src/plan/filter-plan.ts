import { PROXIES_TRUSTED_DEFAULT } from '../config/client-spelling.ts';
import { parseNetwork } from '../config/network-values.ts';
import type { Settings } from '../config/settings.ts';
import type { FilterSettings } from '../filter/filter-settings.ts';
import type { ClientChoice } from '../record/client-source.ts';
import type { RedactionSettings } from '../redact/redaction-settings.ts';
import { readAddressAnonymization, readOwnPatterns } from './redaction-files.ts';

/**
 * The filter that the settings mean.
 *
 * @param sampleKey while addresses are hidden
 */
export function createFilterSettings(settings: Settings, sampleKey?: Uint8Array): FilterSettings {
  return {
    includePaths: settings.includePaths,
    excludePaths: settings.excludePaths,
    methods: settings.methodFilter,
    statuses: settings.statusFilter,
    hosts: settings.hostFilter,
    clients: settings.clientFilter,
    servers: settings.serverFilter,
    headers: settings.headerFilter,
    slowerThanMs: settings.slowerThanMs,
    sampleOneIn: settings.sampleOneIn,
    sampleKey,
  };
}

/** Who is asked for the client; proxies that nobody has named are believed where none from outside can be. */
export function createClientChoice({ clientFrom }: Settings): ClientChoice {
  const { source, trusted = PROXIES_TRUSTED_DEFAULT } = clientFrom;
  return { source, trusted: trusted.map(parseNetwork) };
}

/**
 * The redaction that the settings mean, its files read.
 *
 * @throws HttplogError of a file that cannot be read or is no file of patterns, or no key
 */
export function createRedactionSettings(settings: Settings): RedactionSettings {
  const { redactFile, anonymizeIp } = settings;
  return {
    headers: settings.headerModes,
    query: settings.queryModes,
    cookies: settings.cookieModes,
    patterns: settings.redactPatterns,
    ownPatterns: redactFile === undefined ? [] : readOwnPatterns(redactFile),
    addresses: anonymizeIp === undefined ? undefined : readAddressAnonymization(anonymizeIp),
  };
}
