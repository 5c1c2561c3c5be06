/** A process of its own that writes ten rows into a database: `PATH FIRST`. */
import { openSqliteWriter } from '../../src/log/sqlite-writer.ts';
import { makeRecordBatch, makeRecords } from './sqlite-records.ts';

const [, , path, first] = process.argv;
const writer = await openSqliteWriter({ path }, { policy: 'hold', retryIntervalMs: 20 });
await writer.append(makeRecordBatch(makeRecords(10, Number(first))));
await writer.close(5000);
process.exit(writer.counters.linesWritten === 10 ? 0 : 1);
