import type { Worker } from 'node:worker_threads';
import type { PcapPart } from '../capture/pcap-file.ts';
import { lateThreads } from '../late-modules.ts';
import { PARTS_PER_THREAD_MAX } from './limits.ts';
import type { DecodedPart, PartLines } from './part-decoder.ts';
import type { PartCommand, PartReport, PartThreadData } from './part-thread.ts';
import { threadModule } from './thread-module.ts';

/** Told of each part that a thread was given; undefined when it is to be decoded again. */
export type OnDecoded = (index: number, decoded: DecodedPart | undefined) => void;

/** A thread that decodes parts beside this one. When it fails only time is lost: what it had is given back. */
export class PartHelper {
  readonly #thread: Worker;
  readonly #onDecoded: OnDecoded;
  readonly #ended: Promise<void>;
  /** Parts that it was given and has not answered. */
  readonly #underWay = new Set<number>();
  #isReady = false;
  #isGone = false;
  #spares: PartLines[] = [];

  constructor(data: PartThreadData, onDecoded: OnDecoded) {
    this.#onDecoded = onDecoded;
    const { Worker: Thread } = lateThreads();
    this.#thread = new Thread(threadModule('part-thread'), { workerData: data, name: 'part' });
    this.#thread.on('message', (report: PartReport) => this.#hear(report));
    // What went wrong shows again where its parts are done again, and is told there.
    this.#thread.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      this.#thread.on('exit', () => {
        this.#giveUp();
        resolve();
      });
    });
  }

  /** It can take one more part. While it begins, which takes a tenth of a second, those that it has wait for it. */
  get isFree(): boolean {
    return !this.#isGone && this.#underWay.size < PARTS_PER_THREAD_MAX;
  }

  decode(index: number, part: PcapPart): void {
    const spares = this.#spares;
    this.#spares = [];
    this.#underWay.add(index);
    this.#post({ kind: 'decode', index, part, spares });
  }

  /** Takes back the buffers of lines that were copied. */
  give(lines: PartLines): void {
    this.#spares.push(lines);
  }

  /** Resolves when the thread has ended: behind the parts that it has, or at once if it has not yet begun. */
  async end(): Promise<void> {
    if (this.#isReady) {
      this.#isReady = false;
      this.#post({ kind: 'end' });
    } else {
      this.#thread.terminate();
    }
    await this.#ended;
  }

  #hear(report: PartReport): void {
    if (report.kind === 'ready') {
      this.#isReady = true;
      return;
    }
    this.#underWay.delete(report.index);
    this.#onDecoded(report.index, report.decoded);
  }

  #giveUp(): void {
    this.#isGone = true;
    for (const index of this.#underWay) {
      this.#onDecoded(index, undefined);
    }
    this.#underWay.clear();
  }

  #post(command: PartCommand): void {
    this.#thread.postMessage(command);
  }
}
