import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PATIENCE_MS } from '../patience.ts';
import { type ProcessExit, type RunningProcess, startProcess } from './child-process.ts';
import { ownSettings } from './own-settings.ts';

const HTTPLOG_PROGRAM = fileURLToPath(new URL('../../bin/httplog', import.meta.url));
const HTTPLOG_ENTRY = fileURLToPath(new URL('../../src/cli/httplog.ts', import.meta.url));
/** What bin/httplog takes from nobody's environment as root. */
const CODE_LOADERS = ['NODE_OPTIONS', 'LD_PRELOAD'];
const READY_TIMEOUT_MS = PATIENCE_MS;
const EXIT_TIMEOUT_MS = PATIENCE_MS;
/** Milliseconds between two looks at the memory and time that the process has used. */
const USAGE_INTERVAL_MS = 100;
/** Clock ticks of `/proc/PID/stat`; the kernel's USER_HZ is 100 wherever Node runs. */
const TICKS_PER_SECOND = 100;

export interface HttplogOptions {
  /**
   * The program to start, where it is not this checkout's: a link to it, an installed package's. It gets the
   * arguments as they are: see `ownSettings` for what this machine might add to them.
   */
  program?: string;
  /** Without this machine's configuration file and user, see `ownSettings`. */
  args: readonly string[];
  /** Added to the environment, which is cleared of all `HTTPLOG_*` first. */
  env?: Record<string, string>;
  /** Where it listens; without one it is this process's own namespace. */
  namespace?: string;
  cwd?: string;
  /** Standard input, closed after it; without it there is none. */
  input?: string | Uint8Array;
  /** The line of standard error that says it captures; without it the start is not awaited. */
  ready?: RegExp;
  readyTimeoutMs?: number;
}

/**
 * What a process had used when it was last looked at, at most `USAGE_INTERVAL_MS` before its end.
 */
export interface ResourceUsage {
  /** VmHWM: the most resident memory at any moment. */
  peakMemoryKb: number;
  cpuSeconds: number;
}

export interface HttplogExit extends ProcessExit {
  usage: ResourceUsage;
}

export interface HttplogProcess extends Omit<RunningProcess, 'waitForExit' | 'stop'> {
  /** Usage now, or the last one known after the exit. */
  usage(): ResourceUsage;
  waitForExit(timeoutMs?: number): Promise<HttplogExit>;
  /**
   * Sends the signal, SIGTERM unless told otherwise, and waits for the exit; rejects when it is
   * late.
   */
  end(signal?: NodeJS.Signals, timeoutMs?: number): Promise<HttplogExit>;
  /** Teardown: ends it whatever it takes, SIGKILL included. */
  stop(): Promise<HttplogExit>;
}

/** Starts `bin/httplog` and waits until it says that it is ready. */
export async function startHttplog(options: HttplogOptions): Promise<HttplogProcess> {
  const [program, args] = chooseProgram(options);
  const child = await startProcess(program, args, {
    namespace: options.namespace,
    cwd: options.cwd,
    ...(options.input !== undefined && { input: options.input }),
    env: { ...clearedEnvironment(), ...options.env },
  });
  const { usage, stopWatching } = watchUsage(child);
  const withUsage = (exit: ProcessExit): HttplogExit => ({ ...exit, usage: usage() });
  const httplog: HttplogProcess = {
    ...child,
    usage,
    async waitForExit(timeoutMs = EXIT_TIMEOUT_MS) {
      return withUsage(await child.waitForExit(timeoutMs));
    },
    async end(signal = 'SIGTERM', timeoutMs = EXIT_TIMEOUT_MS) {
      usage();
      child.signal(signal);
      return withUsage(await child.waitForExit(timeoutMs));
    },
    async stop() {
      usage();
      const exit = await child.stop();
      stopWatching();
      return withUsage(exit);
    },
  };
  if (options.ready !== undefined) {
    try {
      await child.waitForOutput(
        'stderr',
        options.ready,
        options.readyTimeoutMs ?? READY_TIMEOUT_MS,
      );
    } catch (error) {
      await httplog.stop();
      throw error;
    }
  }
  return httplog;
}

/** Where a test brings code of its own, Node as bin/httplog would start it. */
function chooseProgram(options: HttplogOptions): [string, readonly string[]] {
  if (options.program !== undefined) {
    return [options.program, options.args];
  }
  const args = ownSettings(options.args);
  const hasCode = CODE_LOADERS.some((name) => options.env?.[name] !== undefined);
  return hasCode
    ? [process.execPath, ['--disable-sigusr1', HTTPLOG_ENTRY, ...args]]
    : [HTTPLOG_PROGRAM, args];
}

/** Runs `bin/httplog` to its end: replays, wrong usage, `-v`. */
export async function runHttplog(
  args: readonly string[],
  options: Omit<HttplogOptions, 'args' | 'ready' | 'readyTimeoutMs'> & { timeoutMs?: number } = {},
): Promise<HttplogExit> {
  const httplog = await startHttplog({ ...options, args });
  try {
    return await httplog.waitForExit(options.timeoutMs);
  } finally {
    await httplog.stop();
  }
}

/**
 * All `HTTPLOG_*` of this process, so that a test sees only the options that it sets itself; and this machine's
 * own place for what httplog status finds daemons by is left alone.
 */
function clearedEnvironment(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter((name) => name.startsWith('HTTPLOG_'));
  const cleared = Object.fromEntries(names.map((name) => [name, undefined]));
  return { ...cleared, RUNTIME_DIRECTORY: '/nonexistent' };
}

function watchUsage(child: RunningProcess): { usage(): ResourceUsage; stopWatching(): void } {
  let last: ResourceUsage = { peakMemoryKb: 0, cpuSeconds: 0 };
  const usage = () => {
    last = readUsage(child.pid) ?? last;
    return last;
  };
  const timer = setInterval(() => {
    usage();
    if (child.hasExited()) {
      clearInterval(timer);
    }
  }, USAGE_INTERVAL_MS);
  timer.unref();
  return { usage, stopWatching: () => clearInterval(timer) };
}

/** Undefined once the process has ended. @see proc_pid_stat(5), proc_pid_status(5) */
function readUsage(pid: number): ResourceUsage | undefined {
  try {
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name may hold spaces; what follows its closing bracket does not.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return peak === null
      ? undefined
      : { peakMemoryKb: Number(peak[1]), cpuSeconds: ticks / TICKS_PER_SECOND };
  } catch {
    return undefined;
  }
}
