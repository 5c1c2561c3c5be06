import { spawnSync } from 'node:child_process';

/** Whole-process seconds of one run. */
export interface Run {
  wall: number;
  cpu: number;
}

/** Runs a command, its output thrown away. */
export function timeCommand(command: readonly string[]): Run {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>&1';
  const { stderr, status } = spawnSync('bash', ['-c', script, 'time', ...command], {
    encoding: 'utf8',
  });
  if (status !== 0) {
    throw new Error(`${command[0]} ended with ${status}`);
  }
  const [wall, user, system] = stderr.trim().split(' ').map(Number);
  return { wall, cpu: user + system };
}

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

/** Median over the rounds of one candidate's figure divided by the other's in the same round. */
export function ratio(ours: readonly Run[], theirs: readonly Run[], figure: keyof Run): string {
  return median(ours.map((run, round) => run[figure] / theirs[round][figure])).toFixed(2);
}
