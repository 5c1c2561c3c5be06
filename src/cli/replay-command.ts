import { describeReplay } from '../admin/summary.ts';
import type { Configuration } from '../config/settings.ts';
import { replayCaptures } from '../daemon/replay-captures.ts';
import type { ExitCode } from '../errors.ts';
import { describeError } from './describe-error.ts';

/** `httplog replay FILE...`: the lines, and on a terminal what was read; in a pipe nothing but the lines. */
export async function runReplayCommand(
  files: readonly string[],
  configuration: Configuration,
  printError: (text: string) => void,
): Promise<ExitCode> {
  const printWarning = (warning: string) => printError(`httplog: ${warning}\n`);
  configuration.warnings.forEach(printWarning);
  const { exitCode, tally } = await replayCaptures(
    files,
    configuration,
    (error) => printError(describeError(error)),
    printWarning,
  );
  if (process.stderr.isTTY && !configuration.settings.quiet) {
    printError(`${describeReplay(tally).join('\n')}\n`);
  }
  return exitCode;
}
