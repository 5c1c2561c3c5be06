import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProcessExit, runCommand } from '../live/child-process.ts';
import { PATIENCE_MS } from '../patience.ts';
import { PROJECT } from '../structure/source-files.ts';

export const START_SCRIPT = join(PROJECT, 'scripts/start_httplog.sh');
/** This machine's own place for what httplog status finds daemons by is left alone. */
const NO_STATE = { RUNTIME_DIRECTORY: '/nonexistent' };
const SCRIPT_TIMEOUT_MS = PATIENCE_MS;

export interface ScriptOptions {
  /** Instead of the script of this checkout: a link to it, or what starts it. */
  program?: string;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/** A directory with a pid file and logs of its own, so that tests can have their daemons at once. */
export interface Workplace {
  folder: string;
  logs: string;
  pidFile: string;
  /** Runs the start script with none of this machine's `HTTPLOG_*`. */
  script(args: readonly string[], options?: ScriptOptions): Promise<ProcessExit>;
  readPid(): number;
  /** Ends the daemon if one runs, and removes the directory. */
  remove(): Promise<void>;
}

export function createWorkplace(): Workplace {
  const folder = mkdtempSync(join(tmpdir(), 'httplog-start-'));
  const pidFile = join(folder, 'httplog.pid');
  const names = Object.keys(process.env).filter((name) => name.startsWith('HTTPLOG_'));
  const cleared = Object.fromEntries(names.map((name) => [name, undefined]));
  const script: Workplace['script'] = (args, options = {}) =>
    runCommand(options.program ?? START_SCRIPT, args, {
      cwd: options.cwd ?? folder,
      env: { ...cleared, ...NO_STATE, HTTPLOG_PIDFILE: pidFile, ...options.env },
      timeoutMs: SCRIPT_TIMEOUT_MS,
    });
  return {
    folder,
    logs: join(folder, 'logs'),
    pidFile,
    script,
    readPid: () => Number(readFileSync(pidFile, 'utf8')),
    async remove() {
      await script(['stop'], { env: { HTTPLOG_STOP_SECONDS: '1' } });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** False for a zombie, which has ended and only waits to be collected. */
export function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** All lines of the daily files in a directory. */
export function readLines(directory: string): string {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  const daily = names.filter((name) => /^http-\d{8}\.log$/.test(name));
  return daily.map((name) => readFileSync(join(directory, name), 'utf8')).join('');
}
