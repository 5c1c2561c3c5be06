import { askStatus } from '../daemon/admin-client.ts';
import { type DaemonProcess, findDaemon, findPidFile } from '../daemon/admin-process.ts';
import type { AdminStatus } from '../daemon/admin-status.ts';
import type { Configuration } from '../daemon/configuration.ts';
import { EXIT_NOT_FOUND, EXIT_OK, type ExitCode } from '../errors.ts';
import { alignColumns } from './text-table.ts';

const SECONDS_PER_MINUTE = 60;
const SECONDS_PER_HOUR = 3600;
const SECONDS_PER_DAY = 86_400;
const BYTES_PER_MEGABYTE = 1024 * 1024;

/**
 * `httplog status`: what a running daemon says of itself, or what its pid file and the kernel know of it.
 *
 * @returns 0 when it runs, 3 when it does not
 * @throws HttplogError when its admin server must not be asked, or is another program
 */
export async function runStatusCommand(
  { settings }: Pick<Configuration, 'settings'>,
  environment: Readonly<Record<string, string | undefined>>,
  print: (text: string) => void,
): Promise<ExitCode> {
  const address = settings.listenAdmin;
  const status = address === undefined ? undefined : await askStatus(address);
  if (status !== undefined) {
    print(renderRows(describeStatus(status)));
    return EXIT_OK;
  }
  const pidFile = findPidFile(environment);
  const daemon = findDaemon(pidFile);
  if (daemon === undefined) {
    print(`httplog does not run (pid file ${pidFile})\n`);
    return EXIT_NOT_FOUND;
  }
  const silence = 'nobody answers at the address of --listen-admin';
  const notes = address === undefined ? [] : [['note', silence]];
  print(renderRows([...describeProcess(daemon), ...notes]));
  return EXIT_OK;
}

/** The rows of a daemon that has answered: what, and how it is. */
export function describeStatus(status: AdminStatus): string[][] {
  const { capture, reasons, version } = status;
  const ready = reasons.length === 0 ? [['ready', 'yes']] : reasons.map(describeReason);
  const rows = [...describeProcess(status), ['version', version], ...ready];
  if (capture === null) {
    return rows;
  }
  const { interfaceName, isCapturing, workers, exchanges } = capture;
  const state = isCapturing ? 'capturing' : 'not capturing';
  const threads = workers === 1 ? '1 worker' : `${workers} workers`;
  return [
    ...rows,
    ['interface', `${interfaceName}, ${state}, ${threads}`],
    ['packets', `${capture.packets} received, ${capture.packetsDropped} dropped by the kernel`],
    ['messages', `${capture.messages}`],
    ...(exchanges === null ? [] : [['exchanges', `${exchanges}`]]),
    ['lines', `${capture.linesWritten} written, ${capture.linesDropped} dropped`],
  ];
}

function describeReason(reason: string, index: number): string[] {
  return [index === 0 ? 'ready' : '', index === 0 ? `no: ${reason}` : `and: ${reason}`];
}

function describeProcess({ pid, uptimeSeconds, memoryBytes }: DaemonProcess): string[][] {
  return [
    ['pid', `${pid}`],
    ['uptime', describeAge(uptimeSeconds)],
    ['memory', `${Math.round(memoryBytes / BYTES_PER_MEGABYTE)} MB`],
  ];
}

/** As the start script has it: `1d 02:03:04`. */
export function describeAge(seconds: number): string {
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  const parts = [
    Math.floor((seconds % SECONDS_PER_DAY) / SECONDS_PER_HOUR),
    Math.floor((seconds % SECONDS_PER_HOUR) / SECONDS_PER_MINUTE),
    Math.floor(seconds % SECONDS_PER_MINUTE),
  ];
  return `${days}d ${parts.map((part) => String(part).padStart(2, '0')).join(':')}`;
}

/** What answered may be any program: nothing of it plays with the terminal. */
function renderRows(rows: readonly string[][]): string {
  return alignColumns(rows)
    .map((line) => `${line.replace(/\p{Cc}/gu, '?')}\n`)
    .join('');
}
