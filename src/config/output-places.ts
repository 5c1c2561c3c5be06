import type { RecordFormatName } from '../format/format-table.ts';

/** How `--output` says where lines go: a key of it a kind of output. */
export interface PlaceSpelling {
  /** In `KEY=VALUE`. */
  key: string;
  /** Of its lines; given, the output cannot name another one. */
  format: RecordFormatName | undefined;
  /** The value is a file, or a directory for daily files; else it is no path. */
  isPath: boolean;
  /** Messages of one type can have a daily file of their own. */
  canSplit: boolean;
  /** What is wrong with a value, for the end of a sentence; undefined: nothing. */
  explain?(value: string): string | undefined;
}

/** By kind of output: what each does with its lines is in log/output-kinds.ts. */
export const PLACE_SPELLINGS = {
  /** A file, a directory for daily files (ends in `/`, or is one), or `-`. */
  lines: { key: 'path', format: undefined, isPath: true, canSplit: true },
  /** A database, or a directory for daily ones; its rows are made from json. */
  sqlite: { key: 'sqlite', format: 'json', isPath: true, canSplit: false },
} as const satisfies Record<string, PlaceSpelling>;

export type PlaceKind = keyof typeof PLACE_SPELLINGS;
export type PlaceKey = (typeof PLACE_SPELLINGS)[PlaceKind]['key'];

/** A value by key; at most one is there. */
export type PlaceValues = { [Key in PlaceKey]?: string | undefined };

/** One kind of output, and the value that names its place. */
export interface NamedPlace {
  kind: PlaceKind;
  spelling: PlaceSpelling;
  value: string;
}

const KINDS = Object.keys(PLACE_SPELLINGS) as readonly PlaceKind[];

export const PLACE_KEYS: readonly PlaceKey[] = KINDS.map((kind) => PLACE_SPELLINGS[kind].key);

/** All places that these values name. */
export function findPlaces(values: PlaceValues): NamedPlace[] {
  return KINDS.flatMap((kind) => {
    const value = values[PLACE_SPELLINGS[kind].key];
    return value === undefined ? [] : [{ kind, spelling: PLACE_SPELLINGS[kind], value }];
  });
}
