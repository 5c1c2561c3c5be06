import { METHODS_REGISTERED } from '../http/grammar.ts';
import { HEADER_NAMES_MAX, PORT_RANGES_MAX, SNAPLEN_MAX, VXLAN_PORTS_MAX } from '../limits.ts';
import { RECORDS_NAMES } from '../record/record-kinds.ts';
import { ADMIN_ADDRESS_ALLOWED, parseAdminAddress, printAdminAddress } from './admin-address.ts';
import { ADMIN_HOSTS_ALLOWED, parseAdminHosts } from './admin-hosts.ts';
import { CLIENT_FROM_SPELLING } from './client-spelling.ts';
import { parseDuration } from './duration-spellings.ts';
import {
  explainAddresses,
  explainFieldNames,
  explainPorts,
  explainWord,
} from './explain-values.ts';
import { FILTER_SPELLINGS, METHOD_TOKEN } from './filter-spellings.ts';
import { parseInteger, parseIntegerBetween } from './integer-spellings.ts';
import {
  INTERVAL_MS_MAX,
  INTERVAL_MS_MIN,
  KEEP_COUNT_MAX,
  LOCAL_NETWORKS_MAX,
  METHODS_MAX,
  RING_MEGABYTES_MAX,
  ROTATE_BYTES_MIN,
  WORKERS_MAX,
} from './limits.ts';
import {
  explainFormat,
  explainOutputs,
  FORMATS_ALLOWED,
  OUTPUTS_ALLOWED,
  parseFormat,
  parseHeaderNames,
  parseOutputs,
  parseRecords,
  printFormat,
  printOutputs,
  RECORDS_ALLOWED,
} from './output-spellings.ts';
import {
  PORT_MAX,
  parseNetworks,
  parsePorts,
  parseUdpPorts,
  printPorts,
} from './port-spellings.ts';
import { parseSize, printSize } from './size-spellings.ts';
import { TIMEZONE_SPELLING } from './timezone-spelling.ts';
import type { Spelling } from './value-spelling.ts';

/** Bytes of an interface name with its final zero: IFNAMSIZ of the kernel. */
const INTERFACE_NAME_BYTES = 16;
const BYTES_PER_MEGABYTE = 1024 * 1024;

function parseSnaplen(text: string): number | null {
  const value = parseInteger(text) ?? parseSize(text, 1);
  if (value === null || value > SNAPLEN_MAX) {
    return null;
  }
  return value <= 0 ? SNAPLEN_MAX : value;
}

function parsePacketCount(text: string): number | null {
  const value = parseIntegerBetween(text, -1, Number.MAX_SAFE_INTEGER);
  return value === 0 ? -1 : value;
}

/** Whole megabytes, with the unit or without. */
function parseRingSize(text: string): number | null {
  const megabytes =
    parseInteger(text) ?? (parseSize(text, BYTES_PER_MEGABYTE) ?? 0) / BYTES_PER_MEGABYTE;
  return Number.isInteger(megabytes) && megabytes >= 1 && megabytes <= RING_MEGABYTES_MAX
    ? megabytes
    : null;
}

/** The names that the kernel's `dev_valid_name` takes. */
function parseInterfaceName(text: string): string | null {
  const isName = /^[^\s/:\0]+$/.test(text) && text !== '.' && text !== '..';
  return isName && Buffer.byteLength(text) < INTERFACE_NAME_BYTES ? text : null;
}

/** Tokens as they stand on the wire: methods are case-sensitive. @see RFC 9110 section 9.1 */
function parseMethods(text: string): string[] | null {
  if (text === 'all') {
    return [...METHODS_REGISTERED];
  }
  const methods = text.split(',').map((part) => part.trim());
  const isAllowed =
    methods.length <= METHODS_MAX && methods.every((method) => METHOD_TOKEN.test(method));
  return isAllowed ? [...new Set(methods)] : null;
}

function printMethods(methods: string[]): string {
  return methods.length === METHODS_REGISTERED.length &&
    methods.every((method, index) => method === METHODS_REGISTERED[index])
    ? 'all'
    : methods.join(',');
}

function parseSwitch(text: string): boolean | null {
  if (/^(true|1|yes|on)$/i.test(text)) {
    return true;
  }
  return /^(false|0|no|off)$/i.test(text) ? false : null;
}

/** What useradd takes, and what directories of users have besides. */
function parseUser(text: string): string | null {
  return /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,31}$/.test(text) ? text : null;
}

function parseEngine(text: string): 'afpacket' | 'libpcap' | null {
  return text === 'afpacket' || text === 'libpcap' ? text : null;
}

function parseCompression(text: string): 'none' | 'gzip' | 'zstd' | null {
  return text === 'none' || text === 'gzip' || text === 'zstd' ? text : null;
}

function parseShowOrHide(text: string): 'show' | 'hide' | null {
  return text === 'show' || text === 'hide' ? text : null;
}

function parseWhen(text: string): 'auto' | 'always' | 'never' | null {
  return text === 'auto' || text === 'always' || text === 'never' ? text : null;
}

function parseText(text: string): string | null {
  return text === '' || text.includes('\0') ? null : text;
}

function parsePath(text: string): string | null {
  return text === '-' ? null : parseText(text);
}

const print = String;

/** Every way in which a value can be written, by the name that the option table uses. */
function parseInterval(text: string): number | null {
  const intervalMs = parseDuration(text);
  return intervalMs !== null && intervalMs >= INTERVAL_MS_MIN && intervalMs <= INTERVAL_MS_MAX
    ? intervalMs
    : null;
}

