import type { SqliteFailure } from './sqlite-fault.ts';

/** What the database thread is asked, one at a time; each gets one `SqliteReply`. */
export type SqliteRequest =
  /** Is there a SQLite? A file that is named and there is opened, and brought to the newest schema. */
  | { kind: 'check'; path: string | null }
  | SqliteInsert
  /** Closes every database, which are opened anew by their paths. */
  | { kind: 'reopen' }
  /** Closes every database and ends the thread. */
  | { kind: 'close' };

export interface SqliteInsert {
  kind: 'insert';
  path: string;
  /** Of the batch; decides which databases may be closed. */
  day: number;
  /** Transferred, and again with the reply. */
  bytes: Uint8Array<ArrayBuffer>;
  byteLength: number;
}

export interface SqliteReply {
  failure: SqliteFailure | null;
  /** The bytes of an insert. */
  bytes: Uint8Array<ArrayBuffer> | null;
  /** Of an insert that did not fail. */
  linesWritten: number;
  linesDropped: number;
  /** The database was opened for it. */
  isOpened: boolean;
}
