import type {
  HeaderRule,
  HostRule,
  MethodRule,
  NetworkRule,
  PathRule,
  StatusRule,
} from '../filter/filter-settings.ts';
import { isPattern } from '../filter/path-pattern.ts';
import { isIP } from '../ip-address.ts';
import { PATTERN_LENGTH_MAX } from '../limits.ts';
import {
  BUILT_IN_PATTERNS,
  type BuiltInPattern,
  type FieldModes,
  type RedactionMode,
} from '../redact/redaction-settings.ts';
import { DURATION_ALLOWED, parseDuration } from './duration-spellings.ts';
import { explainAddresses, explainHosts, explainPatterns, explainWords } from './explain-values.ts';
import { FIELD_MODES_MAX, FILTER_VALUES_MAX, PATH_PATTERNS_MAX } from './limits.ts';
import { parseNetwork } from './network-values.ts';
import type { Spelling } from './value-spelling.ts';

/** How client addresses are anonymised, as an option says it: the key is still in its file. */
export type AddressOption = { method: 'truncate' } | { method: 'hash'; keyFile: string };

const PORT_MAX = 65535;
const ADDRESS_BITS: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

/**
 * A method on the wire: tchar of RFC 9110 section 5.6.2, of which `!` is one. In a filter, a `!` before it negates.
 */
export const METHOD_TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}$/;
const HOST = /^(\*\.)?(\[[0-9A-Fa-f:.]+\]|[^\s\p{Cc}!*:/@[\]]+)(?::(\d{1,5}))?$/u;
/** Characters that the names of looked-for fields may have. */
const FIELD_NAME = /^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$/;
const FIELD_MODE = /^([^=\s]{1,128})=(keep|drop|redact)$/;

const PATTERNS_ALLOWED = `a list of ${BUILT_IN_PATTERNS.join(', ')}`;

const MODES: readonly string[] = ['keep', 'drop', 'redact'];

/** One value of a list, and whether a `!` stood before it. */
function parseRule<R>(
  text: string,
  parseValue: (text: string) => R | null,
): (R & { isNegated: boolean }) | null {
  const isNegated = text.startsWith('!');
  const value = parseValue(isNegated ? text.slice(1).trim() : text);
  return value === null ? null : { ...value, isNegated };
}

/** A list without a wrong or an empty value, or null. */
function parseList<R>(
  text: string,
  separator: RegExp,
  valuesMax: number,
  parseValue: (text: string) => R | null,
): R[] | null {
  const parts = text.split(separator);
  const values = parts.map((part) => parseValue(part.trim()));
  return parts.length <= valuesMax && values.every((value) => value !== null) ? values : null;
}

function parseRules<R>(
  text: string,
  parseValue: (text: string) => R | null,
): (R & { isNegated: boolean })[] | null {
  return parseList(text, /[,\n]/, FILTER_VALUES_MAX, (part) => parseRule(part, parseValue));
}

/** Commas belong to the pattern; a pattern that begins with `!` is written `\!`. */
function parsePaths(text: string): PathRule[] | null {
  return parseList(text, /\n/, PATH_PATTERNS_MAX, (part) => parseRule(part, parsePath));
}

function parsePath(text: string): { pattern: string } | null {
  const isText = text !== '' && text.length <= PATTERN_LENGTH_MAX && !text.includes('\0');
  return isText && isPattern(text) ? { pattern: text } : null;
}

function parseMethod(text: string): { method: string } | null {
  return METHOD_TOKEN.test(text) ? { method: text } : null;
}

/** `404`, `500-599`, `5xx`. */
function parseStatus(text: string): { first: number; last: number } | null {
  const [, digit, first, last = first] =
    /^(?:([1-9])xx|([1-9]\d\d)(?:-([1-9]\d\d))?)$/i.exec(text) ?? [];
  if (digit !== undefined) {
    return { first: Number(digit) * 100, last: Number(digit) * 100 + 99 };
  }
  return first === undefined || Number(first) > Number(last)
    ? null
    : { first: Number(first), last: Number(last) };
}

function printStatus({ first, last }: StatusRule): string {
  return first === last ? `${first}` : `${first}-${last}`;
}

function parseHost(text: string): { host: string; isSuffix: boolean; port: string } | null {
  const [, suffix, host, port = ''] = HOST.exec(text) ?? [];
  if (host === undefined || Number(port) > PORT_MAX) {
    return null;
  }
  return { host: host.toLowerCase(), isSuffix: suffix !== undefined, port };
}

function printHost({ host, isSuffix, port }: HostRule): string {
  return `${isSuffix ? '*.' : ''}${host}${port === '' ? '' : `:${port}`}`;
}

/** A zone such as `%eth0` passes `isIP`, but no packet carries one. */
function parseNetworkRule(text: string): Omit<NetworkRule, 'isNegated'> | null {
  const [address, prefix, ...rest] = text.split('/');
  const bits = address.includes('%') ? undefined : ADDRESS_BITS[isIP(address)];
  const isPrefix =
    prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= Number(bits));
  return bits === undefined || rest.length > 0 || !isPrefix
    ? null
    : { network: text, ...parseNetwork(text) };
}

/** Commas belong to the value. */
function parseHeaders(text: string): HeaderRule[] | null {
  return parseList(text, /\n/, FILTER_VALUES_MAX, (part) => parseRule(part, parseHeader));
}

function parseHeader(text: string): { name: string; value: string | undefined } | null {
  const equals = text.indexOf('=');
  const name = (equals === -1 ? text : text.slice(0, equals)).trim();
  const value = equals === -1 ? undefined : text.slice(equals + 1).trim();
  return FIELD_NAME.test(name) ? { name: name.toLowerCase(), value } : null;
}

