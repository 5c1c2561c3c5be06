import { Worker } from 'node:worker_threads';
import { EXIT_RUNTIME, HttplogError } from '../errors.ts';
import type { SqliteReply, SqliteRequest } from './sqlite-protocol.ts';

interface Waiting {
  resolve(reply: SqliteReply): void;
  reject(error: HttplogError): void;
}

/** The database thread, as seen by the thread that asks it. Replies come in the order of the requests. */
export class SqliteClient {
  readonly #worker: Worker;
  /** Bounded by who asks: one insert at a time, and what is no insert is rare. */
  readonly #waiting: Waiting[] = [];
  #failure: HttplogError | null = null;

  constructor() {
    // `.ts` from a checkout, `.js` in the published package.
    const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const entry = new URL(`./sqlite-thread.${ending}`, import.meta.url);
    this.#worker = new Worker(entry, { name: 'sqlite' });
    this.#worker.on('message', (reply: SqliteReply) => this.#waiting.shift()?.resolve(reply));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('it has ended')));
  }

  /** @throws HttplogError `HTTPLOG_SQLITE` when the thread is gone */
  ask(request: SqliteRequest): Promise<SqliteReply> {
    if (this.#failure !== null) {
      return Promise.reject(this.#failure);
    }
    return new Promise((resolve, reject) => {
      this.#worker.postMessage(request);
      this.#waiting.push({ resolve, reject });
    });
  }

  /** Ends the thread at once; a call into SQLite that is under way is waited for. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(cause: Error): void {
    this.#failure ??= new HttplogError(`The database thread failed: ${cause.message}`, {
      code: 'HTTPLOG_SQLITE',
      exitCode: EXIT_RUNTIME,
      cause,
    });
    for (const { reject } of this.#waiting.splice(0)) {
      reject(this.#failure);
    }
  }
}
