import { LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2 } from '../capture/link-types.ts';
import { type PcapFileHeader, readPcapFileHeader } from '../capture/pcap-file.ts';
import { PCAP_HEADER_BYTES } from '../capture/pcap-reader.ts';
import type { Counters } from '../counters/counters.ts';
import type { BatchSink } from '../format/line-batch.ts';
import { isPlainText } from '../output/create-record-outputs.ts';
import { chooseRandomWord } from '../system/random-word.ts';
import { createPartJoiner, flushJoiner, joinPart } from './join-parts.ts';
import { SHARED_CAPTURE_BYTES_MIN, SHARED_UNASKED_BYTES_MIN } from './limits.ts';
import { PartCrew, type SharedCapture } from './part-crew.ts';
import type { PipelineSettings } from './pipeline-settings.ts';
import type { ReplayProgress, ReplayRequest } from './replay.ts';

/**
 * The capture as one that several threads can decode: a large plain pcap file whose lines show nothing that is
 * not in their own message. Undefined where one thread has to do it, or does it as fast.
 *
 * @param isAsked somebody wants so many workers
 */
export function findSharedCapture(
  request: ReplayRequest,
  workersCount: number,
  isAsked: boolean,
): SharedCapture | undefined {
  const { path, settings } = request;
  if (!canReplayInParts(settings)) {
    return undefined;
  }
  const file = readPcapFileHeader(path);
  const byteLengthMin = isAsked ? SHARED_CAPTURE_BYTES_MIN : SHARED_UNASKED_BYTES_MIN;
  return file !== undefined && file.byteLength >= byteLengthMin && !isOfSeveralDevices(file)
    ? { request, file, workersCount }
    : undefined;
}

/** Which addresses a line shows there, depends on what came before: see `translations.ts`. */
function isOfSeveralDevices({ header: { linkType } }: PcapFileHeader): boolean {
  return linkType === LINKTYPE_LINUX_SLL || linkType === LINKTYPE_LINUX_SLL2;
}

/** Whether of what came before a message its line depends on one thing alone: that it is the first of its kind. */
function canReplayInParts(settings: PipelineSettings): boolean {
  return (
    settings.framesMax < 0 &&
    !settings.isHeadCompleted &&
    settings.outputs.every((output) => isPlainText(output, settings))
  );
}

/**
 * As `replayCapture`, by several threads: the same lines in the same order, the same counters, the same error.
 * **The caller has checked `canReplayInParts`.**
 *
 * @throws HttplogError of the reader, of the filter, or of the sink
 */
export async function replayInParts(
  capture: SharedCapture,
  sink: BatchSink,
  counters: Counters,
  onProgress?: ReplayProgress,
): Promise<void> {
  const { request } = capture;
  // Hashes of one thread are compared with those of another.
  const settings = { hashSeed: chooseRandomWord(), ...request.settings };
  const crew = new PartCrew({ ...capture, request: { ...request, settings } });
  const joiner = createPartJoiner(capture.request.settings.outputs, sink, counters);
  let offset = PCAP_HEADER_BYTES;
  let packets = 0;
  try {
    for (let index = 0; index < crew.partsCount; index++) {
      const decoded = await crew.take(index, offset, packets);
      joinPart(joiner, decoded);
      crew.give(index, decoded);
      if (decoded.failure !== undefined) {
        throw decoded.failure;
      }
      offset = decoded.endOffset;
      packets += decoded.packets;
      onProgress?.(offset, capture.file.byteLength);
      await sink.ready();
    }
  } finally {
    flushJoiner(joiner);
    await crew.end();
  }
}
