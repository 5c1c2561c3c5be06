import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LINKTYPE_ETHERNET } from '../../src/capture/link-types.ts';
import { readBytes } from '../capture/read-frames.ts';
import { createExchangeOracle } from '../fuzz/exchange-oracle.ts';
import { linesOf } from '../fuzz/frame-oracle.ts';

/** What went wrong once, with the bytes that made it: replayed for ever. `docs/fuzzing.md` says more. */
interface Issue {
  /** What was wrong, a sentence. */
  what: string;
  /** Frames for the pipeline, in hexadecimal. */
  frames?: { linkType?: number; etherType?: number; hex: string }[];
  isHeadCompleted?: boolean;
  /** Frames of one connection, for the pairing. */
  conversation?: { hex: string; timeNs: number; wireLength: number }[];
  /** Lines from the type on; without them it is enough that nothing breaks. */
  lines?: string[];
  /** A capture file for the readers, in base64. */
  file?: string;
}

const FOLDER = new URL('./', import.meta.url);
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

describe('what went wrong once stays right', () => {
  test.each(names)('%s', async (name) => {
    const issue: Issue = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'));
    expect(issue.what).toMatch(/^[A-Z]/);
    if (issue.file !== undefined) {
      await readBytes(Buffer.from(issue.file, 'base64'));
    }
    if (issue.conversation !== undefined) {
      const pair = await createExchangeOracle();
      pair(issue.conversation.map(({ hex, ...frame }) => ({ ...frame, bytes: bytesOfHex(hex) })));
    }
    const frames = (issue.frames ?? []).map(({ linkType, etherType, hex }) => ({
      linkType: linkType ?? LINKTYPE_ETHERNET,
      etherType: etherType ?? 0,
      bytes: bytesOfHex(hex),
    }));
    const isHeadCompleted = issue.isHeadCompleted ?? false;
    const lines = linesOf(frames, { isHeadCompleted });
    if (issue.lines !== undefined) {
      const shown = lines.split('\n').slice(0, -1);
      expect(shown.map((line) => line.split(' ').slice(4).join(' '))).toEqual(issue.lines);
    }
  });
});

function bytesOfHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}
