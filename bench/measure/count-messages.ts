import { spawnSync } from 'node:child_process';

/** Lines of a file that match an extended regular expression, counted as bytes. */
export function countMessages(path: string, pattern: string): number {
  const { stdout, status, stderr } = spawnSync('grep', ['-a', '-c', '-E', '-e', pattern, path], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  // 1: there is none.
  if (status !== 0 && status !== 1) {
    throw new Error(`grep ended with ${status}: ${stderr.trim()}`);
  }
  return Number(stdout);
}