function printHeader({ name, value }: HeaderRule): string {
  return value === undefined ? name : `${name}=${value}`;
}

/** One of so many flows: the hash that it is compared with has 32 bits. */
function parseSample(text: string): number | null {
  const value = /^[1-9]\d{0,9}$/.test(text.trim()) ? Number(text) : 0;
  return value >= 1 && value < 2 ** 32 ? value : null;
}

/** `redact`, `redact,theme=keep`, `theme=keep,sid=drop`. */
function parseFieldModes(text: string): FieldModes | null {
  const [first, ...rest] = text.split(/[,\n]/).map((part) => part.trim());
  const hasDefault = isMode(first);
  const pairs = (hasDefault ? rest : [first, ...rest]).map((part) => FIELD_MODE.exec(part));
  if (pairs.length > FIELD_MODES_MAX || pairs.some((pair) => pair === null)) {
    return null;
  }
  const byName = pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] as RedactionMode] as const);
  return { default: hasDefault ? first : undefined, byName };
}

function isMode(text: string): text is RedactionMode {
  return MODES.includes(text);
}

function printFieldModes(modes: FieldModes): string {
  const names = modes.byName.map(([name, mode]) => `${name}=${mode}`);
  return (modes.default === undefined ? names : [modes.default, ...names]).join(',');
}

function parsePatternNames(text: string): BuiltInPattern[] | null {
  const names = parseList(text, /[,\n]/, FILTER_VALUES_MAX, (part) =>
    isBuiltIn(part) ? part : null,
  );
  return names === null ? null : [...new Set(names)];
}

function isBuiltIn(text: string): text is BuiltInPattern {
  return (BUILT_IN_PATTERNS as readonly string[]).includes(text);
}

function parseAddressOption(text: string): AddressOption | null {
  if (text.trim() === 'truncate') {
    return { method: 'truncate' };
  }
  const [, keyFile] = /^\s*hash:([^\0]+)$/.exec(text) ?? [];
  return keyFile === undefined ? null : { method: 'hash', keyFile };
}

/** Prints a list of rules so that it can be read again. */
function printRules<R extends { isNegated: boolean }>(
  separator: string,
  printValue: (rule: R) => string,
): (rules: R[]) => string {
  return (rules) =>
    rules.map((rule) => `${rule.isNegated ? '!' : ''}${printValue(rule)}`).join(separator);
}

/** The ways in which values of filters and of redaction are written. */
export const FILTER_SPELLINGS = {
  'path-patterns': {
    allowed: `up to ${PATH_PATTERNS_MAX} regular expressions in RE2's syntax of up to ${PATTERN_LENGTH_MAX} characters, ! before one negates it`,
    parse: parsePaths,
    explain: explainPatterns,
    print: printRules('\n', ({ pattern }: PathRule) => pattern),
    unset: [] as PathRule[],
  },
  'method-filter': {
    allowed: `up to ${FILTER_VALUES_MAX} methods as in GET,POST or !OPTIONS,!HEAD`,
    parse: (text) => parseRules(text, parseMethod),
    print: printRules(',', ({ method }: MethodRule) => method),
    unset: [] as MethodRule[],
  },
  'status-filter': {
    allowed: `up to ${FILTER_VALUES_MAX} status codes as in 404,500-599, 5xx or !200`,
    parse: (text) => parseRules(text, parseStatus),
    print: printRules(',', printStatus),
    unset: [] as StatusRule[],
  },
  'host-filter': {
    allowed: `up to ${FILTER_VALUES_MAX} hosts as in example.com,*.example.org,[::1]:8080 or !example.net`,
    parse: (text) => parseRules(text, parseHost),
    explain: explainHosts,
    print: printRules(',', printHost),
    unset: [] as HostRule[],
  },
  'address-filter': {
    allowed: `up to ${FILTER_VALUES_MAX} addresses or networks as in 10.0.0.1,fd00::/8 or !10.1.0.0/16`,
    parse: (text) => parseRules(text, parseNetworkRule),
    explain: explainAddresses,
    print: printRules(',', ({ network }: NetworkRule) => network),
    unset: [] as NetworkRule[],
  },
  'header-filter': {
    allowed: 'a field name, or NAME=VALUE, of letters, digits, -, _ and . in the name; ! negates',
    parse: parseHeaders,
    print: printRules('\n', printHeader),
    unset: [] as HeaderRule[],
  },
  milliseconds: {
    allowed: DURATION_ALLOWED,
    parse: parseDuration,
    print: String,
  },
  sample: { allowed: `a whole number from 1 to ${2 ** 32 - 1}`, parse: parseSample, print: String },
  'field-modes': {
    allowed: 'keep, drop or redact, then NAME=keep|drop|redact for single names, with commas',
    parse: parseFieldModes,
    print: printFieldModes,
    unset: { default: undefined, byName: [] } as FieldModes,
  },
  'redact-patterns': {
    allowed: PATTERNS_ALLOWED,
    parse: parsePatternNames,
    explain: explainWords(PATTERNS_ALLOWED, BUILT_IN_PATTERNS),
    print: (names: BuiltInPattern[]) => names.join(','),
    unset: [] as BuiltInPattern[],
  },
  'anonymize-ip': {
    allowed: 'truncate, or hash: and the path of a key file',
    parse: parseAddressOption,
    print: (value: AddressOption) =>
      value.method === 'truncate' ? 'truncate' : `hash:${value.keyFile}`,
  },
} as const satisfies Record<string, Spelling<unknown>>;
