/**
 * Live capture under load: a real nginx under wrk over a veth pair between two namespaces of our own, and
 * httplog on the server's end. Prints what must be equal (requests, CQ lines, CR lines; of json complete
 * exchanges in their place), what must be zero (drops), and what it cost.
 *
 *     node bench/live.ts [--seconds 10] [--connections 32] [--workers 1] [--ring MB] [--format json]
 *
 * Needs root, nginx and wrk. With --seconds 300 it shows whether memory stays flat.
 */
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startHttplog } from '../test/live/httplog-process.ts';
import { createVethPair } from '../test/live/network-namespaces.ts';
import { runLoad } from '../test/live/web-client.ts';
import { startNginx } from '../test/live/web-server.ts';

const MEMORY_SAMPLES = 10;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    workers: { type: 'string', default: '1' },
    ring: { type: 'string', default: '8' },
    connections: { type: 'string', default: '32' },
    format: { type: 'string', default: 'text' },
  },
});
const seconds = Number(values.seconds);

const directory = mkdtempSync(join(tmpdir(), 'httplog-bench-'));
const pair = await createVethPair();
const nginx = await startNginx({
  namespace: pair.server.namespace,
  files: { 'index.html': 'x'.repeat(900) },
});
const httplog = await startHttplog({
  namespace: pair.server.namespace,
  args: [
    ...['-i', pair.server.device, '-d', directory, '-cpu', values.workers, '-b', values.ring],
    ...['--format', values.format],
  ],
  ready: /Capturing on/,
});
try {
  const memoryKb: number[] = [];
  const sampling = sampleMemory(httplog.pid, seconds, memoryKb);
  const load = await runLoad({
    namespace: pair.client.namespace,
    url: `http://${pair.server.ipv4}/`,
    seconds,
    connections: Number(values.connections),
  });
  await sampling;
  await delay(1000);
  const { cpuSeconds, peakMemoryKb } = httplog.usage();
  const exit = await httplog.end('SIGTERM');
  const types = await countTypes(directory);
  console.log(httplog.stderr().trim().split('\n').slice(-4).join('\n'));
  console.table([
    {
      'requests/s': Math.round(load.requestsPerSecond),
      'nginx access log': await countLines(nginx.accessLogPath),
      ...(values.format === 'json'
        ? { complete: types.complete ?? 0, incomplete: types.incomplete ?? 0 }
        : { CQ: types.CQ ?? 0, CR: types.CR ?? 0 }),
      'CPU s': cpuSeconds.toFixed(2),
      'CPU us/request': ((cpuSeconds * 1e6) / (await countLines(nginx.accessLogPath))).toFixed(2),
      'peak MiB': (peakMemoryKb / 1024).toFixed(1),
      exit: exit.code,
    },
  ]);
  console.log(`Resident MiB over time: ${memoryKb.map((kb) => (kb / 1024).toFixed(1)).join(' ')}`);
} finally {
  await httplog.stop();
  await nginx.stop();
  await pair.stop();
  rmSync(directory, { recursive: true });
}

async function sampleMemory(pid: number, overSeconds: number, samples: number[]): Promise<void> {
  for (let sample = 0; sample < MEMORY_SAMPLES; sample++) {
    await delay((overSeconds * 1000) / MEMORY_SAMPLES);
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    samples.push(Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1]));
  }
}

async function countLines(path: string): Promise<number> {
  let lines = 0;
  for await (const _ of createInterface({ input: createReadStream(path) })) {
    lines++;
  }
  return lines;
}

/** Lines by type over all files, read as a stream; of json exchanges by whether they are complete. */
async function countTypes(logDirectory: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of readdirSync(logDirectory)) {
    const input = createReadStream(join(logDirectory, name));
    for await (const line of createInterface({ input })) {
      const type = values.format === 'json' ? completenessOf(line) : line.split(' ', 5)[4];
      counts[type] = (counts[type] ?? 0) + 1;
    }
  }
  return counts;
}

function completenessOf(line: string): string {
  return line.includes('"complete":true') ? 'complete' : 'incomplete';
}
