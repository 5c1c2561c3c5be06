import type { NamedField } from '../http/grammar.ts';
import type { Kind, RecordKinds } from '../record/record-kinds.ts';
import type { LineDisplay } from './colors.ts';
import type { LineDocument } from './line-batch.ts';
import { TEXT_COLUMNS_DEFAULT, type TextColumns } from './text-line.ts';
import type { UtcOffset } from './timestamp.ts';

/** What a format is made with. */
export interface RecordFormatOptions {
  /** The fields that `--header` names, which formats write beside their own. */
  namedFields: readonly NamedField[];
  /** Of the zone that local times are written in; formats with UTC times do not ask. */
  utcOffset: UtcOffset;
  /** Name of this host, where a format has a place for the observer. */
  hostName: string;
  textColumns: TextColumns;
  /** Of the format `template`; **it was compiled before, so that it is known to be right**. */
  template?: string | undefined;
  /** Of who looks at the lines, where somebody does. */
  display?: LineDisplay | undefined;
}

/** Of formats that are asked for what depends on none of them: names of fields, lines at the head of a file. */
export const FORMAT_OPTIONS_DEFAULT: RecordFormatOptions = {
  namedFields: [],
  utcOffset: () => 0,
  hostName: '',
  textColumns: TEXT_COLUMNS_DEFAULT,
};

/**
 * Writes records of one kind as lines. Hot: nothing allocates a record, and no input can end a line or a field
 * early, or forge another record.
 */
export interface RecordWriter<R> {
  /** Lines that `write` makes of one record. */
  readonly linesPerRecord: number;
  /** Bytes that the record's lines need at most; what `write` may rely on. */
  readonly bytesMax: (record: R) => number;
  /**
   * Writes the record's lines, each with its line feed.
   *
   * @returns where the next line goes; **the caller has made room for `bytesMax`**
   */
  readonly write: (target: Uint8Array, at: number, record: R) => number;
}

/** A way to write records as lines. */
export interface RecordFormat {
  /** How names of daily files end. */
  readonly suffix: string;
  /** By kind of record: makes its writer. The first kind is the one that the format is for; it refuses others. */
  readonly writers: {
    readonly [K in Kind]?: (options: RecordFormatOptions) => RecordWriter<RecordKinds[K]>;
  };
  /** The fields of `--header` have a place by themselves. */
  readonly hasHeaderFields: boolean;
  /** Lines that a new file begins with; undefined: none. */
  readonly createFileHeader?: (namedFields: readonly NamedField[]) => Uint8Array;
  /** Lines are no lines by themselves: what makes a document of them, with the version of httplog in it. */
  readonly createDocument?: (version: string) => LineDocument;
  /** Lines that were written without colours, with them; undefined: the format writes them itself, or has none. */
  readonly paint?: (lines: Uint8Array) => Uint8Array;
}
