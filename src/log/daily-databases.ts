import { join } from 'node:path';
import type { UpkeepCounters } from '../counters/writer-counts.ts';
import { LINE_STREAM_ALL } from '../format/line-batch.ts';
import { createKeeper } from './create-keeper.ts';
import type { FileKeeper, HeldFile } from './file-keeper.ts';
import { DAILY_DATABASE_SUFFIX, DAILY_NUMBER_MAX, findDailyName } from './own-files.ts';
import type { SqliteClient } from './sqlite-client.ts';
import { restoreSqliteFailure } from './sqlite-fault.ts';
import { COMPANION_SUFFIXES } from './sqlite-open.ts';
import type { SqliteReply } from './sqlite-protocol.ts';
import type { Upkeep, UpkeepEvents } from './upkeep.ts';
import type { WriteFault } from './write-fault.ts';

export interface DailyDatabasesOptions {
  directory: string;
  upkeep?: Upkeep | undefined;
  policy: 'hold' | 'fail';
  events: UpkeepEvents & { onFault?(fault: WriteFault): void };
}

/** A day's database under way. */
interface CurrentDatabase extends HeldFile {
  /** As the thread told it last. */
  byteLength: number;
}

/**
 * The databases of an output that has one a day, `DIR/http-YYYYMMDD.sqlite`: where a day's rows go, and what
 * becomes of those that are full or of a past day. Types are not split, because a query tells them apart.
 */
export class DailyDatabases {
  readonly #directory: string;
  readonly #client: SqliteClient;
  readonly #keeper: FileKeeper | null;
  /** By day; those that the thread has closed are given back. */
  readonly #current = new Map<number, CurrentDatabase>();

  constructor(options: DailyDatabasesOptions, client: SqliteClient) {
    const { directory, upkeep, policy, events } = options;
    this.#directory = directory;
    this.#client = client;
    const files = {
      directory,
      suffix: DAILY_DATABASE_SUFFIX,
      companionSuffixes: COMPANION_SUFFIXES,
      upkeep,
      events,
      settle: (path: string) => this.#settle(path),
    };
    this.#keeper = createKeeper(files, policy);
  }

  get counters(): UpkeepCounters | undefined {
    return this.#keeper?.counters;
  }

  /**
   * The database for the rows of a day; a full one is closed first.
   *
   * @throws Error of the system when the directory cannot be read
   */
  async findPath(day: number): Promise<string> {
    const keeper = this.#keeper;
    if (keeper === null) {
      return join(this.#directory, findDailyName(day, '', DAILY_DATABASE_SUFFIX));
    }
    let current = this.#current.get(day);
    if (current === undefined) {
      current = { ...(await keeper.holdNewest(day, LINE_STREAM_ALL)), byteLength: 0 };
    } else if (isFull(current, keeper.upkeep)) {
      current = await this.#rotate(keeper, day, current);
    }
    this.#current.set(day, current);
    return join(this.#directory, current.name);
  }

  /** Takes over what the thread tells after it was asked to insert into the database of that day. */
  note(day: number, path: string, { byteLength, closedPaths }: SqliteReply): void {
    const current = this.#current.get(day);
    if (current !== undefined) {
      current.byteLength = byteLength;
    }
    // After an error it is opened anew, and so it is still ours.
    this.release(closedPaths.filter((closedPath) => closedPath !== path));
  }

  /** The thread has closed these: rows that come for them open them anew, or the ones behind them. */
  release(closedPaths: readonly string[]): void {
    for (const [day, { name }] of this.#current) {
      if (closedPaths.includes(join(this.#directory, name))) {
        this.#current.delete(day);
        this.#keeper?.release(name);
      }
    }
  }

  changeUpkeep(upkeep: Upkeep): void {
    this.#keeper?.change(upkeep);
  }

  /** Ends what is under way: a database that is being compressed stays as it was. */
  async close(): Promise<void> {
    await this.#keeper?.close();
  }

  async #rotate(keeper: FileKeeper, day: number, full: CurrentDatabase): Promise<CurrentDatabase> {
    const next = keeper.holdNext(day, LINE_STREAM_ALL, full.number);
    // A reader may be in the way: then it is closed all the same, and settled when it is compressed.
    await this.#settle(join(this.#directory, full.name)).catch(() => undefined);
    keeper.noteRotation(full.name, next.name);
    return { ...next, byteLength: 0 };
  }

  async #settle(path: string): Promise<void> {
    const { failure } = await this.#client.ask({ kind: 'settle', path });
    if (failure !== null) {
      throw restoreSqliteFailure(failure);
    }
  }
}

function isFull({ byteLength, number }: CurrentDatabase, { rotateBytes }: Upkeep): boolean {
  return rotateBytes > 0 && byteLength >= rotateBytes && number < DAILY_NUMBER_MAX;
}
