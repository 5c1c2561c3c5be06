import { open, stat } from 'node:fs/promises';
import { EXIT_USAGE, HttplogError } from '../errors.ts';

/** What pcap in both orders of bytes, with microseconds and nanoseconds, pcapng, gzip and zstd begin with. */
const MAGICS = ['d4c3b2a1', 'a1b2c3d4', '4d3cb2a1', 'a1b23c4d', '0a0d0d0a', '1f8b', '28b52ffd'];
const MAGIC_BYTES_MAX = 4;

/**
 * Lines are appended to what is there: `replay -o a.pcap b.pcap` would end the use of a capture.
 *
 * @throws HttplogError with exit code 2 when the file is no text
 */
export async function refuseCapture(path: string, option: string): Promise<void> {
  const head = await readHead(path);
  if (MAGICS.some((magic) => head.startsWith(magic))) {
    throw new HttplogError(
      `${path} is a capture or compressed: lines behind its bytes would damage it`,
      {
        code: 'HTTPLOG_OUTPUT_IS_CAPTURE',
        exitCode: EXIT_USAGE,
        hint: `Name another file with ${option}`,
      },
    );
  }
}

/** In hexadecimal digits; of what is no file, or cannot be read, nothing. */
async function readHead(path: string): Promise<string> {
  try {
    // A pipe would wait for its other end.
    if (!(await stat(path)).isFile()) {
      return '';
    }
    const file = await open(path);
    try {
      const bytes = Buffer.alloc(MAGIC_BYTES_MAX);
      const { bytesRead } = await file.read(bytes);
      return bytes.toString('hex', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}
