import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks of `/proc/PID/stat`; the kernel's USER_HZ is 100 wherever Node runs. */
const TICKS_PER_SECOND = 100;
/** Fields behind the command's name. @see proc_pid_stat(5) */
const UTIME = 11;
const STIME = 12;

/** What a running process and its children have used so far. */
export interface ProcessUsage {
  cpuSec: number;
  /** VmHWM added up. */
  peakMemoryKb: number;
  /** Of each thread that still runs, by its directory in /proc. */
  threadsCpuSec: Readonly<Record<string, number>>;
}

/** Undefined once the process has ended. */
export function readProcessUsage(pid: number): ProcessUsage | undefined {
  try {
    return readTree(pid);
  } catch {
    return undefined;
  }
}

function readTree(pid: number): ProcessUsage {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`);
  const children = threads
    .flatMap((thread) => readFileSync(`${thread}/children`, 'latin1').split(' '))
    .filter((child) => child !== '')
    .map((child) => readTree(Number(child)));
  const sum = (figures: number[]) => figures.reduce((total, figure) => total + figure, 0);
  return {
    cpuSec: readCpuSec(`/proc/${pid}`) + sum(children.map(({ cpuSec }) => cpuSec)),
    peakMemoryKb:
      Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) +
      sum(children.map(({ peakMemoryKb }) => peakMemoryKb)),
    threadsCpuSec: Object.assign(
      Object.fromEntries(threads.map((thread) => [thread, readCpuSec(thread)])),
      ...children.map(({ threadsCpuSec }) => threadsCpuSec),
    ),
  };
}

function readCpuSec(folder: string): number {
  const stat = readFileSync(`${folder}/stat`, 'latin1');
  // The command's name may hold spaces; what follows its closing bracket does not.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[UTIME]) + Number(fields[STIME])) / TICKS_PER_SECOND;
}
