import type { PcapFileHeader, PcapPart } from '../capture/pcap-file.ts';
import { PCAP_HEADER_BYTES } from '../capture/pcap-reader.ts';
import { PART_BYTES, PARTS_AHEAD_MAX } from './limits.ts';
import {
  createPartDecoder,
  type DecodedPart,
  type PartDecoder,
  type PartLines,
} from './part-decoder.ts';
import { PartHelper } from './part-helper.ts';
import type { ReplayRequest } from './replay.ts';

/** A capture that several threads decode at once. */
export interface SharedCapture {
  request: ReplayRequest;
  file: PcapFileHeader;
  /** Threads that decode, this one included. */
  workersCount: number;
  /** Another size than PART_BYTES: tests let parts meet more often. */
  partBytes?: number;
}

/** Those who decode the parts of a capture: this thread, and helpers, each taking the next part when it is free. */
export class PartCrew {
  readonly partsCount: number;
  readonly #partBytes: number;
  readonly #partsAhead: number;
  readonly #helpers: readonly PartHelper[];
  readonly #decoder: Promise<PartDecoder>;
  /** Parts that wait for their turn; undefined where a helper could not decode one. */
  readonly #waiting = new Map<number, DecodedPart | undefined>();
  /** By part: whose buffers its lines are in. */
  readonly #owners = new Map<number, PartDecoder | PartHelper>();
  #nextIndex = 0;
  #wake = () => {};

  constructor(capture: SharedCapture) {
    const { request, file, workersCount, partBytes = PART_BYTES } = capture;
    this.#partBytes = partBytes;
    this.#partsAhead = workersCount * PARTS_AHEAD_MAX;
    // What is left behind the last whole part goes with it.
    this.partsCount = Math.max(1, Math.floor(file.byteLength / partBytes));
    const onDecoded = (index: number, decoded: DecodedPart | undefined): void => {
      this.#waiting.set(index, decoded);
      this.#wake();
    };
    this.#helpers = Array.from(
      { length: workersCount - 1 },
      () => new PartHelper({ request, file }, onDecoded),
    );
    this.#decoder = createPartDecoder(request, file);
  }

  /**
   * The part with this index, whose first record begins at `offset`. **Parts are taken in their order.**
   *
   * @throws HttplogError of the filter; what ends the part early is in its `failure`
   */
  async take(index: number, offset: number, packetsBefore: number): Promise<DecodedPart> {
    const decoder = await this.#decoder;
    await turn();
    this.#handOut();
    while (this.#nextIndex !== index && !this.#waiting.has(index)) {
      if (this.#nextIndex < Math.min(this.partsCount, index + this.#partsAhead)) {
        const ahead = this.#nextIndex++;
        this.#owners.set(ahead, decoder);
        this.#waiting.set(ahead, decoder.decode(this.#partAt(ahead)));
        await turn();
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      this.#handOut();
    }
    this.#nextIndex = Math.max(this.#nextIndex, index + 1);
    const decoded = this.#waiting.get(index);
    this.#waiting.delete(index);
    if (decoded?.startOffset === offset && decoded.failure === undefined) {
      return decoded;
    }
    if (decoded !== undefined) {
      this.give(index, decoded);
    }
    this.#owners.set(index, decoder);
    const { endOffset } = this.#partAt(index);
    return decoder.decode({ startOffset: offset, endOffset, isGuess: false, packetsBefore });
  }

  /** Takes back the buffers of a part whose lines are not wanted any more. */
  give(index: number, lines: PartLines): void {
    this.#owners.get(index)?.give(lines);
    this.#owners.delete(index);
  }

  /** Resolves when all threads have ended. */
  async end(): Promise<void> {
    await Promise.all(this.#helpers.map((helper) => helper.end()));
    (await this.#decoder).close();
  }

  #handOut(): void {
    for (const helper of this.#helpers) {
      while (helper.isFree && this.#nextIndex < this.partsCount) {
        const index = this.#nextIndex++;
        this.#owners.set(index, helper);
        helper.decode(index, this.#partAt(index));
      }
    }
  }

  /** Where it begins is not known before the part before it was decoded. */
  #partAt(index: number): PcapPart {
    const isLast = index === this.partsCount - 1;
    return {
      startOffset: Math.max(PCAP_HEADER_BYTES, index * this.#partBytes),
      endOffset: isLast ? Number.POSITIVE_INFINITY : (index + 1) * this.#partBytes,
      isGuess: index > 0,
      packetsBefore: 0,
    };
  }
}

/** Lets the event loop have a turn, so that helpers are heard and written batches come back. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
