import { createFrame } from '../capture/frame.ts';
import { createHeldHeads } from '../decode/held-heads.ts';
import { createLocalNetworks } from '../decode/local-networks.ts';
import { endAllFlows } from '../exchange/end-exchange.ts';
import { createOutputs } from './create-outputs.ts';
import { expireHeads } from './held-messages.ts';
import { expireEarly } from './order-segments.ts';
import type { PipelineOptions } from './pipeline-settings.ts';
import type { Pipeline } from './pipeline-state.ts';
import { createPortsRead } from './port-table.ts';

/**
 * Prepares that ports, filters, redaction and local networks become those of `options`; **all else there is as it
 * was when the pipeline was made**, the fields that heads are searched for among it.
 *
 * Exchanges that are open go on, and are judged by what holds when they end. Where flows are followed no longer,
 * what is open is written as it is; where they were not followed so far, what has begun before is not known.
 *
 * @returns what makes the change, at once and without fail; call it between two frames
 */
export function prepareChange(pipeline: Pipeline, options: PipelineOptions): () => void {
  const { batches, counters, timestamp, tracker: followed } = pipeline;
  const { records, tracker, ...outputs } = createOutputs(
    options,
    batches,
    counters,
    timestamp,
    followed,
  );
  const { isHeadCompleted } = options;
  const portTable = createPortsRead(options.ports);
  const localNetworks = createLocalNetworks(options.localNetworks);
  const isHeadCompletedSoFar = pipeline.heldHeads.headsMax > 0;
  const heldHeads =
    isHeadCompleted === isHeadCompletedSoFar
      ? pipeline.heldHeads
      : createHeldHeads(isHeadCompleted);
  return () => {
    if (followed !== undefined && tracker === undefined) {
      expireEarly(pipeline, followed, Number.POSITIVE_INFINITY, 0);
    }
    if (heldHeads !== pipeline.heldHeads) {
      expireHeads(pipeline, Number.POSITIVE_INFINITY, 0);
      pipeline.heldHeads = heldHeads;
      pipeline.heldFrame = { ...createFrame(), bytes: heldHeads.bytes };
    }
    if (followed !== undefined && tracker === undefined) {
      endAllFlows(followed);
    }
    if (tracker !== undefined && records !== undefined) {
      tracker.onExchange = records.exchange;
    }
    Object.assign(pipeline, { ...outputs, records, tracker, portTable, localNetworks });
  };
}
