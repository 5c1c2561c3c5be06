import type { CounterRow, StatusOf } from '../counters/counter-row.ts';
import { COUNTER_ROWS } from '../counters/counter-table.ts';
import { WRITER_COUNT_ROWS } from '../counters/writer-counts.ts';
import type { CaptureSnapshot } from './capture-snapshot.ts';
import { readRows, sumOf } from './tally.ts';

/** Rows that have a place here, in its order. */
export const COUNT_STATUSES = [
  ...Object.values<CounterRow>(COUNTER_ROWS),
  ...Object.values<CounterRow>(WRITER_COUNT_ROWS),
].flatMap(({ status }) => status ?? []);

/** What `/status` answers and `httplog status` shows, as JSON. */
export interface AdminStatus {
  pid: number;
  version: string;
  uptimeSeconds: number;
  memoryBytes: number;
  /** Why it does not do all of its work; empty when it does. */
  reasons: string[];
  /** Null before the capture has begun. */
  capture: CaptureStatus | null;
}

/** What rows of the tables of counts have there. */
type CountStatus = StatusOf<typeof COUNTER_ROWS> & StatusOf<typeof WRITER_COUNT_ROWS>;

/** Exchanges are null when no output asks for them, or none has ended yet. */
export interface CaptureStatus extends CountStatus {
  interfaceName: string;
  isCapturing: boolean;
  workers: number;
}

export function createStatus(
  version: string,
  capture: CaptureSnapshot | undefined,
  reasons: string[],
): AdminStatus {
  return {
    pid: process.pid,
    version,
    uptimeSeconds: Math.floor(process.uptime()),
    memoryBytes: process.memoryUsage.rss(),
    reasons,
    capture: capture === undefined ? null : createCaptureStatus(capture),
  };
}

function createCaptureStatus(capture: CaptureSnapshot): CaptureStatus {
  return {
    interfaceName: capture.interfaceName,
    isCapturing: capture.isCapturing,
    workers: capture.workersCount,
    ...createCountStatus(capture),
  };
}

function createCountStatus(capture: CaptureSnapshot): CountStatus {
  const entries = readRows(capture).flatMap(({ row: { status }, counts }) => {
    const sum = sumOf(counts);
    return status === undefined
      ? []
      : [[status.key, sum === 0 && status.atZero === null ? null : sum]];
  });
  return Object.fromEntries(entries);
}

/** The status that a text holds, or null: what answers on a port may be any other program. */
export function parseStatus(text: string): AdminStatus | null {
  const value = parseObject(text);
  if (value === null || !hasNumbers(value, ['pid', 'uptimeSeconds', 'memoryBytes'])) {
    return null;
  }
  const { version, reasons, capture } = value;
  const isStatus =
    typeof version === 'string' &&
    Array.isArray(reasons) &&
    reasons.every((reason) => typeof reason === 'string') &&
    (capture === null || isCaptureStatus(capture));
  return isStatus ? (value as unknown as AdminStatus) : null;
}

function isCaptureStatus(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value.interfaceName === 'string' &&
    typeof value.isCapturing === 'boolean' &&
    typeof value.workers === 'number' &&
    COUNT_STATUSES.every(
      ({ key, atZero }) =>
        typeof value[key] === 'number' || (atZero === null && value[key] === null),
    )
  );
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasNumbers(value: Record<string, unknown>, keys: readonly string[]): boolean {
  return keys.every((key) => typeof value[key] === 'number');
}
