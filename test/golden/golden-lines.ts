import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PCAPS_URL } from '../fixtures/built-captures.ts';
import { replayInProcess } from './replay-in-process.ts';

const LINES_URL = new URL('lines/', import.meta.url);

export function fixturePath(file: string): string {
  return fileURLToPath(new URL(file, PCAPS_URL));
}

export function goldenPath(file: string): string {
  return fileURLToPath(new URL(`${file}.lines`, LINES_URL));
}

/** Undefined where there are no golden lines yet. */
export function readGolden(file: string): string | undefined {
  try {
    return readFileSync(goldenPath(file), 'utf8');
  } catch {
    return undefined;
  }
}

/** What `httplog replay FIXTURE -p any -add_vlan -o - --timezone UTC` prints. */
export async function replayFixture(file: string): Promise<string> {
  const { text, failures } = await replayInProcess([fixturePath(file), '-p', 'any', '-add_vlan']);
  if (failures.length > 0) {
    throw failures[0];
  }
  return text;
}

export function splitLines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** Number of messages by method or status, as the tables of INDEX.md write it: `GET 3; 200 2, 404 1`. */
export function countMessages(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const [, , , , type, first, second] = line.split(' ');
    const name = type.endsWith('Q') ? first : second;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
