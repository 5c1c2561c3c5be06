import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  SQLITE_BUSY_TIMEOUT_MS,
  SQLITE_CACHE_KIB,
  SQLITE_CHECKPOINT_PAGES,
  SQLITE_CHECKPOINT_WAIT_MS,
  SQLITE_WAL_BYTES_MAX,
} from '../limits.ts';
import { createSqliteRefusal } from './sqlite-fault.ts';
import { createRowInserter, type RowInserter } from './sqlite-rows.ts';
import { migrateSchema } from './sqlite-schema.ts';

export type SqliteModule = typeof import('node:sqlite');

export interface InsertedLines {
  linesWritten: number;
  /** Lines that are no record; the JSON format makes none. */
  linesDropped: number;
}

/** As log files: readable by the group, by nobody else. What SQLite makes beside it has the same mode. */
const DATABASE_FILE_MODE = 0o640;

/** O_NONBLOCK is for a named pipe of that name, which would hold the thread. */
const OPEN_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOCTTY;

/** What every database begins with; an empty file is an empty database. */
const SQLITE_MAGIC = 'SQLite format 3\0';

/** An open database of httplog. Blocks the thread that it is used in. */
export class SqliteDatabase {
  readonly path: string;
  readonly #stats: Stats;
  readonly #database: DatabaseSync;
  readonly #exchanges: RowInserter;
  readonly #messages: RowInserter;
  readonly #byteLength: StatementSync;

  /**
   * Opens the file, makes it where it is missing, and brings its schema up to date.
   *
   * @throws Error of the system, of SQLite, or of `createSqliteRefusal`
   */
  constructor(sqlite: SqliteModule, path: string) {
    this.path = path;
    this.#stats = makeFile(path);
    const database = new sqlite.DatabaseSync(path, { timeout: SQLITE_BUSY_TIMEOUT_MS });
    this.#database = database;
    try {
      migrateSchema(database);
      database.exec(`
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL;
        PRAGMA cache_size = -${SQLITE_CACHE_KIB};
        PRAGMA journal_size_limit = ${SQLITE_WAL_BYTES_MAX};
        PRAGMA wal_autocheckpoint = ${SQLITE_CHECKPOINT_PAGES};
      `);
      // The same packets give the same ids: reading a capture again adds nothing.
      const conflictClause = 'ON CONFLICT (id) DO NOTHING';
      this.#exchanges = createRowInserter(database, 'exchanges', ['id', 'time'], conflictClause);
      this.#messages = createRowInserter(database, 'messages', ['time'], '');
      this.#byteLength = database.prepare(
        'SELECT page_count * page_size AS number FROM pragma_page_count, pragma_page_size',
      );
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** What the file has once everything is in it. */
  get byteLength(): number {
    return Number(this.#byteLength.get()?.number);
  }

  /** False when the path has another file by now, or none. */
  isInPlace(): boolean {
    const stats = statSync(this.path, { throwIfNoEntry: false });
    return stats?.ino === this.#stats.ino && stats.dev === this.#stats.dev;
  }

  /**
   * Inserts lines of the JSON format in one transaction: all of them, or none.
   *
   * @throws Error of SQLite; nothing of the text is in the database then
   */
  insert(text: string): InsertedLines {
    const lines = { linesWritten: 0, linesDropped: 0 };
    const hasNulls = text.includes('\\u0000');
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const line of text.split('\n')) {
        if (line === '') {
          continue;
        }
        if (this.#insertLine(line, hasNulls)) {
          lines.linesWritten += 1;
        } else {
          lines.linesDropped += 1;
        }
      }
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) {
        this.#database.exec('ROLLBACK');
      }
      throw error;
    }
    return lines;
  }

  /**
   * Brings everything into the one file, as far as no reader is in the way, and closes it. SQLite would do
   * that by itself, but not for a file that was renamed, whose last rows would be lost with its log.
   */
  close(): void {
    try {
      this.#database.exec(`
        PRAGMA busy_timeout = ${SQLITE_CHECKPOINT_WAIT_MS};
        PRAGMA wal_checkpoint(TRUNCATE);
      `);
    } catch {
      // A full disk: the rows stay in the write-ahead log, where the next one who opens it finds them.
    } finally {
      this.#database.close();
    }
  }

  #insertLine(line: string, hasNulls: boolean): boolean {
    const record = parseRecord(line);
    switch (record?.record) {
      case 'exchange':
        return this.#exchanges.insert(record, hasNulls);
      case 'message':
        return this.#messages.insert(record, hasNulls);
      default:
        return false;
    }
  }
}

/**
 * Makes one plain file of a database that gets no more rows, with nothing left beside it, also of what a
 * killed run has left: it can then be copied, compressed, and read where nobody may write.
 *
 * @throws Error of the system or of SQLite; `SQLITE_BUSY` while somebody else has it open
 */
export function settleDatabase(sqlite: SqliteModule, path: string): void {
  // SQLite would make one that is missing.
  statSync(path);
  const database = new sqlite.DatabaseSync(path, { timeout: SQLITE_CHECKPOINT_WAIT_MS });
  try {
    database.exec('PRAGMA journal_mode = DELETE');
  } finally {
    database.close();
  }
}

/** Makes the file with our mode; SQLite would let everybody read it. */
function makeFile(path: string): Stats {
  const fd = openSync(path, OPEN_FLAGS, DATABASE_FILE_MODE);
  try {
    const stats = fstatSync(fd);
    const head = Buffer.alloc(SQLITE_MAGIC.length);
    if (!stats.isFile()) {
      throw createSqliteRefusal('HTTPLOG_SQLITE_FOREIGN', 'it is not a regular file');
    }
    if (stats.size > 0) {
      readSync(fd, head, 0, head.length, 0);
      if (head.toString('latin1') !== SQLITE_MAGIC) {
        throw createSqliteRefusal('HTTPLOG_SQLITE_FOREIGN', 'it is not a SQLite database');
      }
    }
    return stats;
  } finally {
    closeSync(fd);
  }
}

function parseRecord(line: string): Record<string, unknown> | null {
  try {
    return JSON.parse(line) as Record<string, unknown> | null;
  } catch {
    return null;
  }
}
