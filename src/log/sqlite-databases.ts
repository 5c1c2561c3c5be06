import { SQLITE_DATABASES_MAX } from '../limits.ts';
import { IDLE_FILE_CLOSE_MS, LOG_FILE_CHECK_INTERVAL_MS } from './limits.ts';
import { SqliteDatabase, settleDatabase } from './sqlite-database.ts';
import type { SqliteModule } from './sqlite-open.ts';

interface OpenDatabase {
  database: SqliteDatabase;
  day: number;
  lastUseMs: number;
  checkedAtMs: number;
}

/** The open databases of the thread, by path, the least recently used first. */
export class SqliteDatabases {
  readonly #sqlite: SqliteModule;
  readonly #open = new Map<string, OpenDatabase>();
  #closedPaths: string[] = [];
  #newestDay = 0;

  constructor(sqlite: SqliteModule) {
    this.#sqlite = sqlite;
  }

  /** Calls `act` with the database of this path; after an error it is closed, to be opened anew. */
  use<T>(
    path: string,
    day: number,
    act: (database: SqliteDatabase) => T,
  ): { outcome: T; isOpened: boolean } {
    const nowMs = performance.now();
    const previous = this.#findInPlace(path, nowMs);
    const open = previous ?? {
      database: new SqliteDatabase(this.#sqlite, path),
      day,
      lastUseMs: nowMs,
      checkedAtMs: nowMs,
    };
    open.lastUseMs = nowMs;
    this.#newestDay = Math.max(this.#newestDay, day);
    this.#open.delete(path);
    this.#closeSpare(nowMs);
    this.#open.set(path, open);
    try {
      return { outcome: act(open.database), isOpened: previous === null };
    } catch (error) {
      this.#close(path, open);
      throw error;
    }
  }

  /** See `settleDatabase`. */
  settle(path: string): void {
    const open = this.#open.get(path);
    if (open !== undefined) {
      this.#close(path, open);
    }
    settleDatabase(this.#sqlite, path);
  }

  /** Those that were closed since the last call. */
  takeClosedPaths(): string[] {
    const closedPaths = this.#closedPaths;
    this.#closedPaths = [];
    return closedPaths;
  }

  closeAll(): void {
    for (const [path, open] of this.#open) {
      this.#close(path, open);
    }
  }

  /** A database that was moved away or deleted is closed before a new one of that name is made. */
  #findInPlace(path: string, nowMs: number): OpenDatabase | null {
    const open = this.#open.get(path);
    if (open === undefined) {
      return null;
    }
    if (nowMs - open.checkedAtMs >= LOG_FILE_CHECK_INTERVAL_MS) {
      open.checkedAtMs = nowMs;
      if (!open.database.isInPlace()) {
        this.#close(path, open);
        return null;
      }
    }
    return open;
  }

  #closeSpare(nowMs: number): void {
    for (const [path, open] of this.#open) {
      const isPast = open.day < this.#newestDay && nowMs - open.lastUseMs >= IDLE_FILE_CLOSE_MS;
      if (isPast || this.#open.size >= SQLITE_DATABASES_MAX) {
        this.#close(path, open);
      }
    }
  }

  #close(path: string, open: OpenDatabase): void {
    this.#open.delete(path);
    this.#closedPaths.push(path);
    open.database.close();
  }
}
