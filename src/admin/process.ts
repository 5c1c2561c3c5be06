import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { COMMAND_LINE_BYTES_MAX } from './limits.ts';

/** A daemon that runs, as the kernel knows it. */
export interface DaemonProcess {
  pid: number;
  uptimeSeconds: number;
  memoryBytes: number;
}

/** A process of httplog, whoever runs it. */
export interface HttplogProcess extends DaemonProcess {
  startTicks: number;
  /** Effective user id. */
  uid: number;
  /** Behind the program. */
  args: string[];
  /** It may capture, or is root's. */
  canCapture: boolean;
}

/** Clock ticks of `/proc/PID/stat`: USER_HZ, which is 100 wherever Node runs. */
const TICKS_PER_SECOND = 100;
/** Fields of `/proc/PID/stat` behind the command's name, counted from the state on. */
const STATE_FIELD = 0;
const START_TIME_FIELD = 19;
/** Bit of CAP_NET_RAW in the sets of `/proc/PID/status`. */
const CAP_NET_RAW = 13n;

/** The daemon that a pid file names, or undefined when it has ended: its number may be another's by now. */
export function findDaemon(pidFile: string): DaemonProcess | undefined {
  const pid = /^[1-9][0-9]{0,9}\b/.exec(readText(pidFile))?.[0];
  return pid === undefined || !isDaemon(`/proc/${pid}`) ? undefined : readProcess(Number(pid));
}

/** `node [OPTION...] .../cli/httplog.ts run`, as the kernel keeps it: the same look as the start script's. */
const DAEMON_COMMAND = /^[^\0]+\0(-[^\0]*\0)*[^\0]*\/(cli\/httplog\.[jt]s|bin\/httplog)\0run\0/;
/** Node with httplog, whatever follows; no pager, no shell and no sudo with it. */
const HTTPLOG_COMMAND = /^(?:[^\0]*\/)?node\0(?:-[^\0]*\0)*[^\0]*\/cli\/httplog\.[jt]s\0/;

function isDaemon(directory: string): boolean {
  return DAEMON_COMMAND.test(readText(`${directory}/cmdline`));
}

/** Every process of httplog that this user can see, whatever its command. */
export function listHttplogProcesses(): HttplogProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^[1-9][0-9]*$/.test(name))
    .flatMap((name) => {
      const found = readHttplogProcess(Number(name));
      return found === undefined ? [] : [found];
    });
}

/** The process with that number, if it is one of httplog's. */
export function readHttplogProcess(pid: number): HttplogProcess | undefined {
  const command = readStart(`/proc/${pid}/cmdline`);
  const program = HTTPLOG_COMMAND.exec(command)?.[0];
  const startTicks = program === undefined ? undefined : readStartTicks(pid);
  const process = startTicks === undefined ? undefined : readProcess(pid);
  if (program === undefined || startTicks === undefined || process === undefined) {
    return undefined;
  }
  const status = readText(`/proc/${pid}/status`);
  const uid = Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1] ?? -1);
  const args = command.slice(program.length).split('\0').slice(0, -1);
  return { ...process, startTicks, uid, args, canCapture: canCapture(pid, uid, status) };
}

/** Within a namespace of users of its own everybody has every capability. */
function canCapture(pid: number, uid: number, status: string): boolean {
  const permitted = BigInt(`0x${/^CapPrm:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  const isCapable = uid === 0 || ((permitted >> CAP_NET_RAW) & 1n) === 1n;
  return isCapable && isInOwnNamespace(pid);
}

/** True as well where this user may not know. */
function isInOwnNamespace(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/user`) === readlinkSync('/proc/self/ns/user');
  } catch {
    return true;
  }
}

/** When a process has started, in the kernel's ticks; undefined when it has ended, or is not to be seen. */
export function readStartTicks(pid: number): number | undefined {
  const fields = readStatFields(pid);
  return fields === undefined ? undefined : Number(fields[START_TIME_FIELD]);
}

/** @see proc_pid_stat(5) */
function readStatFields(pid: number): string[] | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  // The command's name may hold spaces; what follows its closing bracket does not.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // In some containers nobody collects dead children: a zombie has ended, too.
  return stat === '' || /[ZX]/.test(fields[STATE_FIELD]) ? undefined : fields;
}

function readProcess(pid: number): DaemonProcess | undefined {
  const fields = readStatFields(pid);
  if (fields === undefined) {
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

/** As much of it as a command line of ours may have. */
function readStart(path: string): string {
  try {
    const fd = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(COMMAND_LINE_BYTES_MAX);
      return buffer.toString('utf8', 0, readSync(fd, buffer));
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}
