import { setTimeout as sleep } from 'node:timers/promises';
import { createWriterCounters, type UpkeepCounters } from '../counters/writer-counts.ts';
import type { HttplogError } from '../errors.ts';
import type { LineBatch } from '../format/line-batch.ts';
import type { AppendOutcome } from './batch-queue.ts';
import type { BatchWriter } from './batch-writer.ts';
import { DailyDatabases } from './daily-databases.ts';
import { answerAtOnce } from './ended-writer.ts';
import { SQLITE_CLOSE_MS, WRITE_GRACE_MS, WRITE_RETRY_INTERVAL_MS } from './limits.ts';
import type { LogWriterOptions } from './log-writer.ts';
import { Outage, type OutageListener } from './outage.ts';
import { settlesWithin } from './settles-within.ts';
import { SqliteClient } from './sqlite-client.ts';
import {
  createSqliteError,
  describeSqliteFailure,
  refineSqliteFault,
  restoreSqliteFailure,
  type SqliteFailure,
} from './sqlite-fault.ts';
import type { SqliteReply } from './sqlite-protocol.ts';
import { checkSqliteTarget, type SqliteTarget } from './sqlite-target.ts';
import type { Upkeep } from './upkeep.ts';

export type SqliteWriterOptions = Pick<LogWriterOptions, 'policy' | 'events' | 'retryIntervalMs'>;

interface Entry {
  batch: LineBatch;
  resolve(outcome: AppendOutcome): void;
  reject(error: HttplogError): void;
}

/**
 * Opens a database for batches of the JSON format's lines. No file is created before its first line.
 *
 * @throws HttplogError when the target cannot be written, when it is not a database of httplog or one of a
 *   newer httplog, `HTTPLOG_SQLITE_MISSING` when this runtime has no SQLite
 */
export async function openSqliteWriter(
  target: SqliteTarget,
  options: SqliteWriterOptions,
): Promise<BatchWriter> {
  await checkSqliteTarget(target, options.policy);
  const client = new SqliteClient();
  const writer = new SqliteWriter(target, client, options);
  try {
    await writer.check();
  } catch (error) {
    await writer.close(0);
    throw error;
  }
  return writer;
}

/**
 * The batches that wait for the databases, in order, each a transaction. Unlike log files, databases wait
 * for each other: all are in one directory, and what ails one of them ails the next.
 */
class SqliteWriter implements BatchWriter {
  readonly counters = createWriterCounters();
  /** The database, or the directory of daily ones. */
  readonly #path: string;
  readonly #client: SqliteClient;
  /** Null when there is one database for all days. */
  readonly #daily: DailyDatabases | null;
  readonly #options: SqliteWriterOptions;
  readonly #outageListener: OutageListener;
  /** The head is being written. Bounded by the buffers of the caller, `BATCHES_MAX`. */
  readonly #entries: Entry[] = [];
  #mustReopen = false;
  #outage: Outage | null = null;
  #pumping: Promise<void> | null = null;
  #isEnded = false;
  #endError: HttplogError | null = null;
  #closed: Promise<void> | null = null;
  #pause = new AbortController();

  constructor(target: SqliteTarget, client: SqliteClient, options: SqliteWriterOptions) {
    this.#client = client;
    this.#options = options;
    this.#outageListener = {
      onFault: (fault) => options.events?.onFault?.(refineSqliteFault(fault)),
      onRecovery: (recovery) => options.events?.onRecovery?.(recovery),
    };
    if ('path' in target) {
      this.#path = target.path;
      this.#daily = null;
    } else {
      const events = { ...options.events, ...this.#outageListener };
      this.#path = target.directory;
      this.#daily = new DailyDatabases({ ...target, policy: options.policy, events }, client);
    }
  }

  get upkeepCounters(): UpkeepCounters | undefined {
    return this.#daily?.counters;
  }

  get pendingBatches(): number {
    return this.#entries.length;
  }

  /** @throws HttplogError when the database of the target cannot be written */
  async check(): Promise<void> {
    const path = this.#path;
    const place = this.#daily === null ? { path } : { directory: path };
    const reply = await this.#client.ask({ kind: 'check', ...place });
    if (reply.failure !== null) {
      throw createSqliteError(path, reply.failure);
    }
    if (this.#daily === null) {
      this.#noteOpened(path, reply);
    }
  }

