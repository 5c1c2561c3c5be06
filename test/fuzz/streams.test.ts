import { describe, expect, it } from 'vitest';
import { createRandom } from './random-bytes.ts';
import { checkSteps, mutateSteps } from './stream-oracle.ts';

/** `HTTPLOG_FUZZ_STREAMS=1000000` for the long form. */
const CONVERSATIONS = Number(process.env.HTTPLOG_FUZZ_STREAMS ?? 4000);
const BLOCKS = 8;

describe('streams of changed conversations', () => {
  it.each(Array.from({ length: BLOCKS }, (_, block) => block + 1))(
    'nothing is thrown, events are balanced, and cuts change nothing: seed %i',
    (seed) => {
      const random = createRandom(seed);
      for (let run = 0; run < CONVERSATIONS / BLOCKS; run++) {
        const steps = mutateSteps(random);
        expect(() => checkSteps(steps, random), describeSteps(steps)).not.toThrow();
      }
    },
    Math.max(60_000, CONVERSATIONS * 10),
  );
});

function describeSteps(steps: ReturnType<typeof mutateSteps>): string {
  return steps
    .map((step) =>
      'bytes' in step
        ? `${step.from} ${JSON.stringify(Buffer.from(step.bytes).toString('latin1'))}`
        : JSON.stringify(step),
    )
    .join('\n');
}
