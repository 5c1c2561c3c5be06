import type { CaptureSnapshot } from './capture-snapshot.ts';
import { takeTally } from './summary.ts';

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

export interface CaptureStatus {
  interfaceName: string;
  isCapturing: boolean;
  workers: number;
  packets: number;
  packetsDropped: number;
  messages: number;
  /** Null when no output asks for exchanges, or none has ended yet. */
  exchanges: number | null;
  linesWritten: number;
  linesDropped: number;
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
  const tally = takeTally(capture.counters, capture.writer);
  return {
    interfaceName: capture.interfaceName,
    isCapturing: capture.isCapturing,
    workers: capture.workersCount,
    packets: tally.kernelPackets,
    packetsDropped: tally.kernelDrops,
    messages: sum(tally.messages),
    exchanges: tally.exchanges === undefined ? null : sum(tally.exchanges),
    linesWritten: tally.linesWritten,
    linesDropped: tally.linesDropped,
  };
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
    (value.exchanges === null || typeof value.exchanges === 'number') &&
    hasNumbers(value, ['workers', 'packets', 'packetsDropped', 'messages']) &&
    hasNumbers(value, ['linesWritten', 'linesDropped'])
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

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
