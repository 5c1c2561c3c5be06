import { fstatSync } from 'node:fs';
import { FileHeader } from './file-header.ts';
import type { LineOutput } from './line-output.ts';
import { OpenFile } from './open-file.ts';
import { STDOUT_PATH } from './output-target.ts';
import { createOutputClosedError } from './write-fault.ts';

const STDOUT_FD = 1;

/**
 * Standard output has two ways. A pipe or socket goes through `process.stdout`, which waits for a slow
 * reader without a thread: a `write` of the thread pool on a full pipe cannot be called off, and the end of
 * the process waits for it (measured: `process.exit` came back only when the reader had gone). A file or a
 * terminal is written like any other file, because `process.stdout` drops the rest of a short write there.
 *
 * @param headerBytes written once before the first line, unless it goes to a file that has bytes already
 */
export async function openStandardOutput(headerBytes?: Uint8Array): Promise<LineOutput> {
  const header = new FileHeader(headerBytes);
  const stats = fstatSync(STDOUT_FD);
  if (stats.isFIFO() || stats.isSocket()) {
    return new PipedOutput(header);
  }
  const file = await OpenFile.adopt(STDOUT_FD);
  header.begin(stats.isFile() && stats.size > 0);
  return new RedirectedOutput(file, header);
}

class PipedOutput implements LineOutput {
  readonly path = STDOUT_PATH;
  readonly isPipe = true;
  readonly #header: FileHeader;
  readonly #ignoreError = (): void => {
    // The callback of the write tells the same; without a listener the process would end here.
  };

  constructor(header: FileHeader) {
    this.#header = header;
    process.stdout.on('error', this.#ignoreError);
  }

  async prepare(): Promise<boolean> {
    await this.#header.write(this);
    return false;
  }

  /** One chunk at a time. Any failure of a pipe means that its reader has gone. */
  write(chunks: Uint8Array[]): Promise<number> {
    const chunk = chunks[0];
    return new Promise((resolve, reject) => {
      process.stdout.write(chunk, (error) => {
        if (error) {
          reject(createOutputClosedError(STDOUT_PATH, error));
        } else {
          resolve(chunk.byteLength);
        }
      });
    });
  }

  requireReopen(): void {
    // Standard output was opened by who started us.
  }

  async takeBack(): Promise<void> {
    // What went into a pipe is gone.
  }

  /** The listener stays: `process.stdout` tells of a reader that goes away later, too. */
  async close(): Promise<void> {}
}

class RedirectedOutput implements LineOutput {
  readonly path = STDOUT_PATH;
  readonly isPipe = false;
  readonly #file: OpenFile;
  readonly #header: FileHeader;

  constructor(file: OpenFile, header: FileHeader) {
    this.#file = file;
    this.#header = header;
  }

  async prepare(): Promise<boolean> {
    await this.#header.write(this.#file);
    return false;
  }

  write(chunks: Uint8Array[]): Promise<number> {
    return this.#file.write(chunks);
  }

  requireReopen(): void {
    // Standard output was opened by who started us.
  }

  takeBack(byteLength: number): Promise<void> {
    return this.#file.takeBack(this.#header.tornByteLength || byteLength);
  }

  async close(): Promise<void> {
    // Others may still write to it.
  }
}
