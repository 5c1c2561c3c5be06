import type { LineDocument } from '../format/line-batch.ts';
import { FileHeader } from './file-header.ts';
import type { LineOutput } from './line-output.ts';

const BRACKET_OPEN = Uint8Array.of(0x5b);
const BRACKET_CLOSE = Uint8Array.of(0x5d);

/**
 * Lines as the elements of a document's array: its opening before the first of them, its closing when all are
 * written. The first line's comma becomes the array's bracket, so that bytes are counted as those of other lines.
 *
 * A process that is killed leaves a document without its end.
 */
export class DocumentOutput implements LineOutput {
  readonly isPipe: boolean;
  readonly #inner: LineOutput;
  readonly #document: LineDocument;
  readonly #opening: FileHeader;
  /** Bytes of lines that stand in the document. */
  #linesByteLength = 0;
  /** Nobody takes bytes any more. */
  #isBroken = false;

  constructor(inner: LineOutput, document: LineDocument) {
    this.isPipe = inner.isPipe;
    this.#inner = inner;
    this.#document = document;
    this.#opening = new FileHeader(document.opening);
  }

  get path(): string {
    return this.#inner.path;
  }

  async prepare(tornByteLength: number): Promise<boolean> {
    await this.#inner.prepare(tornByteLength);
    await this.#opening.write({ write: (chunks) => this.#writeInner(chunks) });
    return false;
  }

  async write(chunks: Uint8Array[]): Promise<number> {
    const isFirst = this.#linesByteLength === 0;
    const written = await this.#writeInner(isFirst ? openArray(chunks) : chunks);
    this.#linesByteLength += written;
    return written;
  }

  requireReopen(): void {
    this.#inner.requireReopen();
  }

  async takeBack(byteLength: number): Promise<void> {
    await this.#inner.takeBack(byteLength);
    this.#linesByteLength -= byteLength;
  }

  async close(): Promise<void> {
    try {
      if (!this.#isBroken) {
        await this.#end();
      }
    } finally {
      await this.#inner.close();
    }
  }

  async #end(): Promise<void> {
    await this.prepare(0);
    const bracket = this.#linesByteLength === 0 ? [BRACKET_OPEN, BRACKET_CLOSE] : [BRACKET_CLOSE];
    const closing = new FileHeader(Buffer.concat([...bracket, this.#document.closing]));
    await closing.write({ write: (chunks) => this.#writeInner(chunks) });
  }

  async #writeInner(chunks: Uint8Array[]): Promise<number> {
    try {
      return await this.#inner.write(chunks);
    } catch (error) {
      this.#isBroken = this.#inner.isPipe;
      throw error;
    }
  }
}

/** The same bytes with a bracket in the place of the first, which is a comma. */
function openArray([first, ...others]: Uint8Array[]): Uint8Array[] {
  return [BRACKET_OPEN, first.subarray(1), ...others];
}
