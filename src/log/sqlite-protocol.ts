import type { SqliteFailure } from './sqlite-fault.ts';

/** What the database thread is asked, one at a time; each gets one `SqliteReply`. */
export type SqliteRequest =
  /** Is there a SQLite? A file that is there is opened, and brought to the newest schema. */
  | { kind: 'check'; path: string }
  /** The same for daily databases, each of which is opened with its first row. */
  | { kind: 'check'; directory: string }
  | SqliteInsert
  /** Closes the database, and makes one plain file of it as far as nobody else has it open. */
  | { kind: 'settle'; path: string }
  /** Closes every database, which are opened anew by their paths. */
  | { kind: 'reopen' }
  /** Closes every database and ends the thread. */
  | { kind: 'close' };

export interface SqliteInsert {
  kind: 'insert';
  path: string;
  /** Of the batch; decides which databases may be closed. */
  day: number;
  /** Shared memory: both threads see the same bytes, each while it has them. */
  bytes: Uint8Array;
  byteLength: number;
}

export interface SqliteReply {
  failure: SqliteFailure | null;
  /** Of an insert that did not fail. */
  linesWritten: number;
  linesDropped: number;
  /** Of the database after that insert, what is still in its write-ahead log included. */
  byteLength: number;
  /** The database was opened for it. */
  isOpened: boolean;
  /** Databases that were closed meanwhile; one that was asked for may be open again. */
  closedPaths: string[];
}
