import { PcapFile, type PcapFileHeader, type PcapPart } from '../capture/pcap-file.ts';
import { COUNTERS_COUNT } from '../counters/counter-table.ts';
import type { BatchSink, LineBatch } from '../format/line-batch.ts';
import { createBatchBytes } from '../output/buffer-pool.ts';
import { createMessageKeys, type MessageKeys } from './message-keys.ts';
import { createPipeline, flushPipeline, runPipeline } from './pipeline.ts';
import { createPipelineOptions } from './pipeline-settings.ts';
import type { Pipeline } from './pipeline-state.ts';
import { createRequestFilter, type ReplayRequest } from './replay.ts';

/** The line of every message of a part, retransmitted ones included, and what tells the messages apart. */
export interface PartLines {
  batches: LineBatch[];
  keys: MessageKeys;
}

/** What became of a part. */
export interface DecodedPart extends PartLines {
  /** Where its first record began, and where the one behind its last begins. */
  startOffset: number;
  endOffset: number;
  packets: number;
  counters: Float64Array<ArrayBuffer>;
  /** What ended it early. */
  failure: unknown;
}

/** Decodes parts of one capture, each by itself. */
export class PartDecoder {
  readonly #file: PcapFile;
  readonly #sink: PartSink;
  readonly #pipeline: Pipeline;
  readonly #counters: Float64Array<ArrayBuffer>;
  readonly #freeKeys: MessageKeys[] = [];

  constructor(
    file: PcapFile,
    sink: PartSink,
    pipeline: Pipeline,
    counters: Float64Array<ArrayBuffer>,
  ) {
    this.#file = file;
    this.#sink = sink;
    this.#pipeline = pipeline;
    this.#counters = counters;
  }

  decode(part: PcapPart): DecodedPart {
    const keys = this.#freeKeys.pop() ?? createMessageKeys();
    keys.count = 0;
    this.#pipeline.keys = keys;
    this.#counters.fill(0);
    let startOffset = part.startOffset;
    let failure: unknown;
    try {
      const hasRecord = this.#file.begin(part);
      startOffset = this.#file.offset;
      while (hasRecord && this.#file.fill()) {
        runPipeline(this.#pipeline, this.#file);
      }
    } catch (error) {
      failure = error;
    }
    flushPipeline(this.#pipeline);
    return {
      startOffset,
      endOffset: this.#file.offset,
      packets: this.#file.packets,
      batches: this.#sink.takeBatches(),
      keys,
      counters: this.#counters.slice(),
      failure,
    };
  }

  /** Takes back the buffers of lines that were copied: new ones for each part would keep the collector busy. */
  give({ batches, keys }: PartLines): void {
    this.#sink.give(batches);
    this.#freeKeys.push(keys);
  }

  close(): void {
    this.#file.close();
  }
}

/** @throws HttplogError of the filter, or the system's error when the file cannot be opened */
export async function createPartDecoder(
  request: ReplayRequest,
  header: PcapFileHeader,
): Promise<PartDecoder> {
  const frameFilter = await createRequestFilter(request);
  const options = await createPipelineOptions(request.settings, frameFilter);
  const sink = new PartSink();
  const counters = new Float64Array(COUNTERS_COUNT);
  // All text outputs have the same lines. Whose files they go to is found out when parts are joined.
  const [output] = options.outputs;
  const outputs = [{ ...output, isSplitByType: false }];
  const pipeline = createPipeline({ ...options, outputs }, sink, counters);
  return new PartDecoder(new PcapFile(header), sink, pipeline, counters);
}

/** Keeps the batches of a part together. Bound: the part's bytes. */
class PartSink implements BatchSink {
  readonly isFull = false;
  #batches: LineBatch[] = [];
  readonly #free: Uint8Array[] = [];

  take(): Uint8Array {
    return this.#free.pop() ?? createBatchBytes();
  }

  put(batch: LineBatch): void {
    this.#batches.push(batch);
  }

  async ready(): Promise<void> {}

  takeBatches(): LineBatch[] {
    const batches = this.#batches;
    this.#batches = [];
    return batches;
  }

  give(batches: readonly LineBatch[]): void {
    for (const { bytes } of batches) {
      this.#free.push(bytes);
    }
  }
}
