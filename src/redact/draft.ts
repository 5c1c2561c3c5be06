import { copyBytes } from '../bytes.ts';

/**
 * A value while it is redacted. Passes go over it one after the other: each reads `bytes[offset, end)`,
 * names the ranges that it replaces in their order, and finishes. A value that no pass changes is never
 * copied.
 */
export interface Draft {
  bytes: Uint8Array;
  offset: number;
  end: number;
  isChanged: boolean;
  /** The result did not fit: nothing of it may be used. */
  hasOverflowed: boolean;
  /** Bytes at the beginning of the original value that no pass has touched. */
  unchangedLength: number;
  /** Where passes write, by turns, so that none writes over what it reads. */
  readonly outputs: readonly [Uint8Array, Uint8Array];
  output: Uint8Array;
  /** -1: the pass has replaced nothing so far. */
  outputLength: number;
  /** The pass has written, or left out, everything before it. */
  passedTo: number;
}

const NOTHING_WRITTEN = -1;

/** @param capacityBytes of the longest result */
export function createDraft(capacityBytes: number): Draft {
  const outputs = [new Uint8Array(capacityBytes), new Uint8Array(capacityBytes)] as const;
  return {
    bytes: outputs[0],
    offset: 0,
    end: 0,
    isChanged: false,
    hasOverflowed: false,
    unchangedLength: 0,
    outputs,
    output: outputs[0],
    outputLength: NOTHING_WRITTEN,
    passedTo: 0,
  };
}

/** Begins with a value, which stays as it is where it is. */
export function openDraft(draft: Draft, bytes: Uint8Array, offset: number, end: number): void {
  draft.bytes = bytes;
  draft.offset = offset;
  draft.end = end;
  draft.isChanged = false;
  draft.hasOverflowed = false;
  draft.unchangedLength = end - offset;
  draft.output = draft.outputs[0];
  draft.outputLength = NOTHING_WRITTEN;
  draft.passedTo = offset;
}

/** Puts `source[0, sourceLength)` in the place of `[from, to)`; **ranges come in order, without overlap**. */
export function replaceRange(
  draft: Draft,
  from: number,
  to: number,
  source: Uint8Array,
  sourceLength: number = source.length,
): void {
  if (draft.outputLength === NOTHING_WRITTEN) {
    draft.outputLength = 0;
    draft.unchangedLength = Math.min(draft.unchangedLength, from - draft.offset);
  }
  append(draft, draft.bytes, draft.passedTo, from);
  append(draft, source, 0, sourceLength);
  draft.passedTo = to;
}

/** Ends a pass: what it made is what the next one reads. */
export function finishPass(draft: Draft): void {
  if (draft.outputLength !== NOTHING_WRITTEN) {
    append(draft, draft.bytes, draft.passedTo, draft.end);
    draft.isChanged = true;
    draft.bytes = draft.output;
    draft.offset = 0;
    draft.end = draft.outputLength;
    draft.output = draft.output === draft.outputs[0] ? draft.outputs[1] : draft.outputs[0];
    draft.outputLength = NOTHING_WRITTEN;
  }
  draft.passedTo = draft.offset;
}

function append(draft: Draft, source: Uint8Array, from: number, to: number): void {
  const { output } = draft;
  if (draft.outputLength + to - from > output.length) {
    draft.hasOverflowed = true;
    return;
  }
  draft.outputLength = copyBytes(output, draft.outputLength, source, from, to);
}
