import type { MessagePort } from 'node:worker_threads';
import type { Counters } from '../counters/counters.ts';
import { REPLAY_BATCHES_MAX } from '../limits.ts';
import { BufferPools } from '../output/buffer-pool.ts';
import { PortSink, type ReturnedBuffer } from '../output/port-sink.ts';
import { type ReplayRequest, replayCapture } from './replay.ts';
import { describeFailure, type WorkerFailure } from './worker-failure.ts';

export interface ReplayTask {
  request: ReplayRequest;
  /** Takes the batches, gives their buffers back. */
  port: MessagePort;
  counters: Counters;
  /** Two words that the control plane reads: bytes read, and bytes in all or -1. */
  progress: Float64Array<SharedArrayBuffer>;
}

export const PROGRESS_READ = 0;
export const PROGRESS_TOTAL = 1;
export const PROGRESS_WORDS = 2;

/**
 * One of several captures, decoded in a thread of the pool. Ends the port's stream in every case.
 *
 * @returns what went wrong, as a value: an error would arrive without its code
 */
export async function runReplayTask(task: ReplayTask): Promise<WorkerFailure | undefined> {
  const { request, port, counters, progress } = task;
  const pools = new BufferPools(REPLAY_BATCHES_MAX, request.settings.outputs.length);
  const sink = new PortSink(port, pools, true);
  port.on('message', (buffer: ReturnedBuffer) => sink.give(buffer));
  try {
    await replayCapture(request, sink, counters, (bytesRead, bytesTotal) => {
      progress[PROGRESS_READ] = bytesRead;
      progress[PROGRESS_TOTAL] = bytesTotal ?? -1;
    });
    return undefined;
  } catch (error) {
    return describeFailure(error);
  } finally {
    port.postMessage({ kind: 'end' });
    port.close();
  }
}
