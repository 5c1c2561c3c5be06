import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A daemon that runs, as the kernel knows it. */
export interface DaemonProcess {
  pid: number;
  uptimeSeconds: number;
  memoryBytes: number;
}

/** Clock ticks of `/proc/PID/stat`: USER_HZ, which is 100 wherever Node runs. */
const TICKS_PER_SECOND = 100;
/** Fields of `/proc/PID/stat` behind the command's name, counted from the state on. */
const STATE_FIELD = 0;
const START_TIME_FIELD = 19;

/** Where the start script keeps the number of its daemon. */
export function findPidFile(environment: Readonly<Record<string, string | undefined>>): string {
  if (environment.HTTPLOG_PIDFILE) {
    return environment.HTTPLOG_PIDFILE;
  }
  return process.getuid?.() === 0
    ? '/run/httplog.pid'
    : join(environment.XDG_RUNTIME_DIR || environment.HOME || '.', 'httplog.pid');
}

/** The daemon that a pid file names, or undefined when it has ended: its number may be another's by now. */
export function findDaemon(pidFile: string): DaemonProcess | undefined {
  const pid = /^[1-9][0-9]{0,9}\b/.exec(readText(pidFile))?.[0];
  return pid === undefined || !isDaemon(`/proc/${pid}`) ? undefined : readProcess(Number(pid));
}

/** `node [OPTION...] .../cli/httplog.ts run`, as the kernel keeps it: the same look as the start script's. */
const DAEMON_COMMAND = /^[^\0]+\0(-[^\0]*\0)*[^\0]*\/(cli\/httplog\.[jt]s|bin\/httplog)\0run\0/;

function isDaemon(directory: string): boolean {
  return DAEMON_COMMAND.test(readText(`${directory}/cmdline`));
}

/** @see proc_pid_stat(5) */
function readProcess(pid: number): DaemonProcess | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  // The command's name may hold spaces; what follows its closing bracket does not.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // In some containers nobody collects dead children: a zombie has ended, too.
  if (stat === '' || /[ZX]/.test(fields[STATE_FIELD])) {
    return undefined;
  }
  const machineSeconds = Number.parseFloat(readText('/proc/uptime'));
  const memory = /^VmRSS:\s+(\d+) kB$/m.exec(readText(`/proc/${pid}/status`));
  return {
    pid,
    uptimeSeconds: machineSeconds - Number(fields[START_TIME_FIELD]) / TICKS_PER_SECOND,
    memoryBytes: Number(memory?.[1] ?? 0) * 1024,
  };
}

/** Empty when the file is not there, or not for this user. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
