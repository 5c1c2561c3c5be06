import { FILL_END, type FrameSource } from '../capture/frame.ts';
import { countUnread } from './pipeline.ts';
import type { Pipeline } from './pipeline-state.ts';

/** The number of `-c` is reached: no more packets, and those that came before are counted. */
export async function countRest(pipeline: Pipeline, source: FrameSource): Promise<void> {
  source.stop();
  try {
    do {
      countUnread(pipeline, source);
    } while ((await source.fill()) !== FILL_END);
  } catch {
    // An interface that goes away now is not waited for: all that was asked for is there.
  }
}