  async append(batch: LineBatch): Promise<AppendOutcome> {
    const isClosed = this.#closed !== null;
    const outcome = answerAtOnce(batch, this.counters, this.#endError, isClosed);
    if (outcome !== undefined) {
      return outcome;
    }
    return new Promise((resolve, reject) => {
      this.#entries.push({ batch, resolve, reject });
      this.#pumping ??= this.#pump();
    });
  }

  changeUpkeep(upkeep: Upkeep): void {
    this.#daily?.changeUpkeep(upkeep);
  }

  reopen(): void {
    this.#mustReopen = true;
    this.#pumping ??= this.#pump();
  }

  close(deadlineMs: number): Promise<void> {
    this.#closed ??= this.#closeAll(deadlineMs);
    return this.#closed;
  }

  async #closeAll(deadlineMs: number): Promise<void> {
    this.#pause.abort();
    await settlesWithin(this.#drained(), deadlineMs);
    this.#isEnded = true;
    this.#pause.abort();
    await settlesWithin(this.#drained(), WRITE_GRACE_MS);
    this.#dropAll((entry) => entry.resolve(toDropped(entry)));
    await settlesWithin(this.#closeDaily(), SQLITE_CLOSE_MS);
    const closing = this.#client.ask({ kind: 'close' }).then(
      () => undefined,
      () => undefined,
    );
    await settlesWithin(closing, SQLITE_CLOSE_MS);
    await settlesWithin(this.#client.terminate(), WRITE_GRACE_MS);
  }

  async #drained(): Promise<void> {
    await this.#pumping;
  }

  async #closeDaily(): Promise<void> {
    await this.#daily?.close();
  }

  async #pump(): Promise<void> {
    while ((this.#mustReopen || this.#entries.length > 0) && !this.#isEnded) {
      await (this.#mustReopen ? this.#closeDatabases() : this.#writeHead());
    }
    this.#pumping = null;
  }

  /** Between two inserts, so that what is released here is not open again. */
  async #closeDatabases(): Promise<void> {
    this.#mustReopen = false;
    try {
      const { closedPaths } = await this.#client.ask({ kind: 'reopen' });
      this.#daily?.release(closedPaths);
    } catch (error) {
      this.#fail(error as HttplogError);
    }
  }

  async #writeHead(): Promise<void> {
    const entry = this.#entries[0];
    const { batch } = entry;
    const { bytes, byteLength, day } = batch;
    const path = await this.#findPath(day);
    if (path === null || this.#entries[0] !== entry) {
      return;
    }
    let reply: SqliteReply;
    try {
      reply = await this.#client.ask({ kind: 'insert', path, day, bytes, byteLength });
    } catch (error) {
      this.#fail(error as HttplogError);
      return;
    }
    this.#daily?.note(day, path, reply);
    // After the deadline of a stop this batch is counted already.
    if (this.#entries[0] !== entry) {
      return;
    }
    if (reply.failure === null) {
      this.#finishHead(path, reply);
    } else {
      await this.#handleFailure(path, reply.failure);
    }
  }

  /** Null after an error, which is dealt with here. */
  async #findPath(day: number): Promise<string | null> {
    try {
      return this.#daily === null ? this.#path : await this.#daily.findPath(day);
    } catch (error) {
      await this.#handleFailure(this.#path, describeSqliteFailure(error));
      return null;
    }
  }

  #finishHead(path: string, reply: SqliteReply): void {
    const entry = this.#entries.shift();
    const { linesWritten, linesDropped } = reply;
    this.counters.linesWritten += linesWritten;
    this.counters.linesDropped += linesDropped;
    this.counters.bytesWritten += entry?.batch.byteLength ?? 0;
    this.#noteOpened(path, reply);
    this.#outage?.end();
    this.#outage = null;
    entry?.resolve({ linesWritten, linesDropped });
  }

  async #handleFailure(path: string, failure: SqliteFailure): Promise<void> {
    this.counters.writeErrors += 1;
    if (this.#options.policy === 'fail') {
      this.#fail(createSqliteError(path, failure, this.counters.linesWritten));
      return;
    }
    this.#outage ??= new Outage(path, this.#outageListener);
    this.#outage.noteFailedTry(restoreSqliteFailure(failure));
    if (this.#isEnded) {
      return;
    }
    this.#pause = new AbortController();
    const { signal } = this.#pause;
    const waitMs = this.#options.retryIntervalMs ?? WRITE_RETRY_INTERVAL_MS;
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }

  /** The end by an error, for the head and all that wait behind it. */
  #fail(error: HttplogError): void {
    this.#isEnded = true;
    this.#endError ??= error;
    this.#dropAll((entry) => entry.reject(error));
  }

  #dropAll(settle: (entry: Entry) => void): void {
    for (const entry of this.#entries.splice(0)) {
      this.counters.linesDropped += entry.batch.lineCount;
      settle(entry);
    }
  }

  #noteOpened(path: string, { isOpened }: SqliteReply): void {
    if (isOpened) {
      this.counters.filesOpened += 1;
      this.#options.events?.onOpen?.(path);
    }
  }
}

function toDropped({ batch }: Entry): AppendOutcome {
  return { linesWritten: 0, linesDropped: batch.lineCount };
}
