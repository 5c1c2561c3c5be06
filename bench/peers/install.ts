import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { missingTool } from '../../test/live/requirements.ts';
import type { Candidate } from './candidate.ts';

/** Programs that workloads and measurements need, with the Debian package that brings each. */
const OWN_NEEDS: Candidate['needs'] = {
  nginx: 'nginx-light',
  wrk: 'wrk',
  tcpdump: 'tcpdump',
  ethtool: 'ethtool',
  ip: 'iproute2',
  sysctl: 'procps',
  taskset: 'util-linux',
  time: 'time',
};

/** Candidates that can be measured, and why others cannot. */
export interface Found {
  candidates: Candidate[];
  /** Reason by name. */
  missing: Record<string, string>;
}

/** Installs what Debian has, builds what is ours, and looks at what is there then. */
export function findCandidates(wanted: readonly Candidate[]): Found {
  installPackages([OWN_NEEDS, ...wanted.map(({ needs }) => needs)]);
  const found: Found = { candidates: [], missing: {} };
  for (const candidate of wanted) {
    const reason = firstMissing(candidate.needs) ?? tryPrepare(candidate);
    if (reason === undefined) {
      found.candidates.push(candidate);
    } else {
      found.missing[candidate.name] = reason;
      console.log(`Missing: ${candidate.name}: ${reason}`);
    }
  }
  return found;
}

/** The first line that it prints about itself. */
export function readVersion({ version: [program, ...args] }: Candidate): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  const lines = `${stdout}\n${stderr}`.split('\n');
  return lines.find((line) => /\d+\.\d+/.test(line))?.trim() ?? 'unknown';
}

function firstMissing(needs: Candidate['needs']): string | undefined {
  const [programs, files] = [true, false].map((isProgram) =>
    Object.keys(needs).filter((need) => need.startsWith('/') !== isProgram),
  );
  const file = files.find((path) => !existsSync(path));
  return missingTool(...programs) ?? (file === undefined ? undefined : `no ${file}`);
}

function tryPrepare({ prepare }: Candidate): string | undefined {
  try {
    prepare?.();
    return undefined;
  } catch (error) {
    return (error as Error).message.trim().split('\n')[0];
  }
}

function installPackages(tables: readonly Candidate['needs'][]): void {
  const packages = new Set<string>();
  for (const [need, packageName] of tables.flatMap((table) => Object.entries(table))) {
    if (firstMissing({ [need]: packageName }) !== undefined) {
      packages.add(packageName);
    }
  }
  if (packages.size === 0) {
    return;
  }
  if (process.getuid?.() !== 0) {
    console.log(`Not root, so not installed: ${[...packages].join(' ')}`);
    return;
  }
  runApt('update', '-qq');
  for (const name of packages) {
    // One by one: a package that Debian lacks would keep the others out. Its candidate says that it is missing.
    runApt('install', '-y', '-qq', '--no-install-recommends', name);
  }
}

function runApt(...args: string[]): void {
  spawnSync('apt-get', args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}
