import { readdirSync, readFileSync } from 'node:fs';
import { EXIT_PERMISSION, HttplogError } from '../errors.ts';
import { ADMIN_CONNECTIONS_MAX } from '../limits.ts';
import { kindOf } from '../log/output-kinds.ts';
import type { OutputPlan } from '../plan/output-plan.ts';
import { DESCRIPTORS_OF_START, DESCRIPTORS_PER_THREAD } from './limits.ts';

/** What `ulimit` is usually at least. */
const USUAL_LIMIT = 1024;

/** What a run or a replay is about to open. */
export interface DescriptorNeeds {
  threads: number;
  outputs: readonly OutputPlan[];
  hasAdminServer: boolean;
}

/**
 * Refuses a start that would run out of descriptors: later that is a thread that cannot be made, a file that
 * cannot be opened, or a stack of Node's.
 *
 * @throws HttplogError with exit code 4
 */
export function checkDescriptorLimit(needs: DescriptorNeeds): void {
  const limit = readDescriptorLimit();
  const open = countOpenDescriptors();
  const more = countDescriptors(needs);
  if (limit >= open + more) {
    return;
  }
  const enough = Math.max(USUAL_LIMIT, open + more);
  throw new HttplogError(
    `The limit of open files is ${limit}, of which ${open} are in use; httplog needs ${more} more`,
    {
      code: 'HTTPLOG_DESCRIPTOR_LIMIT',
      exitCode: EXIT_PERMISSION,
      hint: `Raise it: ulimit -n ${enough}, or LimitNOFILE=${enough} in its unit`,
    },
  );
}

/** Those that are still to be opened, at the worst moment. */
export function countDescriptors({ threads, outputs, hasAdminServer }: DescriptorNeeds): number {
  const ofOutputs = outputs.reduce((sum, { target }) => sum + countOfOutput(target), 0);
  const ofAdmin = hasAdminServer ? ADMIN_CONNECTIONS_MAX + 1 : 0;
  return DESCRIPTORS_OF_START + threads * DESCRIPTORS_PER_THREAD + ofOutputs + ofAdmin;
}

function countOfOutput(place: OutputPlan['target']): number {
  const { descriptors, threads } = kindOf(place).countNeeds(place.target);
  return descriptors + threads * DESCRIPTORS_PER_THREAD;
}

/** The soft limit, which Node has raised to the hard one. Infinity where the kernel does not say. */
function readDescriptorLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const soft = /^Max open files +(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function countOpenDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}
