import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import type { PortRange } from '../capture/port-filter.ts';
import { METHODS_REGISTERED } from '../decode/http-grammar.ts';
import {
  LOCAL_NETWORKS_MAX,
  METHODS_MAX,
  PORT_RANGES_MAX,
  RING_MEGABYTES_MAX,
  SNAPLEN_MAX,
  VXLAN_PORTS_MAX,
  WORKERS_MAX,
} from '../limits.ts';

/** How the value of an option is written: what is allowed, and the way from text to value and back. */
export interface Format<T> {
  /** Ends the sentence "allowed is ...". */
  allowed: string;
  /** The value of a text, or null if the text is not allowed. */
  parse(text: string): T | null;
  print(value: T): string;
  /** The value while the option is not set. */
  unset?: T;
}

const PORT_MAX = 65535;

/** Bytes of an interface name with its final zero: IFNAMSIZ of the kernel. */
const INTERFACE_NAME_BYTES = 16;

/** A method on the wire: tchar of RFC 9110 section 5.6.2. */
const METHOD_TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}$/;

const ADDRESS_BITS: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

/** Decimal or 0x, as the ancestor took them; a leading zero, octal there, is refused as ambiguous. */
function parseInteger(text: string): number | null {
  const match = /^([+-]?)(0x[0-9a-f]+|0|[1-9][0-9]*)$/i.exec(text.trim());
  if (match === null) {
    return null;
  }
  const magnitude = Number(match[2]);
  const value = match[1] === '-' ? 0 - magnitude : magnitude;
  return Number.isSafeInteger(value) ? value : null;
}

function parseIntegerBetween(text: string, lowest: number, highest: number): number | null {
  const value = parseInteger(text);
  return value === null || value < lowest || value > highest ? null : value;
}

function parseSnaplen(text: string): number | null {
  const value = parseInteger(text);
  if (value === null || value > SNAPLEN_MAX) {
    return null;
  }
  return value <= 0 ? SNAPLEN_MAX : value;
}

function parsePacketCount(text: string): number | null {
  const value = parseIntegerBetween(text, -1, Number.MAX_SAFE_INTEGER);
  return value === 0 ? -1 : value;
}

/** The names that the kernel's `dev_valid_name` takes. */
function parseInterfaceName(text: string): string | null {
  const isName = /^[^\s/:\0]+$/.test(text) && text !== '.' && text !== '..';
  return isName && Buffer.byteLength(text) < INTERFACE_NAME_BYTES ? text : null;
}

function parsePorts(text: string): PortRange[] | 'any' | null {
  if (text.trim() === 'any') {
    return 'any';
  }
  const parts = text.split(',');
  if (parts.length > PORT_RANGES_MAX) {
    return null;
  }
  const ranges: PortRange[] = [];
  for (const part of parts) {
    const range = parsePortRange(part);
    if (range === null) {
      return null;
    }
    ranges.push(range);
  }
  return mergeRanges(ranges);
}

function parsePortRange(text: string): PortRange | null {
  const ends = text.split('-');
  const first = parseIntegerBetween(ends[0], 1, PORT_MAX);
  const last = ends.length === 1 ? first : parseIntegerBetween(ends[1], 1, PORT_MAX);
  return ends.length > 2 || first === null || last === null || first > last
    ? null
    : { first, last };
}

/** Each range becomes filter instructions: those that overlap or touch are made one. */
function mergeRanges(ranges: PortRange[]): PortRange[] {
  const merged: PortRange[] = [];
  for (const range of ranges.toSorted((left, right) => left.first - right.first)) {
    const previous = merged.at(-1);
    if (previous !== undefined && range.first <= previous.last + 1) {
      previous.last = Math.max(previous.last, range.last);
    } else {
      merged.push({ ...range });
    }
  }
  return merged;
}

function printPorts(ports: PortRange[] | 'any'): string {
  if (ports === 'any') {
    return ports;
  }
  return ports.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(',');
}

