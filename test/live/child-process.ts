import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE_MS } from '../patience.ts';

/** Milliseconds that a command may take when the caller names no other time. */
const COMMAND_TIMEOUT_MS = PATIENCE_MS;
/** Milliseconds between SIGTERM and SIGKILL. */
const TERM_GRACE_MS = 3_000;
/** Milliseconds that the end of a killed process may take. */
const KILL_GRACE_MS = 10_000;
/** Milliseconds between two looks at what a process has written. */
const OUTPUT_POLL_INTERVAL_MS = 10;
/** Bytes kept of each output: more than any test writes, and a bound for a program gone wild. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export interface ProcessOptions {
  cwd?: string | undefined;
  /** Added to this process's own environment; a name with `undefined` is taken out of it. */
  env?: NodeJS.ProcessEnv;
  /** Written to standard input, which is closed after it; without it there is no input. */
  input?: string | Uint8Array;
  /** Runs the command inside this network namespace. */
  namespace?: string | undefined;
}

export interface ProcessExit {
  /** Null when a signal ended the process. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A child that was started and may still be running. */
export interface RunningProcess {
  readonly pid: number;
  hasExited(): boolean;
  stdout(): string;
  stderr(): string;
  /** Resolves with the match once standard output or error has it; rejects on exit or time out. */
  waitForOutput(
    stream: 'stdout' | 'stderr',
    pattern: RegExp,
    timeoutMs: number,
  ): Promise<RegExpExecArray>;
  /** Rejects when the process is still there after `timeoutMs`; it is left running then. */
  waitForExit(timeoutMs: number): Promise<ProcessExit>;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after the grace. Safe to call twice, and after the exit. */
  stop(graceMs?: number): Promise<ProcessExit>;
}

const runningChildren = new Set<ChildProcess>();

// A test run that ends in the middle must not leave servers behind.
process.on('exit', () => {
  for (const child of runningChildren) {
    child.kill('SIGKILL');
  }
});

/**
 * Starts a command, without a shell.
 *
 * `ip netns exec` replaces itself by the command, so `pid` is the command's own in a namespace too.
 */
export async function startProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<RunningProcess> {
  const [program, programArgs] = inNamespace(command, args, options.namespace);
  const child = spawn(program, programArgs, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const output = { stdout: collectOutput(child, 'stdout'), stderr: collectOutput(child, 'stderr') };
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(new Error(`Cannot start ${command}`, { cause })));
  });
  runningChildren.add(child);
  child.once('exit', () => runningChildren.delete(child));
  // A child that ends before it has read everything closes the pipe: its exit code tells the story.
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.input);
  return describeChild(child, [command, ...args].join(' '), output, exited);
}

/** Runs a command to its end and gives what it wrote; rejects when it takes too long. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: ProcessOptions & { timeoutMs?: number } = {},
): Promise<ProcessExit> {
  const child = await startProcess(command, args, options);
  try {
    return await child.waitForExit(options.timeoutMs ?? COMMAND_TIMEOUT_MS);
  } finally {
    await child.stop();
  }
}

/** Like `runCommand`, and rejects with what the command said when it fails. Gives its output. */
export async function runChecked(
  command: string,
  args: readonly string[],
  options: ProcessOptions & { timeoutMs?: number } = {},
): Promise<string> {
  const exit = await runCommand(command, args, options);
  if (exit.code !== 0) {
    const how = exit.code === null ? `was ended by ${exit.signal}` : `gave ${exit.code}`;
    throw new Error(`${command} ${args.join(' ')} ${how}: ${exit.stderr.trim()}`);
  }
  return exit.stdout;
}

/**
 * Waits until `condition` gives true; rejects with `what` in the message after `timeoutMs`, which is for what takes
 * longer than a busy machine needs for anything.
 */
export async function waitUntil(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) {
      throw new Error(`Waited ${timeoutMs} ms in vain: ${what}`);
    }
    await sleep(OUTPUT_POLL_INTERVAL_MS);
  }
}

function inNamespace(
  command: string,
  args: readonly string[],
  namespace: string | undefined,
): [string, string[]] {
  return namespace === undefined
    ? [command, [...args]]
    : ['ip', ['netns', 'exec', namespace, command, ...args]];
}

function collectOutput(child: ChildProcess, name: 'stdout' | 'stderr'): () => string {
  const chunks: Buffer[] = [];
  let byteLength = 0;
  child[name]?.on('data', (chunk: Buffer) => {
    byteLength += chunk.length;
    if (byteLength <= OUTPUT_BYTES_MAX) {
      chunks.push(chunk);
    }
  });
  return () => {
    if (byteLength > OUTPUT_BYTES_MAX) {
      throw new Error(`A child wrote ${byteLength} bytes to ${name}, kept are ${OUTPUT_BYTES_MAX}`);
    }
    return Buffer.concat(chunks).toString('utf8');
  };
}

function describeChild(
  child: ChildProcess,
  name: string,
  { stdout, stderr }: { stdout: () => string; stderr: () => string },
  exited: Promise<void>,
): RunningProcess {
  const hasExited = () => child.exitCode !== null || child.signalCode !== null;
  const exitNow = () => ({
    code: child.exitCode,
    signal: child.signalCode,
    stdout: stdout(),
    stderr: stderr(),
  });
  const closesWithin = (timeoutMs: number) => settlesWithin(exited, timeoutMs);
  return {
    pid: child.pid as number,
    hasExited,
    stdout,
    stderr,
    async waitForOutput(stream, pattern, timeoutMs) {
      const read = stream === 'stdout' ? stdout : stderr;
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        const ended = hasExited();
        const match = pattern.exec(read());
        if (match !== null) {
          return match;
        }
        if (ended || performance.now() > deadline) {
          const why = ended ? `ended (${child.exitCode ?? child.signalCode})` : 'is silent';
          throw new Error(`${name} ${why} without ${pattern}: ${stdout()}${stderr()}`);
        }
        await sleep(OUTPUT_POLL_INTERVAL_MS);
      }
    },
    async waitForExit(timeoutMs) {
      if (!(await closesWithin(timeoutMs))) {
        throw new Error(`${name} still runs after ${timeoutMs} ms: ${stderr()}`);
      }
      return exitNow();
    },
    signal: (signalName) => void child.kill(signalName),
    async stop(graceMs = TERM_GRACE_MS) {
      if (!hasExited()) {
        child.kill('SIGTERM');
      }
      if (!(await closesWithin(graceMs))) {
        child.kill('SIGKILL');
        await closesWithin(KILL_GRACE_MS);
        // A grandchild may still hold the pipes open: do not wait for it.
        child.stdout?.destroy();
        child.stderr?.destroy();
      }
      return exitNow();
    },
  };
}

async function settlesWithin(promise: Promise<void>, timeoutMs: number): Promise<boolean> {
  const timer = new AbortController();
  try {
    return await Promise.race([
      promise.then(() => true),
      sleep(timeoutMs, false, { signal: timer.signal }).catch(() => false),
    ]);
  } finally {
    timer.abort();
  }
}
