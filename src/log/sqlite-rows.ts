import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

/** A column as the table declares it: STRICT tables know few types. */
interface Column {
  name: string;
  type: string;
}

/** Inserts JSON records into one table: keys are columns, what is absent is NULL. */
export interface RowInserter {
  /** False when the record lacks what every row must have. */
  insert(record: Record<string, unknown>, hasNulls: boolean): boolean;
}

/** Stands in place of a NUL, behind which SQLite's own functions and tools see nothing. */
const REPLACEMENT = '\ufffd';

/** @param requiredNames columns that are NOT NULL; all of them texts */
export function createRowInserter(
  database: DatabaseSync,
  table: string,
  requiredNames: readonly string[],
  conflictClause: string,
): RowInserter {
  const columns = readColumns(database, table);
  const statement = prepareInsert(database, table, columns, conflictClause);
  const values: SQLInputValue[] = columns.map(() => null);
  return {
    insert(record, hasNulls) {
      if (requiredNames.some((name) => typeof record[name] !== 'string')) {
        return false;
      }
      for (let index = 0; index < columns.length; index++) {
        const { name, type } = columns[index];
        values[index] = convertValue(record[name], type, hasNulls);
      }
      statement.run(...values);
      return true;
    },
  };
}

function readColumns(database: DatabaseSync, table: string): Column[] {
  const rows = database.prepare('SELECT name, type FROM pragma_table_info(?)').all(table);
  return rows.map(({ name, type }) => ({ name: String(name), type: String(type) }));
}

function prepareInsert(
  database: DatabaseSync,
  table: string,
  columns: readonly Column[],
  conflictClause: string,
): StatementSync {
  const names = columns.map(({ name }) => `"${name}"`).join(', ');
  const places = columns.map(() => '?').join(', ');
  return database.prepare(`INSERT INTO ${table} (${names}) VALUES (${places}) ${conflictClause}`);
}

/**
 * The value in a type that the column takes, else NULL: a row must never fail, because its whole batch would
 * wait for it forever. A Content-Length of twenty digits is what a peer has written, not a number of bytes.
 */
function convertValue(value: unknown, type: string, hasNulls: boolean): SQLInputValue {
  if (value === undefined || value === null) {
    return null;
  }
  switch (type) {
    case 'TEXT': {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return hasNulls ? text.replaceAll('\0', REPLACEMENT) : text;
    }
    case 'INTEGER': {
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : null;
    }
    default: {
      const number = Number(value);
      return Number.isFinite(number) ? number : null;
    }
  }
}
