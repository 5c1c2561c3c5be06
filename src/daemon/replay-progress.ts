import type { SingleBar } from 'cli-progress';
import { isTerminal, STDERR_FD } from '../system/terminal.ts';
import { PROGRESS_INTERVAL_MS } from './limits.ts';

const BYTES_PER_MEGABYTE = 1e6;
/** They end a replay at once; the bar has hidden the cursor and must bring it back first. */
const END_SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** How far a replay is, in bytes over all its files. */
export interface ReplayPosition {
  bytesRead: number;
  /** Undefined when one of the files does not tell, as standard input. */
  bytesTotal: number | undefined;
}

/**
 * Shows a progress bar on standard error while it is a terminal; otherwise nothing at all. It begins after
 * one interval: then sizes are known, and a short replay shows none.
 *
 * @returns what takes the bar away
 */
export async function showProgress(
  position: () => ReplayPosition,
  isSeen = isTerminal(STDERR_FD),
): Promise<() => void> {
  if (!isSeen) {
    return () => undefined;
  }
  const { default: cliProgress } = await import('cli-progress');
  let bar: SingleBar | undefined;
  const update = () => {
    const { bytesRead, bytesTotal } = position();
    const payload = { megabytes: (bytesRead / BYTES_PER_MEGABYTE).toFixed(0) };
    if (bar === undefined) {
      bar = new cliProgress.SingleBar({
        format: formatOfBar(bytesTotal),
        barCompleteChar: '#',
        barIncompleteChar: '-',
        clearOnComplete: true,
        hideCursor: true,
        stream: process.stderr,
      });
      bar.start(bytesTotal ?? 0, bytesRead, payload);
    }
    bar.setTotal(bytesTotal ?? bytesRead);
    bar.update(bytesRead, payload);
  };
  const timer = setInterval(update, PROGRESS_INTERVAL_MS);
  const hide = () => {
    clearInterval(timer);
    bar?.stop();
    for (const signal of END_SIGNALS) {
      process.off(signal, endTidily);
    }
  };
  const endTidily = (signal: NodeJS.Signals) => {
    hide();
    process.kill(process.pid, signal);
  };
  for (const signal of END_SIGNALS) {
    process.on(signal, endTidily);
  }
  return hide;
}

/** Of what has no known end there is no share to draw. */
function formatOfBar(bytesTotal: number | undefined): string {
  const share = bytesTotal === undefined ? '' : '{bar} {percentage}% | ';
  return `replay ${share}{megabytes} MB | {duration_formatted}`;
}
