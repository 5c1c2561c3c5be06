/** A process of its own that opens databases in a directory and tells as JSON what was wrong. */
import { HttplogError } from '../../src/errors.ts';
import { openSqliteWriter } from '../../src/log/sqlite-writer.ts';

try {
  const writer = await openSqliteWriter({ directory: process.argv[2] }, { policy: 'fail' });
  await writer.close(1000);
  console.log('{}');
} catch (error) {
  if (!(error instanceof HttplogError)) {
    throw error;
  }
  const { code, exitCode, message, hint } = error;
  console.log(JSON.stringify({ code, exitCode, message, hint }));
}
