/**
 * A process of its own that says something through the service log. Its argument is a `ServiceLogTask` as
 * JSON. An `HttplogError` becomes its exit code.
 */
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openServiceLog } from '../../src/daemon/service-log.ts';
import { HttplogError } from '../../src/errors.ts';

export interface ServiceLogTask {
  directory?: string;
  quiet: boolean;
  messageCount: number;
  /** Ends without closing the log. */
  exitAtOnce?: boolean;
  /** Becomes this user first. */
  uid?: number;
  /** The clock begins so long before midnight; one thing more is said when a new file is there. */
  beforeMidnightMs?: number;
}

/** Exit code where midnight was over before the first file was there: the machine was too busy. */
const TOO_LATE = 75;
const MIDNIGHT_MS = new Date(2026, 10, 22).getTime();

const task = JSON.parse(process.argv[2]) as ServiceLogTask;
if (task.uid !== undefined) {
  process.setgroups?.([]);
  process.setgid?.(task.uid);
  process.setuid?.(task.uid);
}
if (task.beforeMidnightMs !== undefined) {
  setClock(MIDNIGHT_MS - task.beforeMidnightMs);
}
try {
  const log = await openServiceLog({ quiet: task.quiet, directory: task.directory });
  for (let number = 0; number < task.messageCount; number++) {
    log.info('Capturing', { number });
  }
  log.warn('Dropped by the kernel', { packets: 3, interface: 'eth 0', absent: undefined });
  log.error('A name of "two"\nlines', { name: '\u001b[31mred\u009b', isUp: false });
  if (task.exitAtOnce) {
    process.exit(0);
  }
  if (task.beforeMidnightMs !== undefined) {
    if (Date.now() >= MIDNIGHT_MS) {
      process.exit(TOO_LATE);
    }
    while (readdirSync(task.directory ?? '').length < 2) {
      await sleep(10);
    }
    log.warn('A new day');
  }
  await log.close();
  log.error('Too late');
} catch (error) {
  process.exitCode = error instanceof HttplogError ? error.exitCode : 99;
}

/** The one thing that cannot be had for real: another time of the day. */
function setClock(nowMs: number): void {
  const RealDate = Date;
  const offsetMs = nowMs - RealDate.now();
  globalThis.Date = class extends RealDate {
    constructor(...values: [] | [number]) {
      super(values.length === 0 ? RealDate.now() + offsetMs : values[0]);
      if (values.length > 1) {
        this.setTime(Reflect.construct(RealDate, values).getTime());
      }
    }
    static override now(): number {
      return RealDate.now() + offsetMs;
    }
  } as DateConstructor;
}
