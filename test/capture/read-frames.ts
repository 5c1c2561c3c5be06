import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFrame, FILL_END, type FrameSource } from '../../src/capture/frame.ts';
import { openCapture } from '../../src/capture/open-capture.ts';
import { HttplogError } from '../../src/errors.ts';

/** A frame as plain values, with a copy of its bytes. */
export interface FrameCopy {
  sec: number;
  ns: number;
  wireLength: number;
  linkType: number;
  bytes: Buffer;
}

export interface Reading {
  frames: FrameCopy[];
  /** What `fill` or `openCapture` threw. */
  error: HttplogError | undefined;
}

const directory = mkdtempSync(join(tmpdir(), 'httplog-capture-'));
let fileCount = 0;
// Several files share it in one process.
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));

/** A new file with these bytes. */
export function writeCapture(bytes: Uint8Array): string {
  fileCount += 1;
  const path = join(directory, `${fileCount}.capture`);
  writeFileSync(path, bytes);
  return path;
}

/** Every frame of a source. */
export async function drainSource(source: FrameSource, frames: FrameCopy[]): Promise<void> {
  const frame = createFrame();
  do {
    while (source.next(frame)) {
      frames.push({
        sec: frame.timestampSec,
        ns: frame.timestampSubsecNs,
        wireLength: frame.wireLength,
        linkType: frame.linkType,
        bytes: Buffer.from(frame.bytes.subarray(frame.offset, frame.end)),
      });
    }
  } while ((await source.fill()) !== FILL_END);
}

/** Every frame of a file, and the error that ended it if one did. */
export async function readCapture(path: string): Promise<Reading> {
  const reading: Reading = { frames: [], error: undefined };
  try {
    const capture = await openCapture(path);
    try {
      await drainSource(capture, reading.frames);
    } finally {
      capture.close();
    }
  } catch (error) {
    if (!(error instanceof HttplogError)) {
      throw error;
    }
    reading.error = error;
  }
  return reading;
}

/** The same for bytes. */
export function readBytes(bytes: Uint8Array): Promise<Reading> {
  return readCapture(writeCapture(bytes));
}
