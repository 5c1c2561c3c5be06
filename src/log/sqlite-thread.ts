/** The thread that writes databases: SQLite blocks, and the thread of the log files must not. */
import { lstatSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { createNamePattern, DAILY_DATABASE_SUFFIX } from './own-files.ts';
import { SqliteDatabases } from './sqlite-databases.ts';
import { createSqliteRefusal, describeSqliteFailure, SQLITE_MISSING } from './sqlite-fault.ts';
import { removeUnborn, type SqliteModule } from './sqlite-open.ts';
import type { SqliteInsert, SqliteReply, SqliteRequest } from './sqlite-protocol.ts';

const sqlite: SqliteModule | null = process.getBuiltinModule('node:sqlite') ?? null;
const databases = sqlite === null ? null : new SqliteDatabases(sqlite);

parentPort?.on('message', (request: SqliteRequest) => {
  const reply = answer(request);
  parentPort?.postMessage(reply);
  if (request.kind === 'close') {
    parentPort?.close();
  }
});

function answer(request: SqliteRequest): SqliteReply {
  const reply: SqliteReply = {
    failure: null,
    linesWritten: 0,
    linesDropped: 0,
    byteLength: 0,
    isOpened: false,
    closedPaths: [],
  };
  try {
    Object.assign(reply, act(request));
  } catch (error) {
    reply.failure = describeSqliteFailure(error);
  }
  reply.closedPaths = databases?.takeClosedPaths() ?? [];
  return reply;
}

function act(request: SqliteRequest): Partial<SqliteReply> {
  if (databases === null) {
    throw createSqliteRefusal(
      SQLITE_MISSING,
      `This runtime, Node ${process.versions.node}, has no node:sqlite to write a database with`,
    );
  }
  switch (request.kind) {
    case 'check':
      return 'path' in request ? check(databases, request.path) : checkDaily(request.directory);
    case 'insert':
      return insert(databases, request);
    case 'settle':
      databases.settle(request.path);
      return {};
    case 'reopen':
    case 'close':
      databases.closeAll();
      return {};
    default:
      return request satisfies never;
  }
}

/** A file that is missing or empty stays so until its first line. */
function check(open: SqliteDatabases, path: string): Partial<SqliteReply> {
  removeUnborn(dirname(path), (name) => name === basename(path));
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined || (stats.isFile() && stats.size === 0)) {
    return {};
  }
  const { isOpened } = open.use(path, 0, () => undefined);
  return { isOpened };
}

function checkDaily(directory: string): Partial<SqliteReply> {
  const pattern = createNamePattern(DAILY_DATABASE_SUFFIX);
  removeUnborn(directory, (name) => pattern.test(name));
  return {};
}

function insert(open: SqliteDatabases, request: SqliteInsert): Partial<SqliteReply> {
  const { bytes, byteLength } = request;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, byteLength).toString('utf8');
  const { outcome, isOpened } = open.use(request.path, request.day, (database) => {
    return { ...database.insert(text), byteLength: database.byteLength };
  });
  return { ...outcome, isOpened };
}
