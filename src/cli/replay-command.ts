import { describeTraffic } from '../admin/describe-traffic.ts';
import { describeNoMessage } from '../admin/hints.ts';
import { countMessages, countRead, describeReplay, isNoteworthy } from '../admin/summary.ts';
import type { Configuration } from '../config/settings.ts';
import { replayCaptures } from '../daemon/replay-captures.ts';
import type { ExitCode } from '../errors.ts';
import { EXIT_OK } from '../errors.ts';
import { isTerminal, STDERR_FD } from '../system/terminal.ts';
import { describeError } from './describe-error.ts';

/**
 * `httplog replay FILE...`: the lines; and what was read where somebody looks at it, or where the lines alone would
 * keep from him that something is missing.
 */
export async function runReplayCommand(
  files: readonly string[],
  configuration: Configuration,
  printError: (text: string) => void,
): Promise<ExitCode> {
  const { settings } = configuration;
  const printWarning = (warning: string) => printError(`httplog: ${warning}\n`);
  configuration.warnings.forEach(printWarning);
  const { exitCode, tally, isCut, report } = await replayCaptures(
    files,
    configuration,
    (error) => printError(describeError(error)),
    printWarning,
  );
  // Of captures that gave not one packet the errors have said it all.
  const isMissing = exitCode === EXIT_OK ? isCut || isNoteworthy(tally) : countRead(tally) > 0;
  if ((isTerminal(STDERR_FD) || isMissing) && !settings.quiet) {
    const lines = describeReplay(tally, isCut ? settings.packetCountMax : undefined);
    const hints = countMessages(tally) === 0 ? [describeNoMessage(tally, settings)] : [];
    printError(`${[...lines, ...hints].join('\n')}\n`);
  }
  if (report !== undefined) {
    printError(
      describeTraffic(report)
        .map((line) => `${line}\n`)
        .join(''),
    );
  }
  return exitCode;
}
