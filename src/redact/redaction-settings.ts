/** What becomes of a value: it stays, it goes with all of it, or `REDACTED` stands in its place. */
export type RedactionMode = 'keep' | 'drop' | 'redact';

/** Modes of one class of values. */
export interface FieldModes {
  /** Of the values without a mode of their own; undefined: as the class has it by default. */
  default: RedactionMode | undefined;
  byName: readonly (readonly [name: string, mode: RedactionMode])[];
}

/** The patterns that can be asked for by name. */
export const BUILT_IN_PATTERNS = [
  'email',
  'credit_card',
  'jwt',
  'bearer',
  'ip_v4',
  'ssn',
  'phone',
] as const;

export type BuiltInPattern = (typeof BUILT_IN_PATTERNS)[number];

/** A pattern of the operator's own, in RE2's syntax. */
export interface OwnPattern {
  name: string;
  pattern: string;
}

/**
 * How client addresses are made unrecognisable: the last bits set to zero (/24, /48), or a keyed hash in
 * place of the address, which keeps clients apart.
 */
export type AddressAnonymization = (
  | { method: 'truncate' }
  | { method: 'hash'; key: Uint8Array }
) & {
  /** Of the hash that ids become, which are made of the address. HASH_KEY_BYTES, one in all workers of a run. */
  idKey: Uint8Array;
};

/** What is hidden before a record leaves the worker: plain values, which threads can copy. */
export interface RedactionSettings {
  /** Header fields; names in lower case. */
  headers: FieldModes;
  /** Parameters of the target's query, and of that of fields which hold a URL. */
  query: FieldModes;
  /** Cookies of Cookie and Set-Cookie. */
  cookies: FieldModes;
  patterns: readonly BuiltInPattern[];
  ownPatterns: readonly OwnPattern[];
  addresses: AddressAnonymization | undefined;
}

/** Nothing said: credentials and cookies are hidden, everything else is kept. */
export const REDACTION_DEFAULTS: RedactionSettings = {
  headers: { default: undefined, byName: [] },
  query: { default: undefined, byName: [] },
  cookies: { default: undefined, byName: [] },
  patterns: [],
  ownPatterns: [],
  addresses: undefined,
};

/** Places in the array of counts; those of the patterns follow. */
export const COUNT_HEADERS = 0;
export const COUNT_QUERY = 1;
export const COUNT_COOKIES = 2;
export const COUNT_IP = 3;
/** Values that were left out because there was no room to redact them in. */
export const COUNT_NO_ROOM = 4;
/** Credentials within URLs: user information, and sessions in the path. */
export const COUNT_URL = 5;

const CLASS_NAMES: readonly string[] = ['headers', 'query', 'cookies', 'ip', 'no_room', 'url'];

/** Names that a pattern of one's own cannot have, because counts have them. */
export const RESERVED_PATTERN_NAMES: readonly string[] = [...CLASS_NAMES, ...BUILT_IN_PATTERNS];

/** What is counted, in the order of the counts. */
export function patternNames(settings: RedactionSettings): string[] {
  return [...CLASS_NAMES, ...settings.patterns, ...settings.ownPatterns.map(({ name }) => name)];
}
