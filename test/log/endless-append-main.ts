/** A process that appends numbered batches to daily files until it is killed. Its argument is the target. */
import { openLogWriter } from '../../src/log/log-writer.ts';
import type { OutputTarget } from '../../src/log/output-target.ts';
import { makeBatch } from './line-batches.ts';

const target = JSON.parse(process.argv[2]) as OutputTarget;
const writer = await openLogWriter(target, { policy: 'hold' });
for (let number = 0; ; number++) {
  const batch = makeBatch(number, { tag: process.argv[3] });
  await Promise.all([writer.append(batch), writer.append({ ...batch, stream: 1 })]);
}
