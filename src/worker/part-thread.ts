import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { PcapFileHeader, PcapPart } from '../capture/pcap-file.ts';
import { createPartDecoder, type DecodedPart, type PartLines } from './part-decoder.ts';
import type { ReplayRequest } from './replay.ts';

/** What a thread that decodes parts is made with. */
export interface PartThreadData {
  request: ReplayRequest;
  file: PcapFileHeader;
}

/** What it is told: to decode a part, with those of its own whose buffers it may use again; or to end. */
export type PartCommand =
  | { kind: 'decode'; index: number; part: PcapPart; spares: PartLines[] }
  | { kind: 'end' };

/** What it answers: that it has begun, then each part in the order of the commands. */
export type PartReport =
  | { kind: 'ready' }
  /** Undefined when it did not end well: who asked does it again, and sees why. */
  | { kind: 'decoded'; index: number; decoded: DecodedPart | undefined };

/** The entry of a thread that decodes parts of a capture. */
async function runPartThread(port: MessagePort, { request, file }: PartThreadData): Promise<void> {
  const decoder = await createPartDecoder(request, file);
  port.on('message', (command: PartCommand) => {
    if (command.kind === 'end') {
      decoder.close();
      port.close();
      return;
    }
    for (const spare of command.spares) {
      decoder.give(spare);
    }
    reportPart(port, command.index, decoder.decode(command.part));
  });
  const ready: PartReport = { kind: 'ready' };
  port.postMessage(ready);
}

function reportPart(port: MessagePort, index: number, decoded: DecodedPart): void {
  if (decoded.failure !== undefined) {
    const report: PartReport = { kind: 'decoded', index, decoded: undefined };
    port.postMessage(report);
    return;
  }
  const report: PartReport = { kind: 'decoded', index, decoded };
  port.postMessage(report);
}

if (parentPort !== null) {
  void runPartThread(parentPort, workerData);
}
