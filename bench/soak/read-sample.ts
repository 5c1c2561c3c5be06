import { readdirSync, readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';

/** One look at a daemon that runs. */
export interface SoakSample {
  elapsedSec: number;
  residentBytes: number;
  openFiles: number;
  cpuSeconds: number;
  packets: number;
  packetsDropped: number;
  linesWritten: number;
  linesDropped: number;
  files: number;
  directoryBytes: number;
}

/** @param adminSocket of `--listen-admin` */
export async function readSample(
  pid: number,
  adminSocket: string,
  logDirectory: string,
): Promise<Omit<SoakSample, 'elapsedSec'>> {
  const metrics = await readMetrics(adminSocket);
  const names = readdirSync(logDirectory);
  return {
    residentBytes:
      Number(/^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024,
    openFiles: readdirSync(`/proc/${pid}/fd`).length,
    cpuSeconds: sumOf(metrics, 'process_cpu_seconds_total'),
    packets: sumOf(metrics, 'httplog_packets_received_total'),
    packetsDropped: sumOf(metrics, 'httplog_packets_dropped_total'),
    linesWritten: sumOf(metrics, 'httplog_lines_written_total'),
    linesDropped: sumOf(metrics, 'httplog_lines_dropped_total'),
    files: names.length,
    directoryBytes: names.reduce((sum, name) => sum + sizeOf(join(logDirectory, name)), 0),
  };
}

/** The samples of a metric added up over its labels. */
function sumOf(metrics: string, name: string): number {
  const samples = metrics.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'));
  return [...samples].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** A file may go between the look at the directory and the look at it. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function readMetrics(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/metrics' }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks).toString()));
    });
    asked.on('error', reject);
    asked.end();
  });
}
