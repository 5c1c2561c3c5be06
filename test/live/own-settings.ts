/** Keeps out of a test what this machine has set up for httplog: its `/etc/sysconfig/httplog`, its user `httplog`. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const WITH_CONFIGURATION = [
  'run',
  'replay',
  'top',
  'doctor',
  'status',
  'check-config',
  'print-systemd',
];
const WITHOUT_CONFIGURATION = ['demo', 'interfaces'];

let emptyFile: string | undefined;

/** The path of a configuration file without a setting, which every user may read. */
export function emptyConfiguration(): string {
  if (emptyFile === undefined) {
    const directory = mkdtempSync(join(tmpdir(), 'httplog-settings-'));
    chmodSync(directory, 0o755);
    emptyFile = join(directory, 'empty.conf');
    writeFileSync(emptyFile, '', { mode: 0o644 });
    process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  }
  return emptyFile;
}

/**
 * The arguments of `httplog` with an empty configuration file, and staying root where root starts a capture,
 * unless they name another file or user themselves.
 *
 * @param args what is no command of httplog is left alone: it is refused before a file is read
 * @param isRoot false for a child that is started as another user
 */
export function ownSettings(
  args: readonly string[],
  isRoot: boolean = process.getuid?.() === 0,
): string[] {
  const [command = ''] = args;
  const hasCommand = WITH_CONFIGURATION.includes(command);
  if (WITHOUT_CONFIGURATION.includes(command) || (!hasCommand && !/^(-|$)/.test(command))) {
    return [...args];
  }
  const isCapture = !hasCommand || command === 'run';
  const file = args.includes('--config') ? [] : ['--config', emptyConfiguration()];
  const user = isRoot && isCapture && !args.includes('--user') ? ['--user', 'root'] : [];
  return hasCommand ? [command, ...file, ...user, ...args.slice(1)] : [...file, ...user, ...args];
}
