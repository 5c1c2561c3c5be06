import { createWordView, viewWords } from './words.ts';

/**
 * Reads of network byte order. **The caller has checked that the bytes are there.**
 *
 * Who reads several values of one buffer takes its view, and reads them from that.
 */

const sourceWords = createWordView();

/** All reads of this view are in network byte order unless they say otherwise. */
export function viewBytes(source: Uint8Array): DataView {
  return viewWords(sourceWords, source);
}

export function readUint16BE(source: Uint8Array, offset: number): number {
  return viewBytes(source).getUint16(offset);
}

/** Signed, so that every value is a small integer to the engine and none is boxed. */
export function readInt32BE(source: Uint8Array, offset: number): number {
  return viewBytes(source).getInt32(offset);
}
