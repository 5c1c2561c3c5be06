import { readFileSync } from 'node:fs';
import { describeSilence } from '../admin/hints.ts';
import { countMessages } from '../admin/summary.ts';
import { SILENCE_NOTICE_MS } from '../limits.ts';
import type { CaptureSession } from './capture-session.ts';
import type { ServiceLog } from './service-log.ts';

/**
 * Tells once when a capture has found no message though some time has passed: whoever listens in the wrong place would
 * else have nothing but an empty log.
 *
 * @returns what ends the watch
 */
export function watchSilence(session: CaptureSession, serviceLog: ServiceLog): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  void session.capturing.then(() => {
    const { interfaceName } = session.snapshot();
    const packetsBefore = countPackets(interfaceName);
    const look = (): void => {
      const tally = session.tally();
      if (countMessages(tally) === 0) {
        const packets = countPackets(interfaceName) - packetsBefore;
        serviceLog.info(describeSilence(tally, session.settings, { interfaceName, packets }));
      }
    };
    if (!isOver) {
      timer = setTimeout(look, SILENCE_NOTICE_MS).unref();
    }
  });
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

/**
 * Packets that an interface has received and sent, or all of them for `any`; NaN where the kernel does not tell.
 *
 * @see proc_pid_net(5)
 */
function countPackets(interfaceName: string): number {
  let sum = Number.NaN;
  try {
    for (const line of readFileSync('/proc/net/dev', 'utf8').split('\n')) {
      const [, name, numbers] = /^\s*([^\s:]+):\s*(.*)$/.exec(line) ?? [];
      if (numbers !== undefined && (interfaceName === 'any' || name === interfaceName)) {
        const [, received, , , , , , , , sent] = numbers.split(/\s+/).map(Number);
        sum = (Number.isNaN(sum) ? 0 : sum) + received + sent;
      }
    }
  } catch {
    // Without it the note says less.
  }
  return sum;
}
