/** The entry of bin/httplog: argv in, exit code out. */
import { EXIT_OK } from '../errors.ts';
import { describeError, exitCodeOf } from './describe-error.ts';
import { runCommandLine } from './main.ts';

// A reader that goes away (`httplog -h | head -1`) is no error worth a stack.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') {
    throw error;
  }
});

runCommandLine(process.argv.slice(2))
  .catch((error: unknown) => {
    if (exitCodeOf(error) !== EXIT_OK) {
      process.stderr.write(describeError(error));
    }
    return exitCodeOf(error);
  })
  .then((exitCode) => {
    // At once: a pipe that nobody reads, or a thread that hangs, must not keep a finished command alive.
    process.stdout.write('', () => process.exit(exitCode));
  });
