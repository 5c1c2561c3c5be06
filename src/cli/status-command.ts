import { askStatus } from '../admin/client.ts';
import { type DaemonProcess, findDaemon } from '../admin/process.ts';
import { type AdminStatus, type CaptureStatus, COUNT_STATUSES } from '../admin/status.ts';
import type { Configuration } from '../config/settings.ts';
import {
  canSeeAllProcesses,
  findRunningDaemons,
  type RunningDaemon,
} from '../daemon/running-daemons.ts';
import {
  EXIT_NOT_FOUND,
  EXIT_OK,
  EXIT_PERMISSION,
  type ExitCode,
  HttplogError,
} from '../errors.ts';
import { parseArguments } from './arguments.ts';
import { alignColumns } from './text-table.ts';

const SECONDS_PER_MINUTE = 60;
const SECONDS_PER_HOUR = 3600;
const SECONDS_PER_DAY = 86_400;
const BYTES_PER_MEGABYTE = 1024 * 1024;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `httplog status`: what running daemons say of themselves, or what the kernel knows of them. One that is named,
 * by `--listen-admin` or a pid file in the environment, is asked first.
 *
 * @returns 0 when one runs, 3 when none does
 * @throws HttplogError when an admin server that is named must not be asked or is another program, and no daemon
 *   is found otherwise
 */
export async function runStatusCommand(
  { settings }: Pick<Configuration, 'settings'>,
  environment: Environment,
  print: (text: string) => void,
): Promise<ExitCode> {
  const address = settings.listenAdmin;
  const answer = address === undefined ? undefined : await askSafely(() => askStatus(address));
  if (answer?.status !== undefined) {
    print(renderRows(describeStatus(answer.status)));
    return EXIT_OK;
  }
  const note = answer && describeSilence(answer);
  const { HTTPLOG_PIDFILE: pidFile } = environment;
  const blocks = pidFile
    ? describePidFile(pidFile)
    : await describeAll(findRunningDaemons(environment, isRun));
  if (blocks.length > 0) {
    const notes = note === undefined ? [] : [['note', note]];
    print(blocks.map((rows) => renderRows([...rows, ...notes])).join('\n'));
    return EXIT_OK;
  }
  if (answer?.failure !== undefined) {
    throw answer.failure;
  }
  const where = pidFile ? ` (pid file ${pidFile})` : '';
  const limit = canSeeAllProcesses()
    ? ''
    : ', as far as this user can see: /proc hides the processes of others';
  print(`httplog does not run${where}${limit}\n`);
  return EXIT_NOT_FOUND;
}

/** What came of asking. */
interface Answer {
  status: AdminStatus | undefined;
  failure: HttplogError | undefined;
}

async function askSafely(ask: () => Promise<AdminStatus | undefined>): Promise<Answer> {
  try {
    return { status: await ask(), failure: undefined };
  } catch (error) {
    if (error instanceof HttplogError) {
      return { status: undefined, failure: error };
    }
    throw error;
  }
}

function describeSilence({ failure }: Answer): string {
  return failure?.message ?? 'nobody answers at the address of --listen-admin';
}

function describePidFile(pidFile: string): string[][][] {
  const daemon = findDaemon(pidFile);
  return daemon === undefined ? [] : [describeProcess(daemon)];
}

/** Arguments of a daemon, and of no other command. */
function isRun(args: readonly string[]): boolean {
  const { command, isHelp, isVersion } = parseArguments(args);
  return command === 'run' && !isHelp && !isVersion;
}

async function describeAll(daemons: readonly RunningDaemon[]): Promise<string[][][]> {
  const blocks: string[][][] = [];
  for (const daemon of daemons) {
    blocks.push(await describeDaemon(daemon));
  }
  return blocks;
}

/** Its own words where it gives them: under its number, or they are another's. */
async function describeDaemon(daemon: RunningDaemon): Promise<string[][]> {
  const { pid, userName, admin } = daemon;
  const known = describeKnown(daemon);
  if (admin === undefined) {
    return known;
  }
  const answer = await askSafely(() => askStatus(admin));
  if (answer.status?.pid === pid) {
    const [row, ...rows] = describeStatus(answer.status);
    return [row, ['user', userName], ...rows];
  }
  const isDenied = answer.failure?.exitCode === EXIT_PERMISSION;
  const silence = isDenied
    ? 'only its user, its group and root may ask it for more'
    : 'its admin server does not answer';
  return [...known, ['note', silence]];
}

function describeKnown({ pid, process, userName }: RunningDaemon): string[][] {
  const user = ['user', userName];
  if (process === undefined) {
    const hidden = '/proc hides the processes of others from this user';
    return [['pid', `${pid}`], user, ['note', hidden]];
  }
  const [row, ...rows] = describeProcess(process);
  const options = process.args.filter((word, index) => index > 0 || word !== 'run').join(' ');
  return [row, user, ...rows, ...(options === '' ? [] : [['options', options]])];
}

/** Counts that have words of their own here. */
const WORDED: ReadonlySet<string> = new Set<keyof CaptureStatus>([
  'packets',
  'packetsDropped',
  'messages',
  'exchanges',
  'linesWritten',
  'linesDropped',
]);

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
    ...COUNT_STATUSES.flatMap(({ key }) => (WORDED.has(key) ? [] : [describeCount(key, capture)])),
  ];
}

function describeCount(key: string, capture: CaptureStatus): string[] {
  return [key, `${capture[key as keyof CaptureStatus]}`];
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
