import { describeTraffic } from '../admin/describe-traffic.ts';
import { describeLoss } from '../admin/summary.ts';
import { describeTop, drawScreen, findRate } from '../admin/top-screen.ts';
import type { Configuration } from '../config/settings.ts';
import { type TrafficWatch, watchTraffic } from '../daemon/watch-traffic.ts';
import { EXIT_OK, EXIT_USAGE, type ExitCode, HttplogError } from '../errors.ts';
import { isTerminal, STDOUT_FD } from '../system/terminal.ts';
import { SCREEN_COLUMNS_USUAL, SCREEN_ROWS_USUAL } from './limits.ts';

/** The other screen, without a cursor; and back to where somebody was. */
const ENTER_SCREEN = '\x1b[?1049h\x1b[?25l';
const LEAVE_SCREEN = '\x1b[?25h\x1b[?1049l';

/** As they come from a terminal that passes each key on. */
const KEY_INTERRUPT = '\x03';
const END_SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** `httplog top`: the traffic as it passes, drawn anew until somebody ends it. */
export async function runTopCommand({ settings }: Configuration): Promise<ExitCode> {
  if (!isTerminal(STDOUT_FD)) {
    throw new HttplogError('httplog top draws on a terminal, and standard output is none', {
      code: 'HTTPLOG_NO_TERMINAL',
      exitCode: EXIT_USAGE,
      hint: 'httplog --report always tells the same at the end of a run',
    });
  }
  const watch = await watchTraffic(settings);
  const endScreen = showScreen(watch, settings.topIntervalMs);
  const { error } = await watch.session.finished.finally(endScreen);
  if (error !== undefined) {
    throw error;
  }
  process.stdout.write(
    describeTraffic(watch.report)
      .map((line) => `${line}\n`)
      .join(''),
  );
  return EXIT_OK;
}

/** @returns what gives the terminal back */
function showScreen(watch: TrafficWatch, intervalMs: number): () => void {
  const { session, interfaceName } = watch;
  const { stdin, stdout } = process;
  let drawnAtMs = performance.now();
  let countBefore = 0;
  let ratePerSecond = 0;
  const draw = (): void => {
    if (session.isStopping) {
      return;
    }
    const { report } = watch;
    const loss = describeLoss(session.tally());
    const isCapturing = session.snapshot().isCapturing;
    const lines = describeTop({ interfaceName, isCapturing, report, ratePerSecond, loss });
    const { columns = SCREEN_COLUMNS_USUAL, rows = SCREEN_ROWS_USUAL } = stdout;
    stdout.write(drawScreen(lines, columns, rows));
  };
  const look = (): void => {
    const nowMs = performance.now();
    ratePerSecond = findRate(countBefore, watch.report.count, nowMs - drawnAtMs);
    countBefore = watch.report.count;
    drawnAtMs = nowMs;
    draw();
  };
  const end = (): void => void session.stop();
  const takeKeys = (keys: Buffer): void => {
    const text = keys.toString('latin1');
    if (text.includes('q') || text.includes(KEY_INTERRUPT)) {
      end();
    } else if (text.includes('r')) {
      watch.reset();
      countBefore = 0;
      draw();
    }
  };
  const hasKeys = stdin.isTTY === true;
  if (hasKeys) {
    stdin.setRawMode(true);
    stdin.on('data', takeKeys);
  }
  for (const signal of END_SIGNALS) {
    process.on(signal, end);
  }
  stdout.on('resize', draw);
  stdout.write(ENTER_SCREEN);
  draw();
  const timer = setInterval(look, intervalMs);
  return () => {
    clearInterval(timer);
    stdout.off('resize', draw);
    if (hasKeys) {
      stdin.off('data', takeKeys);
      stdin.setRawMode(false);
      stdin.pause();
    }
    stdout.write(LEAVE_SCREEN);
  };
}
