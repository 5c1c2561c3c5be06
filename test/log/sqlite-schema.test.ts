import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  migrateSchema,
  SQLITE_APPLICATION_ID,
  SQLITE_MIGRATIONS,
} from '../../src/log/sqlite-schema.ts';
import { openSqliteWriter } from '../../src/log/sqlite-writer.ts';
import { makeDirectory, removeDirectory } from './small-disk.ts';
import { makeRecord, makeRecordBatch } from './sqlite-records.ts';

const NEWEST = SQLITE_MIGRATIONS.length;

let directory = '';
let database: DatabaseSync;
beforeEach(() => {
  directory = makeDirectory();
  database = new DatabaseSync(join(directory, 'out'));
});
afterEach(() => {
  if (database.isOpen) {
    database.close();
  }
  removeDirectory(directory);
});

const readVersion = (): unknown => database.prepare('PRAGMA user_version').get()?.user_version;
const listTables = (): unknown[] =>
  database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
    .map(({ name }) => name);

/** A database of version 1 that has a row, as an earlier httplog left it. */
function makeVersion1(): void {
  database.exec(SQLITE_MIGRATIONS[0]);
  database.exec(`PRAGMA application_id = ${SQLITE_APPLICATION_ID}; PRAGMA user_version = 1`);
  database.exec("INSERT INTO exchanges (id, time, status) VALUES ('a', '2026-11-21', 200)");
}

describe('migrateSchema', () => {
  test('an empty database of version 0 gets every step, its version and its application id', () => {
    migrateSchema(database);
    expect(readVersion()).toBe(NEWEST);
    expect(listTables()).toEqual(['exchanges', 'messages']);
    expect(database.prepare('PRAGMA application_id').get()).toMatchObject({
      application_id: SQLITE_APPLICATION_ID,
    });
    migrateSchema(database);
    expect(readVersion()).toBe(NEWEST);
  });

  test('a database of version 1 keeps its rows and gets the steps that it misses', () => {
    makeVersion1();
    migrateSchema(database, [
      SQLITE_MIGRATIONS[0],
      'ALTER TABLE exchanges ADD COLUMN note TEXT',
      "UPDATE exchanges SET note = 'moved'",
    ]);
    expect(readVersion()).toBe(3);
    expect({ ...database.prepare('SELECT id, status, note FROM exchanges').get() }).toEqual({
      id: 'a',
      status: 200,
      note: 'moved',
    });
  });

  test('a step that fails leaves the database as it was', () => {
    makeVersion1();
    const steps = [SQLITE_MIGRATIONS[0], 'ALTER TABLE exchanges ADD COLUMN note TEXT', 'nonsense'];
    expect(() => migrateSchema(database, steps)).toThrow('syntax error');
    expect(database.isTransaction).toBe(false);
    expect(readVersion()).toBe(1);
    expect(() => database.prepare('SELECT note FROM exchanges')).toThrow('no such column');
  });

  test('a newer version is refused, and nothing is changed', () => {
    migrateSchema(database);
    database.exec(`PRAGMA user_version = ${NEWEST + 1}`);
    expect(() => migrateSchema(database)).toThrow(
      `its schema version is ${NEWEST + 1}, and this httplog knows those up to ${NEWEST}`,
    );
    expect(readVersion()).toBe(NEWEST + 1);
  });

  for (const [name, sql] of [
    ['a table', 'CREATE TABLE notes (text TEXT)'],
    ['an application id', 'PRAGMA application_id = 7'],
    ['a version', 'PRAGMA user_version = 1'],
  ]) {
    test(`${name} of another program is refused, and nothing is changed`, () => {
      database.exec(sql);
      const tables = listTables();
      expect(() => migrateSchema(database)).toThrow('it is the database of another program');
      expect(listTables()).toEqual(tables);
    });
  }
});

describe('openSqliteWriter', () => {
  const open = () => openSqliteWriter({ path: join(directory, 'out') }, { policy: 'fail' });

  test('adds to a database of version 1', async () => {
    makeVersion1();
    const writer = await open();
    await writer.append(makeRecordBatch([makeRecord(0)]));
    await writer.close(1000);
    expect(readVersion()).toBe(NEWEST);
    expect(database.prepare('SELECT count(*) AS rows FROM exchanges').get()?.rows).toBe(2);
  });

  test('refuses a newer version with what to do', async () => {
    migrateSchema(database);
    database.exec(`PRAGMA user_version = ${NEWEST + 6}`);
    const path = join(directory, 'out');
    await expect(open()).rejects.toMatchObject({
      code: 'HTTPLOG_SQLITE_VERSION',
      exitCode: 2,
      message: `Cannot write ${path}: its schema version is ${NEWEST + 6}, and this httplog knows those up to ${NEWEST}`,
      hint: `Install a newer httplog, or move ${path} away and start again`,
    });
  });

  test("refuses another program's database", async () => {
    database.exec('CREATE TABLE notes (text TEXT)');
    await expect(open()).rejects.toMatchObject({ code: 'HTTPLOG_SQLITE_FOREIGN', exitCode: 2 });
    expect(listTables()).toEqual(['notes']);
  });
});
