import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PATIENCE_MS } from '../patience.ts';
import { waitUntil } from './child-process.ts';
import { ownSettings } from './own-settings.ts';

const HTTPLOG_PROGRAM = fileURLToPath(new URL('../../bin/httplog', import.meta.url));
/** Where control groups of both versions have their limit, and count how often it was reached. @see cgroups(7) */
const HIERARCHIES = [
  { root: '/sys/fs/cgroup', limit: 'memory.max', count: 'memory.events', pattern: /^max (\d+)/m },
  {
    root: '/sys/fs/cgroup/memory',
    limit: 'memory.limit_in_bytes',
    count: 'memory.failcnt',
    pattern: /^(\d+)/,
  },
] as const;
/** Milliseconds that the kernel may take to forget a process that has ended. */
const EMPTY_TIMEOUT_MS = PATIENCE_MS;

/** Processes that may take so much memory together, the pages of files that they write included. */
export interface MemoryGroup {
  /**
   * What becomes httplog within the group and the namespace. **Started outside of that**: there /sys is another
   * one, without control groups.
   */
  wrap(namespace: string, args: readonly string[]): { program: string; args: string[] };
  /** Times that the limit was reached: pages had to be given back before others were had. */
  reachedCount(): number;
  /** **Nothing runs in it any more.** */
  remove(): Promise<void>;
}

/** @throws Error when this machine gives no such group */
export function createMemoryGroup(limitMegabytes: number): MemoryGroup {
  for (const { root, limit, count, pattern } of HIERARCHIES) {
    const folder = join(root, `hlt-${process.pid}-${randomBytes(3).toString('hex')}`);
    if (!existsSync(join(root, 'cgroup.procs'))) {
      continue;
    }
    mkdirSync(folder);
    if (!existsSync(join(folder, limit))) {
      rmdirSync(folder);
      continue;
    }
    writeFileSync(join(folder, limit), `${limitMegabytes * 1024 * 1024}`);
    return {
      wrap: (namespace, args) => ({
        program: '/bin/sh',
        args: [
          ...['-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', folder],
          ...['ip', 'netns', 'exec', namespace, HTTPLOG_PROGRAM, ...ownSettings(args)],
        ],
      }),
      reachedCount: () => Number(pattern.exec(readFileSync(join(folder, count), 'utf8'))?.[1]),
      async remove() {
        const isEmpty = () => readFileSync(join(folder, 'cgroup.procs'), 'utf8') === '';
        await waitUntil('the group is empty', isEmpty, EMPTY_TIMEOUT_MS);
        rmdirSync(folder);
      },
    };
  }
  throw new Error('No control groups for memory');
}

/** Why no such group can be made here, or undefined where one can. */
export function findReasonForNoMemoryGroup(): string | undefined {
  try {
    void createMemoryGroup(1).remove();
    return undefined;
  } catch {
    return 'no control groups for memory';
  }
}
