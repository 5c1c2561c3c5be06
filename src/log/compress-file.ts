import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { lateStream, lateZlib } from '../late-modules.ts';
import { COMPRESS_CHUNK_BYTES } from './limits.ts';
import { isOwnOrRoots, refuseOther } from './path-trust.ts';

export type Compression = 'gzip' | 'zstd';

/** Stands for no compression where one is chosen. */
export const NO_COMPRESSOR = 'none';

/** How names of compressed files end, by what compresses them. */
const COMPRESSED_SUFFIXES: Readonly<Record<Compression, string>> = {
  gzip: '.gz',
  zstd: '.zst',
};

/** Ends the name of a compressed file that is not finished. */
export const UNFINISHED_SUFFIX = '.tmp';

/** O_NONBLOCK is for a named pipe that comes in the place of the file, which would hold a thread. */
const SOURCE_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The file was written to while it was compressed, and stays as it is. */
export class FileChangedError extends Error {}

export interface CompressedFile {
  path: string;
  bytesBefore: number;
  bytesAfter: number;
}

/** zstd came with Node.js 22.15. */
export function isCompressionThere(compression: Compression): boolean {
  return compression === 'gzip' || typeof lateZlib().createZstdCompress === 'function';
}

/**
 * Puts a compressed file in the place of a file, with its time, owner and mode. At every moment the whole
 * content is in one of them: the source goes only when the other one is on the disk under its name.
 *
 * **Nobody writes to the file.** One who does all the same is noticed up to the last moment.
 *
 * @throws Error of the system, `AbortError` at the signal, or `FileChangedError`; the source is as before
 */
export async function compressFile(
  path: string,
  compression: Compression,
  signal: AbortSignal,
): Promise<CompressedFile> {
  const compressedPath = `${path}${COMPRESSED_SUFFIXES[compression]}`;
  const unfinishedPath = `${compressedPath}${UNFINISHED_SUFFIX}`;
  const source = await open(path, SOURCE_FLAGS);
  try {
    const stats = await source.stat();
    refuseOther(stats);
    const { size, mtimeMs, ino } = stats;
    if (await isFinished(compressedPath, mtimeMs)) {
      // The last run ended between the last two steps.
      await unlink(path);
      return {
        path: compressedPath,
        bytesBefore: size,
        bytesAfter: await findSize(compressedPath),
      };
    }
    const bytesAfter = await writeCompressed(source, unfinishedPath, compression, signal);
    const now = await lstat(path);
    if (now.size !== size || now.mtimeMs !== mtimeMs || now.ino !== ino) {
      throw new FileChangedError(`${path} was written to while it was compressed`);
    }
    await rename(unfinishedPath, compressedPath);
    await syncDirectory(dirname(path));
    await unlink(path);
    return { path: compressedPath, bytesBefore: size, bytesAfter };
  } catch (error) {
    await rm(unfinishedPath, { force: true }).catch(() => undefined);
    throw error;
  } finally {
    await source.close();
  }
}

async function writeCompressed(
  source: FileHandle,
  path: string,
  compression: Compression,
  signal: AbortSignal,
): Promise<number> {
  const stats = await source.stat();
  // What a run before has left goes; what is no file of ours under that name is not written to.
  await rm(path, { force: true });
  const target = await open(path, 'wx', stats.mode & 0o777);
  try {
    await lateStream().promises.pipeline(
      readChunks(source),
      createCompressor(compression),
      (compressed: AsyncIterable<Uint8Array>) => writeChunks(target, compressed),
      { signal },
    );
    const own = await target.stat();
    if (own.uid !== stats.uid || own.gid !== stats.gid) {
      // Without the privilege it belongs to who has made it, as the next log file does.
      await target.chown(stats.uid, stats.gid).catch(() => undefined);
    }
    await target.chmod(stats.mode & 0o777);
    await target.utimes(stats.atime, stats.mtime);
    await target.sync();
    return own.size;
  } finally {
    await target.close();
  }
}

async function* readChunks(source: FileHandle): AsyncGenerator<Uint8Array> {
  while (true) {
    // A new one each time: the compressor may still have the one before.
    const chunk = Buffer.allocUnsafe(COMPRESS_CHUNK_BYTES);
    const { bytesRead } = await source.read(chunk, 0, chunk.byteLength, null);
    if (bytesRead === 0) {
      return;
    }
    yield chunk.subarray(0, bytesRead);
  }
}

async function writeChunks(target: FileHandle, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks) {
    await target.writeFile(chunk);
  }
}

function createCompressor(compression: Compression) {
  const { constants, createGzip, createZstdCompress } = lateZlib();
  const chunks = { chunkSize: COMPRESS_CHUNK_BYTES };
  if (compression === 'gzip') {
    return createGzip(chunks);
  }
  // A checksum, as the zstd command writes one: zstd has none else.
  const params = { [constants.ZSTD_c_checksumFlag]: 1 };
  return createZstdCompress({ ...chunks, params });
}

/**
 * Whether the compressed file is there and of this very content: then it has its time, and no other owner.
 *
 * @throws Error when a file of that name holds something else
 */
async function isFinished(compressedPath: string, mtimeMs: number): Promise<boolean> {
  const stats = await lstat(compressedPath).catch(() => undefined);
  if (stats === undefined) {
    return false;
  }
  if (stats.isFile() && isOwnOrRoots(stats) && Math.abs(stats.mtimeMs - mtimeMs) < 1) {
    return true;
  }
  throw new Error(`${compressedPath} is there already; rename one of the two`);
}

async function findSize(path: string): Promise<number> {
  return (await lstat(path)).size;
}

/** A name is on the disk when its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
