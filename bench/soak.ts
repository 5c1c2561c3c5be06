/**
 * A soak: an hour of live traffic at half of what this machine can carry, with rotation by size, zstd and
 * retention on. What must hold: requests answered = lines found over all files, no drops, and memory and file
 * descriptors that stay flat. Writes what it saw to a JSON file after each sample; bench/plot-soak.ts draws it.
 *
 *     node bench/soak.ts [--minutes 60] [--share 0.5 | --rate N] [--rotate-size 64MB] [--keep-files 8] [--ring 8]
 *         [--out soak.json]
 *
 * Needs root, nginx and wrk.
 */
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { runChecked, startProcess } from '../test/live/child-process.ts';
import { startHttplog } from '../test/live/httplog-process.ts';
import { createVethPair } from '../test/live/network-namespaces.ts';
import { runLoad } from '../test/live/web-client.ts';
import { startNginx } from '../test/live/web-server.ts';
import { countLines, type LineCounts } from './soak/count-lines.ts';
import { readSample, type SoakSample } from './soak/read-sample.ts';

const CAPACITY_SEC = 15;
const SAMPLE_INTERVAL_MS = 10_000;
/** A rotated file is compressed within seconds, and stays for minutes. */
const ARCHIVE_INTERVAL_MS = 1000;
const CONNECTIONS = 32;
/** Of each connection between an answer and its next request. */
const PAUSE_MS = 4;
/** Longest wait for the last file to be compressed. */
const SETTLE_MS = 5000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    share: { type: 'string', default: '0.5' },
    rate: { type: 'string' },
    'rotate-size': { type: 'string', default: '64MB' },
    'keep-files': { type: 'string', default: '8' },
    ring: { type: 'string', default: '8' },
    out: { type: 'string', default: 'soak.json' },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'httplog-soak-'));
const logDirectory = join(folder, 'logs');
const archiveDirectory = join(folder, 'archive');
const adminSocket = join(folder, 'admin.sock');
mkdirSync(logDirectory);
mkdirSync(archiveDirectory);

const pair = await createVethPair();
const nginx = await startNginx({
  namespace: pair.server.namespace,
  files: { 'index.html': 'x'.repeat(900) },
  serverLines: [
    'access_log off;',
    'keepalive_requests 1000000000;',
    'location = /requests { stub_status; }',
  ],
});
const httplog = await startHttplog({
  namespace: pair.server.namespace,
  args: [
    ...['-i', pair.server.device, '-d', logDirectory, '--listen-admin', adminSocket],
    ...['--rotate-size', values['rotate-size'], '--compress', 'zstd'],
    ...['--keep-files', values['keep-files'], '-b', values.ring],
  ],
  ready: /Capturing on/,
});

const counted: LineCounts = { CQ: 0, CR: 0, other: 0, files: 0 };
const archived = new Set<string>();
try {
  await soak();
} finally {
  await httplog.stop();
  await nginx.stop();
  await pair.stop();
  rmSync(folder, { recursive: true });
}

async function soak(): Promise<void> {
  const url = `http://${pair.server.ipv4}/`;
  const { namespace } = pair.client;
  const measuring = runLoad({ namespace, url, seconds: CAPACITY_SEC, connections: CONNECTIONS });
  const capacity = await archiveWhile(measuring);
  const ratePerSec = Number(values.rate ?? capacity.requestsPerSecond * Number(values.share));
  const seconds = Number(values.minutes) * 60;
  const plan = {
    capacityPerSec: Math.round(capacity.requestsPerSecond),
    ratePerSec: Math.round(ratePerSec),
    seconds,
    ringMegabytes: Number(values.ring),
  };
  console.log(plan);
  const load = await startProcess('wrk', wrkArguments(ratePerSec, seconds, url), { namespace });
  const samples: SoakSample[] = [];
  const startMs = performance.now();
  const elapsedSec = () => Math.round((performance.now() - startMs) / 1000);
  let nextSampleMs = startMs;
  while (!load.hasExited()) {
    await archiveClosedFiles();
    if (performance.now() >= nextSampleMs) {
      const sample = await readSample(httplog.pid, adminSocket, logDirectory);
      samples.push({ ...sample, elapsedSec: elapsedSec() });
      writeReport({ ...plan, samples });
      nextSampleMs += SAMPLE_INTERVAL_MS;
    }
    await delay(ARCHIVE_INTERVAL_MS);
  }
  await delay(SETTLE_MS);
  // The status page is asked for within the server's namespace: it passes no device that is listened to.
  const answered = (await readAnswered()) - 1;
  await archiveClosedFiles();
  const exit = await httplog.end();
  await archiveAll();
  const { stdout } = await load.waitForExit(1000);
  const sent = /^ *\d+ requests in .*$/m.exec(stdout)?.[0].trim();
  writeReport({
    ...plan,
    elapsedSec: elapsedSec(),
    sent,
    answered,
    counted,
    exitCode: exit.code,
    summary: exit.stderr.trim().split('\n').slice(-6),
    samples,
  });
  console.log({ sent, answered, counted });
  console.log(exit.stderr.trim().split('\n').slice(-6).join('\n'));
}

/** Each connection asks, waits for the answer, and pauses: nothing is pipelined, whatever stalls. */
function wrkArguments(ratePerSec: number, seconds: number, url: string): string[] {
  const scriptPath = join(folder, 'pause.lua');
  writeFileSync(scriptPath, `function delay() return ${PAUSE_MS} end\n`);
  const connections = Math.round((ratePerSec * PAUSE_MS) / 1000);
  return ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', scriptPath, url];
}

async function readAnswered(): Promise<number> {
  const status = await runChecked('curl', ['-s', '--noproxy', '*', 'http://127.0.0.1/requests'], {
    namespace: pair.server.namespace,
  });
  return Number(/^ \d+ \d+ (\d+) $/m.exec(status)?.[1]);
}

/** Counts the files that rotation closes meanwhile, before retention deletes them. */
async function archiveWhile<T>(promise: Promise<T>): Promise<T> {
  let isPending = true;
  const settled = promise.finally(() => {
    isPending = false;
  });
  while (isPending) {
    await archiveClosedFiles();
    await Promise.race([settled, delay(ARCHIVE_INTERVAL_MS)]);
  }
  return settled;
}

/** Retention deletes a file's name while we read it: a second name keeps it. */
async function archiveClosedFiles(): Promise<void> {
  await archive((name) => name.endsWith('.zst'));
}

/** After the end: the last file is plain, and one may not have been compressed yet. */
async function archiveAll(): Promise<void> {
  await archive((name) => !name.endsWith('.tmp'));
}

async function archive(isWanted: (name: string) => boolean): Promise<void> {
  for (const name of readdirSync(logDirectory)) {
    const plainName = name.replace(/\.zst$/, '');
    if (isWanted(name) && !archived.has(plainName)) {
      const path = join(archiveDirectory, name);
      linkSync(join(logDirectory, name), path);
      archived.add(plainName);
      await countLines(path, counted);
      rmSync(path);
    }
  }
}

function writeReport(report: object): void {
  writeFileSync(values.out, `${JSON.stringify(report, undefined, 1)}\n`);
}
