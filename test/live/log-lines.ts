import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PATIENCE_MS } from '../patience.ts';
import { waitUntil } from './child-process.ts';

/** What httplog says on standard error when packets flow. */
export const CAPTURING = /Capturing on \S+ \(/;

/** One line of the log, taken apart by its columns. */
export interface LogLine {
  /** Whole line without its end. */
  text: string;
  source: string;
  target: string;
  type: string;
  /** What follows the type: start line and fields. */
  message: string;
}

const LINE =
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} ([0-9a-f.:]+#\d+) ([0-9a-f.:]+#\d+) ([CS][QR]) (.*)$/;

/** Takes the text of a log apart; throws on anything that is no line, half a line at the end too. */
export function parseLines(text: string): LogLine[] {
  if (text !== '' && !text.endsWith('\n')) {
    throw new Error(`The log ends in half a line: ${text.slice(-100)}`);
  }
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const match = LINE.exec(line);
      if (match === null) {
        throw new Error(`Not a line of the log: ${line}`);
      }
      const [, source, target, type, message] = match;
      return { text: line, source, target, type, message };
    });
}

/** Lines so far of a file that is being written: of the last one there may be half. None where there is no file. */
export function readLinesSoFar(path: string): LogLine[] {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return parseLines(text.slice(0, text.lastIndexOf('\n') + 1));
}

/** All lines of all files of a directory whose names end in `.log`. */
export function readLogDirectory(directory: string): LogLine[] {
  const files = readdirSync(directory).filter((file) => file.endsWith('.log'));
  return files.sort().flatMap((file) => parseLines(readFileSync(join(directory, file), 'utf8')));
}

/** `{ CQ: 3, CR: 3 }`; a type without lines is not there. */
export function countTypes(lines: readonly LogLine[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type } of lines) {
    counts[type] = (counts[type] ?? 0) + 1;
  }
  return counts;
}

/** Waits for lines, as they are written some tenths of a second after their packets. */
export async function waitForLines(
  read: () => LogLine[],
  count: number,
  timeoutMs = PATIENCE_MS,
): Promise<LogLine[]> {
  let lines: LogLine[] = [];
  await waitUntil(
    `${count} lines`,
    () => {
      try {
        lines = read();
        return lines.length >= count;
      } catch {
        // A line that is being written, or a file that is not there yet.
        return false;
      }
    },
    timeoutMs,
  );
  return lines;
}

export function makeLogDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'httplog-live-'));
}

export function removeLogDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

/** The numbers of the summary that httplog ends with. */
export interface Summary {
  received: number;
  dropped: number;
  /** By type: CQ, CR, SQ, SR. */
  messages: Record<string, number>;
  written: number;
  linesDropped: number;
}

export function parseSummary(text: string): Summary {
  const packets = /Packets: (\d+) received, (\d+) dropped by the kernel/.exec(text);
  const messages = /Messages: (\d+) CQ, (\d+) CR, (\d+) SQ, (\d+) SR/.exec(text);
  const lines = /Lines: (\d+) written, (\d+) dropped/.exec(text);
  if (packets === null || messages === null || lines === null) {
    throw new Error(`No summary in: ${text}`);
  }
  const [cq, cr, sq, sr] = messages.slice(1).map(Number);
  return {
    received: Number(packets[1]),
    dropped: Number(packets[2]),
    messages: { CQ: cq, CR: cr, SQ: sq, SR: sr },
    written: Number(lines[1]),
    linesDropped: Number(lines[2]),
  };
}
