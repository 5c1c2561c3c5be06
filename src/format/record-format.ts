import type { NamedField } from '../http/grammar.ts';
import type { Exchange } from '../record/exchange.ts';
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
}

/** Of formats that are asked for what depends on none of them: names of fields, lines at the head of a file. */
export const FORMAT_OPTIONS_DEFAULT: RecordFormatOptions = {
  namedFields: [],
  utcOffset: () => 0,
  hostName: '',
  textColumns: TEXT_COLUMNS_DEFAULT,
};

/**
 * A way to write exchanges, and messages, as lines. Hot: nothing allocates a record, and no input can end a
 * line or a field early, or forge another record.
 */
export interface RecordFormat {
  /** Lines that `write` makes of one record. */
  readonly linesPerRecord: number;
  /** Lines that a new file begins with; undefined: none. */
  readonly fileHeader: Uint8Array | undefined;
  /** Bytes that the record's lines need at most; what `write` may rely on. */
  bytesMax(exchange: Exchange): number;
  /**
   * Writes the record's lines, each with its line feed.
   *
   * @returns where the next line goes; **the caller has made room for `bytesMax`**
   */
  write(target: Uint8Array, at: number, exchange: Exchange): number;
}
