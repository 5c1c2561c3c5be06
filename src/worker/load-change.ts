import type { FilterBuilder, FrameSource } from '../capture/frame.ts';
import { interfaceLinkLayer } from '../capture/network-device.ts';
import { describeFilter } from './describe-filter.ts';
import type { LiveCapture, WorkerChange } from './live-protocol.ts';
import { loadFilterBuilder } from './open-live-source.ts';
import { createPipelineOptions } from './pipeline-settings.ts';
import type { Pipeline } from './pipeline-state.ts';
import { prepareChange } from './prepare-change.ts';

/**
 * Loads what a change needs.
 *
 * @returns what makes it at once, all of it or, when it throws, nothing; `current` is the capture that `source` was
 * opened for. Call it between two blocks of the source.
 */
export async function loadChange({
  capture,
  pipeline: settings,
}: WorkerChange): Promise<
  (pipeline: Pipeline, current: LiveCapture, source: FrameSource | null) => void
> {
  const options = await createPipelineOptions(settings, undefined);
  const buildFilter = await loadFilterBuilder(capture);
  return (pipeline, current, source) => {
    const makeChange = prepareChange(pipeline, options);
    if (describeFilter(capture) !== describeFilter(current)) {
      replaceFilter(capture, source, buildFilter);
    }
    makeChange();
  };
}

function replaceFilter(
  { interfaceName }: LiveCapture,
  source: FrameSource | null,
  build: FilterBuilder,
): void {
  if (source === null) {
    // It comes with the next source, and must be one that can be built.
    build(interfaceLinkLayer(interfaceName));
  } else if (source.replaceFilter === undefined) {
    throw new Error('The filter of this source cannot be replaced without a gap');
  } else {
    source.replaceFilter(build);
  }
}
