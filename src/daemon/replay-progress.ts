import { PROGRESS_INTERVAL_MS } from '../limits.ts';

const BYTES_PER_MEGABYTE = 1e6;

/** How far a replay is, in bytes over all its files. */
export interface ReplayPosition {
  bytesRead: number;
  /** Undefined when one of the files does not tell, as standard input. */
  bytesTotal: number | undefined;
}

/**
 * Shows a progress bar on standard error while it is a terminal; otherwise nothing at all.
 *
 * @returns what takes the bar away
 */
export async function showProgress(position: () => ReplayPosition): Promise<() => void> {
  if (!process.stderr.isTTY) {
    return () => undefined;
  }
  const { default: cliProgress } = await import('cli-progress');
  const bar = new cliProgress.SingleBar({
    format: 'replay {bar} {percentage}% | {megabytes} MB | {duration_formatted}',
    barCompleteChar: '#',
    barIncompleteChar: '-',
    clearOnComplete: true,
    hideCursor: true,
    stream: process.stderr,
  });
  const { bytesTotal } = position();
  bar.start(bytesTotal ?? 0, 0, { megabytes: '0' });
  const update = () => {
    const { bytesRead, bytesTotal: total } = position();
    bar.setTotal(total ?? bytesRead);
    bar.update(bytesRead, { megabytes: (bytesRead / BYTES_PER_MEGABYTE).toFixed(0) });
  };
  const timer = setInterval(update, PROGRESS_INTERVAL_MS);
  return () => {
    clearInterval(timer);
    update();
    bar.stop();
  };
}
