/** The entry of bin/httplog: argv in, exit code out. */
import { EXIT_OK } from '../errors.ts';
import { describeError, exitCodeOf } from './describe-error.ts';
import { EXIT_DEADLINE_MS } from './limits.ts';
import { runCommandLine } from './main.ts';

runCommandLine(process.argv.slice(2))
  .catch((error: unknown) => {
    if (exitCodeOf(error) !== EXIT_OK) {
      process.stderr.write(describeError(error));
    }
    return exitCodeOf(error);
  })
  .then((exitCode) => {
    // Not process.exit at once: it waits for V8's background compiler while that waits for a collection by
    // this very thread, and then the finished command hangs for ever (1 run in 10 on a busy machine). When
    // nothing is left to do Node ends by itself; a pipe that nobody reads gets a deadline.
    process.exitCode = exitCode;
    setTimeout(() => process.exit(exitCode), EXIT_DEADLINE_MS).unref();
  });
