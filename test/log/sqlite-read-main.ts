/**
 * Reads the newest databases of a directory again and again, from the moment that their names are there:
 * `DIR COUNT TIMEOUT_MS`, how many of them and how long it waits for a lock. Ends when `DIR/end` is there, and
 * tells what it saw as JSON.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const [, , directory, count, timeoutMs] = process.argv;
const errors: Record<string, number> = {};
const seen = new Set<string>();
let reads = 0;

function read(name: string): void {
  const database = new DatabaseSync(join(directory, name), {
    readOnly: true,
    timeout: Number(timeoutMs),
  });
  try {
    database.prepare('SELECT count(*) FROM exchanges').get();
    database.prepare('SELECT count(*) FROM messages').get();
    reads += 1;
  } finally {
    database.close();
  }
}

console.log('reading');
while (!existsSync(join(directory, 'end'))) {
  const names = readdirSync(directory).filter((name) => name.endsWith('.sqlite'));
  for (const name of names.toSorted().slice(-Number(count))) {
    seen.add(name);
    try {
      read(name);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      errors[text] = (errors[text] ?? 0) + 1;
    }
  }
}
console.log(JSON.stringify({ reads, databases: seen.size, errors }));
