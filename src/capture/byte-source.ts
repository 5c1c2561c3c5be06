import { close, fstat, open, read, type Stats } from 'node:fs';
import type { Duplex, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { lateNet, lateStream, lateZlib } from '../late-modules.ts';
import { isTerminal } from '../system/terminal.ts';
import type { ByteSource, ByteWindow } from './byte-window.ts';
import { directoryGiven, openFailure, terminalGiven } from './capture-errors.ts';
import { DECOMPRESS_CHUNK_BYTES, READ_AHEAD_BYTES } from './limits.ts';
import { zstdPieces } from './zstd-frames.ts';

export type Compression = 'gzip' | 'zstd';

const STANDARD_INPUT_FD = 0;

const openFile = promisify(open);
const statFile = promisify(fstat);

/** Opens a path, or standard input for `-`. Errors: `openFailure` and the wrong kinds of file. */
export async function openByteSource(path: string): Promise<ByteSource> {
  let fd = STANDARD_INPUT_FD;
  let stats: Stats;
  try {
    if (path !== '-') {
      fd = await openFile(path, 'r');
    }
    stats = await statFile(fd);
  } catch (error) {
    throw openFailure(path, error);
  }
  if (stats.isDirectory()) {
    closeFile(fd);
    throw directoryGiven(path);
  }
  if (path === '-' && isTerminal(fd)) {
    throw terminalGiven();
  }
  // A blocked read of a pipe would hold a pool thread that even the end of the process waits for.
  if (stats.isFIFO() || stats.isSocket()) {
    const { Socket } = lateNet();
    return new StreamByteSource(new Socket({ fd, readable: true, writable: false }));
  }
  return new FileByteSource(fd, stats.isFile() ? stats.size : undefined);
}

/** What `window` still holds and will hold, decompressed. `window` belongs to the new source. */
export function decompress(window: ByteWindow, compression: Compression): ByteSource {
  // One byte of high water: no output may wait inside a stream, which drops it when it fails.
  const highWater = { readableHighWaterMark: 1 };
  const options = { chunkSize: DECOMPRESS_CHUNK_BYTES, ...highWater };
  const { createGunzip, createZstdDecompress } = lateZlib();
  const stream = compression === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
  const pieces = compression === 'gzip' ? gzipPieces(window) : zstdPieces(window);
  return new StreamByteSource(stream, { pieces, window });
}

/** Compressed bytes at the end of a gzip file that are given in pieces of GZIP_END_PIECE_BYTES. */
const GZIP_END_BYTES = 8192;
const GZIP_END_PIECE_BYTES = 8;

/**
 * A call of zlib that fails loses the output it had made. Failures stand at the end as a rule (wrong
 * checksum, bytes behind the last member), so the end goes in small calls; that costs some 10 ms.
 */
async function* gzipPieces(window: ByteWindow): AsyncGenerator<Uint8Array> {
  while (await window.has(1)) {
    const bytes = window.take(window.end - window.position);
    const isLast = window.progress.bytesRead === window.progress.bytesTotal;
    const end = bytes.byteLength - (isLast ? Math.min(bytes.byteLength, GZIP_END_BYTES) : 0);
    if (end > 0) {
      yield bytes.subarray(0, end);
    }
    for (let offset = end; offset < bytes.byteLength; offset += GZIP_END_PIECE_BYTES) {
      yield bytes.subarray(offset, offset + GZIP_END_PIECE_BYTES);
    }
  }
}

function closeFile(fd: number): void {
  // Standard input stays: its number would be given to the next file that is opened.
  if (fd !== STANDARD_INPUT_FD) {
    close(fd, () => {});
  }
}

/** A regular file or a device, read by the thread pool. */
class FileByteSource implements ByteSource {
  bytesRead = 0;
  readonly bytesTotal: number | undefined;
  readonly #fd: number;
  #reading = false;
  #closed = false;

  constructor(fd: number, bytesTotal: number | undefined) {
    this.#fd = fd;
    this.bytesTotal = bytesTotal;
  }

  read(target: Uint8Array, offset: number): Promise<number> {
    this.#reading = true;
    return new Promise((resolve, reject) => {
      read(this.#fd, target, offset, target.byteLength - offset, null, (error, count) => {
        this.#reading = false;
        if (this.#closed) {
          closeFile(this.#fd);
        }
        if (error) {
          reject(error);
          return;
        }
        this.bytesRead += count;
        resolve(count);
      });
    });
  }

  close(): void {
    if (!this.#closed && !this.#reading) {
      closeFile(this.#fd);
    }
    this.#closed = true;
  }
}

/** Where a decompressor takes its input from. */
interface CompressedInput {
  pieces: AsyncGenerator<Uint8Array>;
  window: ByteWindow;
}

/**
 * A pipe or a decompressor. Chunks are taken out of the stream at once and queued here: a stream that
 * fails throws away what it holds, and those bytes came before the failure.
 */
class StreamByteSource implements ByteSource {
  readonly #stream: Readable;
  readonly #input: CompressedInput | undefined;
  readonly #chunks: Uint8Array[] = [];
  #queuedBytes = 0;
  #receivedBytes = 0;
  #ended = false;
  #failure: unknown;
  #wake = () => {};

  constructor(stream: Readable, input?: CompressedInput) {
    this.#stream = stream;
    this.#input = input;
    stream.on('data', (chunk: Uint8Array) => this.#enqueue(chunk));
    stream.on('end', () => this.#finish(undefined));
    stream.on('error', (error) => this.#finish(error));
    if (input !== undefined) {
      lateStream().pipeline(input.pieces, stream as Duplex, () => {});
    }
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    while (this.#chunks.length === 0) {
      if (this.#failure !== undefined) {
        throw this.#failure;
      }
      if (this.#ended) {
        return 0;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#dequeue(target, offset);
  }

  get bytesRead(): number {
    return this.#input === undefined ? this.#receivedBytes : this.#input.window.progress.bytesRead;
  }

  get bytesTotal(): number | undefined {
    return this.#input?.window.progress.bytesTotal;
  }

  close(): void {
    this.#finish(undefined);
    this.#stream.destroy();
    this.#input?.window.close();
  }

  #enqueue(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#queuedBytes += chunk.byteLength;
    this.#receivedBytes += chunk.byteLength;
    if (this.#queuedBytes >= READ_AHEAD_BYTES) {
      this.#stream.pause();
    }
    this.#wake();
  }

  #dequeue(target: Uint8Array, offset: number): number {
    const start = offset;
    while (this.#chunks.length > 0 && offset < target.byteLength) {
      const chunk = this.#chunks[0];
      const count = Math.min(chunk.byteLength, target.byteLength - offset);
      target.set(chunk.subarray(0, count), offset);
      offset += count;
      if (count === chunk.byteLength) {
        this.#chunks.shift();
      } else {
        this.#chunks[0] = chunk.subarray(count);
      }
    }
    this.#queuedBytes -= offset - start;
    if (this.#queuedBytes < READ_AHEAD_BYTES) {
      this.#stream.resume();
    }
    return offset - start;
  }

  #finish(failure: unknown): void {
    this.#failure ??= failure;
    this.#ended = true;
    this.#wake();
  }
}
