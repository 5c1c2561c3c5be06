import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A program with its arguments; the first of them is the program's name or path. */
export type Command = readonly string[];

/** What one run cost as a whole process, its children included. */
export interface Run {
  wallSec: number;
  /** User and system time. */
  cpuSec: number;
  /** The most resident memory at any moment, of the largest process; NaN without GNU time. */
  peakMemoryKb: number;
}

// bash times in milliseconds and knows no memory, GNU time knows memory and times in hundredths.
const SCRIPT = `
TIMEFORMAT="%R %U %S"
if [[ -x /usr/bin/time ]]; then
  time /usr/bin/time --quiet -f %M -o "$1" "\${@:3}" >"$2" 2>&3
else
  echo NaN >"$1"
  time "\${@:3}" >"$2" 2>&3
fi
`;
/** Bytes of complaints that a command may write before it is ended. */
const STDERR_BYTES_MAX = 16 * 1024 * 1024;
/** How the end of what a failed command said is quoted. */
const QUOTED_CHARACTERS = 300;

/**
 * Runs a command to its end. Throws with what it said when it fails.
 *
 * @param exitCodes what it may give back
 */
export function timeCommand(
  command: Command,
  stdoutPath = '/dev/null',
  exitCodes: readonly number[] = [0],
): Run {
  const folder = mkdtempSync(join(tmpdir(), 'httplog-time-'));
  const memoryPath = join(folder, 'memory');
  try {
    const { output, status, error } = spawnSync(
      'bash',
      ['-c', SCRIPT, 'bash', memoryPath, stdoutPath, ...command],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
        maxBuffer: STDERR_BYTES_MAX,
      },
    );
    if (!exitCodes.includes(status ?? -1)) {
      const said = error?.message ?? output[3]?.trim().slice(-QUOTED_CHARACTERS);
      throw new Error(`${command.join(' ')} ended with ${status}: ${said}`);
    }
    const [wallSec, userSec, systemSec] = (output[2] ?? '').trim().split(' ').map(Number);
    const peakMemoryKb = Number(readFileSync(memoryPath, 'utf8'));
    return { wallSec, cpuSec: userSec + systemSec, peakMemoryKb };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