/** Single ports only: a table of them is what the decoder looks in. */
function parseUdpPorts(text: string): number[] | null {
  const parts = text.split(',');
  const ports = parts.map((part) => parseIntegerBetween(part, 1, PORT_MAX));
  const isAllowed = parts.length <= VXLAN_PORTS_MAX && ports.every((port) => port !== null);
  return isAllowed ? ports : null;
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

function parseNetworks(text: string): string[] | null {
  const networks = text.split(/[\s,]+/).filter((part) => part !== '');
  const isAllowed = networks.length > 0 && networks.length <= LOCAL_NETWORKS_MAX;
  return isAllowed && networks.every(isNetwork) ? networks : null;
}

/** A zone such as `%eth0` passes `isIP`, but no packet carries one. */
function isNetwork(text: string): boolean {
  const [address, prefix, ...rest] = text.split('/');
  const bits = address.includes('%') ? undefined : ADDRESS_BITS[isIP(address)];
  if (bits === undefined || rest.length > 0) {
    return false;
  }
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
}

/** luxon is read only for a name: that is some 30 ms of a start that seldom needs it. */
function parseTimeZone(text: string): string | null {
  if (/^local$/i.test(text)) {
    return 'local';
  }
  if (/^utc$/i.test(text)) {
    return 'UTC';
  }
  const isOffset = /^[+-]/.test(text);
  return !isOffset && loadLuxon().IANAZone.isValidZone(text) ? text : null;
}

function loadLuxon(): typeof import('luxon') {
  return createRequire(import.meta.url)('luxon');
}

function parseSwitch(text: string): boolean | null {
  if (/^(true|1|yes|on)$/i.test(text)) {
    return true;
  }
  return /^(false|0|no|off)$/i.test(text) ? false : null;
}

function parseEngine(text: string): 'afpacket' | 'libpcap' | null {
  return text === 'afpacket' || text === 'libpcap' ? text : null;
}

function parseText(text: string): string | null {
  return text === '' || text.includes('\0') ? null : text;
}

function parsePath(text: string): string | null {
  return text === '-' ? null : parseText(text);
}

const print = String;

/** Every way in which a value can be written, by the name that the option table uses. */
export const FORMATS = {
  interface: {
    allowed: 'an interface name of 1 to 15 bytes without space, / or :, or any',
    parse: parseInterfaceName,
    print,
  },
  ports: {
    allowed: `a port (1-${PORT_MAX}), up to ${PORT_RANGES_MAX} as in 80,8080,8000-8010, or any`,
    parse: parsePorts,
    print: printPorts,
  },
  text: { allowed: 'any text that is not empty', parse: parseText, print },
  path: { allowed: 'a path', parse: parsePath, print },
  output: { allowed: 'a path, or - for standard output', parse: parseText, print },
  snaplen: {
    allowed: `a whole number up to ${SNAPLEN_MAX}, decimal or 0x; 0 or less = ${SNAPLEN_MAX}`,
    parse: parseSnaplen,
    print,
  },
  'ring-size': {
    allowed: `a whole number from 1 to ${RING_MEGABYTES_MAX}`,
    parse: (text) => parseIntegerBetween(text, 1, RING_MEGABYTES_MAX),
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
  engine: { allowed: 'afpacket or libpcap', parse: parseEngine, print },
  timezone: {
    allowed: 'local, UTC, or an IANA name such as Europe/Berlin',
    parse: parseTimeZone,
    print,
  },
  switch: { allowed: 'true, yes, on, 1, false, no, off or 0', parse: parseSwitch, print },
} as const satisfies Record<string, Format<unknown>>;

export type FormatName = keyof typeof FORMATS;

/** The format of that name, its type of value put aside: the table decides which one it is. */
export function findFormat(name: FormatName): Format<unknown> {
  return FORMATS[name];
}
