import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { EXIT_PERMISSION, EXIT_RUNTIME, HttplogError, systemErrorName } from '../errors.ts';
import { checkDirectory } from '../log/output-target.ts';
import { followPath } from '../log/path-trust.ts';
import { describeSystemError } from '../log/write-fault.ts';
import { SERVICE_LOG_BACKLOG_MAX, SERVICE_LOG_TRIES_MAX } from './limits.ts';
import { formatServiceLogLine } from './service-log-line.ts';

export interface ServiceLogOptions {
  /** Directory of the daily files, or undefined for standard error. */
  directory: string | undefined;
  /** Warnings and errors only. */
  quiet: boolean;
}

/** What belongs to a message, by name; undefined is left out. */
export type ServiceLogFields = Record<string, string | number | boolean | undefined>;

/** Takes the JSON lines of pino. Both kinds write before `write` returns: nothing waits for the exit. */
interface ServiceLogSink {
  write(json: string): void;
  close(): Promise<void>;
}

const SERVICE_LOG_MODE = 0o640;
const FILE_NAME = /^httplog-service\..*\.jsonl$/;
const WRITABLE_BY_OTHERS = 0o002;
const WRITABLE_BY_GROUP = 0o020;
const STDERR_FD = 2;

/**
 * Opens what httplog says about itself: readable lines on standard error, or with a directory JSON lines
 * in `DIR/httplog-service.YYYY-MM-DD.N.jsonl`. The name does not end in `.log` because pino-roll takes the
 * digits before its ending for its own number, and `http-YYYYMMDD.log` may stand in the same directory.
 *
 * pino is loaded here and not before: commands that say nothing start without it.
 *
 * @throws HttplogError when the directory is missing (exit code 3), not writable (4) or none (2)
 */
export async function openServiceLog(options: ServiceLogOptions): Promise<ServiceLog> {
  const { directory, quiet } = options;
  if (directory !== undefined) {
    await checkDirectory(directory, '--service-log');
    await refuseForeignFiles(directory);
  }
  const { pino } = await import('pino');
  const sink =
    directory === undefined
      ? createStandardErrorSink(pino.destination)
      : await openDailyFileSink(directory);
  const logger = pino(
    {
      level: levelOf(quiet),
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    sink,
  );
  return new ServiceLog(logger, sink);
}

/** What the daemon says about itself; the traffic has its own log. */
export class ServiceLog {
  readonly #logger: Logger;
  readonly #sink: ServiceLogSink;

  constructor(logger: Logger, sink: ServiceLogSink) {
    this.#logger = logger;
    this.#sink = sink;
  }

  info(message: string, fields: ServiceLogFields = {}): void {
    this.#logger.info(fields, message);
  }

  warn(message: string, fields: ServiceLogFields = {}): void {
    this.#logger.warn(fields, message);
  }

  error(message: string, fields: ServiceLogFields = {}): void {
    this.#logger.error(fields, message);
  }

  /** What was asked for: told with `quiet` too. */
  answer(message: string): void {
    const { level } = this.#logger;
    this.#logger.level = 'info';
    this.#logger.info(message);
    this.#logger.level = level;
  }

  setQuiet(quiet: boolean): void {
    this.#logger.level = levelOf(quiet);
  }

  /** Closes the file; what is said afterwards is lost. Never rejects. */
  async close(): Promise<void> {
    this.#logger.level = 'silent';
    await this.#sink.close();
  }
}

function levelOf(quiet: boolean): string {
  return quiet ? 'warn' : 'info';
}

function createStandardErrorSink(
  openDestination: typeof import('pino').destination,
): ServiceLogSink {
  let waitsCount = 0;
  const stream = openDestination({
    dest: STDERR_FD,
    sync: true,
    maxLength: SERVICE_LOG_BACKLOG_MAX,
    // Each wait stops the main thread for 100 ms; what is left goes out with the next message.
    retryEAGAIN: () => ++waitsCount < SERVICE_LOG_TRIES_MAX,
  });
  stream.on('write', () => {
    waitsCount = 0;
  });
  // Nobody is left to be told that standard error fails.
  stream.on('error', () => undefined);
  return {
    write: (json) => {
      stream.write(formatServiceLogLine(json));
    },
    close: async () => undefined,
  };
}

/**
 * pino-roll opens names that can be told beforehand, today's and each midnight's, and follows links: nobody else may
 * put one there. For root that is the directory's group, too.
 *
 * @throws HttplogError with exit code 4
 */
async function refuseForeignFiles(directory: string): Promise<void> {
  const uid = process.getuid?.() ?? 0;
  const isOwn = (owner: number): boolean => owner === uid || owner === 0;
  const { uid: owner, mode } = await stat(directory);
  const open = uid === 0 ? WRITABLE_BY_OTHERS | WRITABLE_BY_GROUP : WRITABLE_BY_OTHERS;
  if (!isOwn(owner) || (mode & open) !== 0) {
    throw createForeignError(`Other users may write directory ${directory} of the service log`);
  }
  await followPath(directory, true).catch((error: unknown) => {
    throw createForeignError(
      `Cannot trust directory ${directory} of the service log: ${describeSystemError(error)}`,
    );
  });
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const stats = FILE_NAME.test(name) ? await lstat(path).catch(() => undefined) : undefined;
    if (stats !== undefined && !(stats.isFile() && stats.nlink === 1 && isOwn(stats.uid))) {
      throw createForeignError(`${path} is a link, no file, or another user's`);
    }
  }
}

function createForeignError(message: string): HttplogError {
  return new HttplogError(message, {
    code: 'HTTPLOG_SERVICE_LOG',
    exitCode: EXIT_PERMISSION,
    hint: 'Name a directory of this user with --service-log, or leave it out for standard error',
  });
}

async function openDailyFileSink(directory: string): Promise<ServiceLogSink> {
  const { default: openRollingFile } = await import('pino-roll');
  const stream = await openRollingFile({
    file: join(directory, 'httplog-service.jsonl'),
    frequency: 'daily',
    dateFormat: 'yyyy-MM-dd',
    sync: true,
    mode: SERVICE_LOG_MODE,
    maxLength: SERVICE_LOG_BACKLOG_MAX,
  }).catch((error: unknown) => {
    throw createOpenError(directory, error);
  });
  let isFailing = false;
  stream.on('write', () => {
    isFailing = false;
  });
  stream.on('error', (error: unknown) => {
    if (!isFailing) {
      isFailing = true;
      process.stderr.write(`Cannot write the service log: ${describeSystemError(error)}\n`);
    }
  });
  return {
    write: (json) => {
      stream.write(json);
    },
    // Not `flushSync`: on a full disk it tries for ever, with the main thread stopped.
    close: () =>
      new Promise((resolve) => {
        stream.once('close', resolve);
        stream.once('error', resolve);
        stream.end();
      }),
  };
}

function createOpenError(directory: string, cause: unknown): HttplogError {
  const isSystemError = systemErrorName(cause) !== '';
  return new HttplogError(
    `Cannot open the service log in ${directory}: ${describeSystemError(cause)}`,
    {
      code: 'HTTPLOG_SERVICE_LOG',
      exitCode: EXIT_RUNTIME,
      hint: isSystemError
        ? 'Name another directory with --service-log, or leave it out for standard error'
        : 'Name a directory without any of < > : " | ? * in its path with --service-log',
      cause,
    },
  );
}