export const SPELLINGS = {
  interface: {
    allowed: 'an interface name of 1 to 15 bytes without space, / or :, or any',
    parse: parseInterfaceName,
    print,
  },
  ports: {
    allowed: `a port (1-${PORT_MAX}) or http, http-alt, http-proxy; up to ${PORT_RANGES_MAX} as in 80,8080,8000-8010, or any`,
    parse: parsePorts,
    explain: explainPorts,
    print: printPorts,
  },
  text: { allowed: 'any text that is not empty', parse: parseText, print },
  path: { allowed: 'a path', parse: parsePath, print },
  output: { allowed: 'a path, or - for standard output', parse: parseText, print },
  snaplen: {
    allowed: `a whole number up to ${SNAPLEN_MAX}, decimal or 0x, or a size as in 4KB; 0 or less = ${SNAPLEN_MAX}`,
    parse: parseSnaplen,
    print,
  },
  'ring-size': {
    allowed: `a whole number from 1 to ${RING_MEGABYTES_MAX}, with its unit or without: 64, 64MB, 1GiB`,
    parse: parseRingSize,
    print,
  },
  'packet-count': {
    allowed: 'a whole number from 1, or -1 or 0 for no end',
    parse: parsePacketCount,
    print,
  },
  workers: {
    allowed: `a whole number from 1 to ${WORKERS_MAX}`,
    parse: (text) => parseIntegerBetween(text, 1, WORKERS_MAX),
    print,
  },
  'log-every': {
    allowed: 'a whole number from 1, or 0 for never',
    parse: (text) => parseIntegerBetween(text, 0, Number.MAX_SAFE_INTEGER),
    print,
  },
  networks: {
    allowed: `up to ${LOCAL_NETWORKS_MAX} addresses or networks as in 10.0.0.1,10.1.0.0/16,fd00::/8`,
    parse: parseNetworks,
    print: (value: string[]) => value.join(','),
    explain: explainAddresses,
    unset: [],
  },
  methods: {
    allowed: `all, or up to ${METHODS_MAX} tokens of 1 to 32 characters as in GET,POST,PROPFIND`,
    parse: parseMethods,
    print: printMethods,
  },
  'udp-ports': {
    allowed: `up to ${VXLAN_PORTS_MAX} ports (1-${PORT_MAX}) as in 4790,51820`,
    parse: parseUdpPorts,
    print: (value: number[]) => value.join(','),
    unset: [],
  },
  'record-format': {
    allowed: FORMATS_ALLOWED,
    parse: parseFormat,
    print: printFormat,
    explain: explainFormat,
  },
  records: {
    allowed: RECORDS_ALLOWED,
    parse: parseRecords,
    explain: explainWord(RECORDS_ALLOWED, RECORDS_NAMES),
    print,
  },
  outputs: {
    allowed: OUTPUTS_ALLOWED,
    parse: parseOutputs,
    print: printOutputs,
    explain: explainOutputs,
    unset: [],
  },
  ...FILTER_SPELLINGS,
  interval: {
    allowed: `a duration from ${INTERVAL_MS_MIN}ms to 1h, as in 500ms or 2s`,
    parse: parseInterval,
    print: (intervalMs: number) => `${intervalMs}ms`,
  },
  'client-from': CLIENT_FROM_SPELLING,
  'header-names': {
    allowed: `up to ${HEADER_NAMES_MAX} names of letters, digits, -, _ and . as in Accept,X-Tenant`,
    parse: parseHeaderNames,
    print: (value: string[]) => value.join(','),
    explain: explainFieldNames,
    unset: [],
  },
  user: { allowed: 'a user name of 1 to 32 characters', parse: parseUser, print },
  'admin-address': {
    allowed: ADMIN_ADDRESS_ALLOWED,
    parse: parseAdminAddress,
    print: printAdminAddress,
  },
  'admin-hosts': {
    allowed: ADMIN_HOSTS_ALLOWED,
    parse: parseAdminHosts,
    print: (value: string[]) => value.join(','),
    unset: [],
  },
  size: {
    allowed: `0, or a size from ${printSize(ROTATE_BYTES_MIN)} as in 500000, 64KB, 100MiB or 2GB (1 KB = 1 KiB = 1024 bytes)`,
    parse: (text) => parseSize(text, ROTATE_BYTES_MIN),
    print: printSize,
  },
  compression: {
    allowed: 'gzip, zstd or none',
    parse: parseCompression,
    explain: explainWord('gzip, zstd or none', ['gzip', 'zstd', 'none']),
    print,
  },
  'keep-count': {
    allowed: `a whole number from 1 to ${KEEP_COUNT_MAX}, or 0 for all`,
    parse: (text) => parseIntegerBetween(text, 0, KEEP_COUNT_MAX),
    print,
  },
  'show-or-hide': { allowed: 'show or hide', parse: parseShowOrHide, print },
  engine: {
    allowed: 'afpacket or libpcap',
    parse: parseEngine,
    explain: explainWord('afpacket or libpcap', ['afpacket', 'libpcap']),
    print,
  },
  timezone: TIMEZONE_SPELLING,
  when: {
    allowed: 'auto, always or never',
    parse: parseWhen,
    explain: explainWord('auto, always or never', ['auto', 'always', 'never']),
    print,
  },
  switch: { allowed: 'true, yes, on, 1, false, no, off or 0', parse: parseSwitch, print },
} as const satisfies Record<string, Spelling<unknown>>;

export type SpellingName = keyof typeof SPELLINGS;

/** The spelling of that name, its type of value put aside: the table decides which one it is. */
export function findSpelling(name: SpellingName): Spelling<unknown> {
  return SPELLINGS[name];
}
