/**
 * What is written at all, as the operator said it: plain values, which threads can copy.
 *
 * Of the values of one list, one that is not negated must hold if there is any, and none that is negated
 * may hold.
 */
export interface FilterSettings {
  /** Path patterns, one of which must match. */
  includePaths: readonly PathRule[];
  /** Path patterns that must not match; a negated one is an exception from the others. */
  excludePaths: readonly PathRule[];
  methods: readonly MethodRule[];
  statuses: readonly StatusRule[];
  hosts: readonly HostRule[];
  clients: readonly NetworkRule[];
  servers: readonly NetworkRule[];
  headers: readonly HeaderRule[];
  /** Milliseconds that an exchange must have taken longer than. */
  slowerThanMs: number | undefined;
  /** One flow in so many is written, whole. */
  sampleOneIn: number | undefined;
  /**
   * Flows are chosen by a hash with this key, so that being chosen says nothing of the client's address;
   * undefined: by the hash of the flow itself.
   */
  sampleKey: Uint8Array | undefined;
}

interface Rule {
  isNegated: boolean;
}

/** A regular expression in RE2's syntax that a part of the path must match. */
export interface PathRule extends Rule {
  pattern: string;
}

/** Methods are compared with regard to case. @see RFC 9110 section 9.1 */
export interface MethodRule extends Rule {
  method: string;
}

/** Status codes from the first to the last, both included. */
export interface StatusRule extends Rule {
  first: number;
  last: number;
}

export interface HostRule extends Rule {
  /** Lower case, an IPv6 address in brackets. */
  host: string;
  /** True: any name that ends in a dot and `host`. */
  isSuffix: boolean;
  /** Decimal; empty: any port, or none. */
  port: string;
}

export interface NetworkRule extends Rule {
  /** As it was written. */
  network: string;
  /** 4 or 16 bytes. */
  address: Uint8Array;
  prefixBits: number;
}

export interface HeaderRule extends Rule {
  /** Lower case. */
  name: string;
  /** Compared without regard to the case of ASCII letters; undefined: the field is there. */
  value: string | undefined;
}

/** Everything is written. */
export const FILTER_EMPTY: FilterSettings = {
  includePaths: [],
  excludePaths: [],
  methods: [],
  statuses: [],
  hosts: [],
  clients: [],
  servers: [],
  headers: [],
  slowerThanMs: undefined,
  sampleOneIn: undefined,
  sampleKey: undefined,
};

/** Says whether any rule is set, so that without one nothing is asked for each exchange. */
export function hasFilter(settings: FilterSettings): boolean {
  const { sampleKey, ...rules } = settings;
  return Object.values(rules).some((rule) =>
    Array.isArray(rule) ? rule.length > 0 : rule !== undefined,
  );
}

/** Fields that the filter looks at and that heads must therefore be searched for, each once. */
export function findHeaderNames(settings: FilterSettings): string[] {
  return [...new Set(settings.headers.map(({ name }) => name))];
}
