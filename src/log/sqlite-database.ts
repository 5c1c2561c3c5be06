import {
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  openSync,
  rmSync,
  type Stats,
  writeSync,
} from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  SQLITE_BUSY_TIMEOUT_MS,
  SQLITE_CACHE_KIB,
  SQLITE_CHECKPOINT_PAGES,
  SQLITE_CHECKPOINT_WAIT_MS,
  SQLITE_WAL_BYTES_MAX,
} from './limits.ts';
import { createSqliteRefusal } from './sqlite-fault.ts';
import {
  findDatabasePlace,
  isThere,
  makeDatabase,
  openDatabase,
  type SqliteModule,
} from './sqlite-open.ts';
import { createRowInserter, type RowInserter } from './sqlite-rows.ts';
import { migrateSchema } from './sqlite-schema.ts';

export interface InsertedLines {
  linesWritten: number;
  /** Lines that are no record; the JSON format makes none. */
  linesDropped: number;
}

/**
 * What the header of a database without a write-ahead log has as its versions, to write it and to read it.
 *
 * @see https://www.sqlite.org/fileformat2.html#file_format_version_numbers
 */
const ROLLBACK_VERSIONS = Uint8Array.of(1, 1);
const VERSIONS_OFFSET = 18;

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
    const place = findDatabasePlace(path);
    if (!isThere(place.path)) {
      makeDatabase(sqlite, place, prepareDatabase);
    }
    const { database, stats } = openDatabase(sqlite, place, SQLITE_BUSY_TIMEOUT_MS);
    this.#stats = stats;
    this.#database = database;
    try {
      prepareDatabase(database);
      if (!place.isPrivate) {
        // It was ours to keep others from it, and a database in this mode has none.
        rmSync(`${place.path}-journal`, { force: true });
      }
      database.exec(`
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
    const stats = lstatSync(this.path, { throwIfNoEntry: false });
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
 * `PRAGMA journal_mode` would do the same and lock readers out meanwhile: they would have to wait for the disk.
 *
 * @throws Error of the system or of SQLite; `SQLITE_BUSY` while somebody else has it open
 */
export function settleDatabase(sqlite: SqliteModule, path: string): void {
  const place = findDatabasePlace(path);
  const { database } = openDatabase(sqlite, place, SQLITE_CHECKPOINT_WAIT_MS);
  let fd: number | undefined;
  try {
    // A pragma alone would not look at what a killed run has left.
    database.exec('SELECT count(*) FROM sqlite_schema');
    const { busy } = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() ?? {};
    if (busy !== 0) {
      throw createBusyError();
    }
    fd = openSync(place.path, constants.O_RDWR | constants.O_NOFOLLOW);
    writeSync(fd, ROLLBACK_VERSIONS, 0, ROLLBACK_VERSIONS.length, VERSIONS_OFFSET);
    fsyncSync(fd);
  } finally {
    database.close();
    if (fd !== undefined) {
      // Not before: the end of any descriptor of a file ends all of the process's locks on it.
      closeSync(fd);
    }
  }
  if (!place.isPrivate) {
    rmSync(`${place.path}-journal`, { force: true });
  }
  // The last one who closes it deletes them.
  if (isThere(`${place.path}-wal`) || isThere(`${place.path}-shm`)) {
    throw createBusyError();
  }
}

function createBusyError(): Error {
  return createSqliteRefusal('SQLITE_BUSY', 'database is locked (SQLITE_BUSY)');
}

/** The newest schema, and a log that is written while others read. */
function prepareDatabase(database: DatabaseSync): void {
  migrateSchema(database);
  database.exec('PRAGMA journal_mode = WAL');
}

function parseRecord(line: string): Record<string, unknown> | null {
  try {
    return JSON.parse(line) as Record<string, unknown> | null;
  } catch {
    return null;
  }
}
