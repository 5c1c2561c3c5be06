import { describe, expect, test } from 'vitest';
import { runPipeline } from '../../src/worker/pipeline.ts';
import { FrameListSource, pipelineOf } from '../worker/pipeline-parts.ts';
import { asCaptured } from './conversation.ts';
import { readSegments } from './read-case.ts';
import { EXCHANGE_SETTINGS } from './run-exchanges.ts';

/** What waits for its turn while the capture goes on: what it comes to in the end is in `pairing-cases/arrival.md`. */

async function countHeld(segments: string): Promise<number | undefined> {
  const settings = { ...EXCHANGE_SETTINGS, isHeadCompleted: true };
  const { pipeline } = await pipelineOf({ settings });
  const source = new FrameListSource(asCaptured(readSegments(segments)));
  source.fillNow();
  runPipeline(pipeline, source);
  return pipeline.tracker?.early.count;
}

describe('segments that are held', () => {
  test.each([
    ['none in order', 'open\n-> GET a\n<- 200 a', 0],
    ['a response before its request', 'open\n-> GET a (lost)\n<- 200 a', 1],
    ['a head behind a hole', 'open\n-> GET a (lost)\n-> GET b', 1],
    ['none that only acknowledges a FIN besides', 'open\n-> GET a\n-> FIN\n<- 200 a\n<- FIN', 0],
    [
      'none within a body of known length, behind a hole',
      'open\n-> GET a\n<- 200 a length 30 + body 5\n<- body 5 (lost)\n<- body 10',
      0,
    ],
    [
      'none within a chunk, behind a hole',
      'open\n-> GET a\n<- 200 a chunked + "1e\\r\\n"\n<- body 5 (lost)\n<- body 10',
      0,
    ],
    [
      'what stands behind the end of a body, behind a hole',
      'open\n-> GET a\n<- 200 a length 10 + body 5\n<- body 5 (lost)\n<- 200 b',
      1,
    ],
  ])('%s', async (_, segments, count) => {
    expect(await countHeld(segments)).toBe(count);
  });
});
