import type { DatabaseSync } from 'node:sqlite';
import { createSqliteRefusal } from './sqlite-fault.ts';

/**
 * Stands in the header of every database of httplog, "HTLG", so that no other program's is written into.
 *
 * @see https://www.sqlite.org/fileformat2.html#application_id
 */
export const SQLITE_APPLICATION_ID = 0x48544c47;

/**
 * The steps from an empty database to the newest schema; `user_version` counts those taken. A step that was
 * published never changes. Columns have the names of the JSON format's keys, and what is written to them is
 * read off the tables, so that a new column is a new step here and nothing else.
 *
 * A message has no key of its own: whoever reads the same packets twice into one file wanted them twice.
 */
export const SQLITE_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE exchanges (
    id TEXT PRIMARY KEY NOT NULL,
    time TEXT NOT NULL,
    side TEXT,
    type TEXT,
    client_ip TEXT,
    client_port INTEGER,
    server_ip TEXT,
    server_port INTEGER,
    vlan TEXT,
    method TEXT,
    target TEXT,
    path TEXT,
    query TEXT,
    version TEXT,
    host TEXT,
    user_agent TEXT,
    referer TEXT,
    request_content_type TEXT,
    user TEXT,
    forwarded_for TEXT,
    forwarded TEXT,
    request_id TEXT,
    correlation_id TEXT,
    traceparent TEXT,
    status INTEGER,
    reason TEXT,
    response_content_type TEXT,
    content_length INTEGER,
    request_content_length INTEGER,
    location TEXT,
    server TEXT,
    connect_ms REAL,
    request_ms REAL,
    ttfb_ms REAL,
    response_ms REAL,
    duration_ms REAL,
    request_head_bytes INTEGER,
    request_body_bytes INTEGER,
    response_head_bytes INTEGER,
    response_body_bytes INTEGER,
    retransmitted_segments INTEGER,
    complete INTEGER,
    incomplete TEXT,
    request_headers TEXT,
    response_headers TEXT
  ) STRICT;
  CREATE INDEX exchanges_time ON exchanges (time);
  CREATE INDEX exchanges_status_time ON exchanges (status, time);
  CREATE INDEX exchanges_host_time ON exchanges (host, time);
  CREATE INDEX exchanges_client_ip_time ON exchanges (client_ip, time);
  CREATE INDEX exchanges_duration_ms ON exchanges (duration_ms);

  CREATE TABLE messages (
    id TEXT,
    time TEXT NOT NULL,
    side TEXT,
    type TEXT,
    client_ip TEXT,
    client_port INTEGER,
    server_ip TEXT,
    server_port INTEGER,
    vlan TEXT,
    method TEXT,
    target TEXT,
    path TEXT,
    query TEXT,
    version TEXT,
    host TEXT,
    user_agent TEXT,
    referer TEXT,
    request_content_type TEXT,
    user TEXT,
    forwarded_for TEXT,
    forwarded TEXT,
    request_id TEXT,
    correlation_id TEXT,
    traceparent TEXT,
    status INTEGER,
    reason TEXT,
    response_content_type TEXT,
    content_length INTEGER,
    request_content_length INTEGER,
    location TEXT,
    server TEXT,
    request_head_bytes INTEGER,
    response_head_bytes INTEGER,
    request_headers TEXT,
    response_headers TEXT
  ) STRICT;
  CREATE INDEX messages_time ON messages (time);
  CREATE INDEX messages_client_ip_time ON messages (client_ip, time);
  CREATE INDEX messages_host_time ON messages (host, time) WHERE host IS NOT NULL;
  CREATE INDEX messages_status_time ON messages (status, time) WHERE status IS NOT NULL;
  `,
  addColumns(
    'proxy_client_ip TEXT',
    'proxy_client_port INTEGER',
    'original_client_ip TEXT',
    'original_client_port INTEGER',
    'client_from TEXT',
  ),
  addColumns(
    'target_cut INTEGER',
    'proxy_server_ip TEXT',
    'proxy_server_port INTEGER',
    'nat_client_ip TEXT',
    'nat_client_port INTEGER',
    'nat_server_ip TEXT',
    'nat_server_port INTEGER',
  ),
];

/** A step that gives both tables columns, behind those that they have. */
function addColumns(...columns: readonly string[]): string {
  return ['exchanges', 'messages']
    .flatMap((table) => columns.map((column) => `ALTER TABLE ${table} ADD COLUMN ${column};`))
    .join('\n');
}

/**
 * Brings an empty or older database of httplog to the newest schema: all steps that are missing, or none.
 *
 * @throws Error `HTTPLOG_SQLITE_FOREIGN` or `HTTPLOG_SQLITE_VERSION`, before anything is changed
 */
export function migrateSchema(
  database: DatabaseSync,
  migrations: readonly string[] = SQLITE_MIGRATIONS,
): void {
  if (findVersion(database, migrations.length) === migrations.length) {
    return;
  }
  // Looked at again under the lock: another httplog may have just done it.
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const step of migrations.slice(findVersion(database, migrations.length))) {
      database.exec(step);
    }
    database.exec(`PRAGMA application_id = ${SQLITE_APPLICATION_ID}`);
    database.exec(`PRAGMA user_version = ${migrations.length}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) {
      database.exec('ROLLBACK');
    }
    throw error;
  }
}

/** Steps that the database has taken. */
function findVersion(database: DatabaseSync, newestVersion: number): number {
  const version = readNumber(database, 'SELECT user_version AS number FROM pragma_user_version');
  const applicationId = readNumber(
    database,
    'SELECT application_id AS number FROM pragma_application_id',
  );
  if (applicationId !== SQLITE_APPLICATION_ID) {
    const tablesCount = readNumber(database, 'SELECT count(*) AS number FROM sqlite_schema');
    if (applicationId !== 0 || version !== 0 || tablesCount > 0) {
      throw createSqliteRefusal('HTTPLOG_SQLITE_FOREIGN', 'it is the database of another program');
    }
  }
  if (version > newestVersion) {
    throw createSqliteRefusal(
      'HTTPLOG_SQLITE_VERSION',
      `its schema version is ${version}, and this httplog knows those up to ${newestVersion}`,
    );
  }
  return version;
}

function readNumber(database: DatabaseSync, query: string): number {
  return Number(database.prepare(query).get()?.number);
}
