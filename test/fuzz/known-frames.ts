import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createFrame, FILL_END } from '../../src/capture/frame.ts';
import { openCapture } from '../../src/capture/open-capture.ts';
import { decodeFrame } from '../../src/decode/decode-frame.ts';
import { createSegment } from '../../src/decode/segment.ts';
import {
  VERDICT_LINK_UNSUPPORTED,
  VERDICT_NO_PAYLOAD,
  VERDICT_NOT_IP,
  VERDICT_SEGMENT,
} from '../../src/decode/verdicts.ts';
import type { TestFrame } from './frame-oracle.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/pcaps/', import.meta.url));
/** Real captures of other projects, beside this one where there are any. */
export const CORPUS = fileURLToPath(new URL('../../../shared/corpus/', import.meta.url));
/** Frames that are looked at to find the first interesting ones. */
const FRAMES_READ_MAX = 60;

/** Why the corpus cannot be used, or undefined when it can. */
export const noCorpus = existsSync(`${CORPUS}INDEX.tsv`) ? undefined : 'no ../shared/corpus';

export function fixturePaths(): string[] {
  return readdirSync(FIXTURES).map((name) => FIXTURES + name);
}

export interface CorpusCapture {
  path: string;
  name: string;
  reach: string;
}

export function corpusCaptures(): CorpusCapture[] {
  if (noCorpus !== undefined) {
    return [];
  }
  const rows = readFileSync(`${CORPUS}INDEX.tsv`, 'utf8').trim().split('\n').slice(1);
  return rows.map((row) => {
    const [name, , , , reach] = row.split('\t');
    return { path: CORPUS + name, name, reach };
  });
}

/**
 * The first frames of a capture: some segments, and some of whatever else it is about, for SYNs and empty ACKs
 * are in every one.
 */
export async function firstFrames(path: string, framesMax: number): Promise<TestFrame[]> {
  const segments: TestFrame[] = [];
  const others: TestFrame[] = [];
  const segment = createSegment();
  const frame = createFrame();
  await eachFrame(path, frame, (index) => {
    const bytes = frame.bytes.slice(frame.offset, frame.end);
    const test = { linkType: frame.linkType, bytes, wireLength: frame.wireLength };
    const verdict = decodeFrame(frame, segment);
    if (verdict === VERDICT_SEGMENT && segments.length < framesMax) {
      segments.push(test);
    } else if (isOfInterest(verdict) && others.length < framesMax) {
      others.push(test);
    }
    return index < FRAMES_READ_MAX && segments.length + others.length < 2 * framesMax;
  });
  const half = Math.ceil(framesMax / 2);
  return [...segments.slice(0, Math.max(half, framesMax - others.length)), ...others].slice(
    0,
    framesMax,
  );
}

/** Every frame of a capture, as far as it can be read. */
export async function allFrames(path: string, framesMax: number): Promise<TestFrame[]> {
  const frames: TestFrame[] = [];
  const frame = createFrame();
  await eachFrame(path, frame, () => {
    const bytes = frame.bytes.slice(frame.offset, frame.end);
    frames.push({ linkType: frame.linkType, bytes, wireLength: frame.wireLength });
    return frames.length < framesMax;
  });
  return frames;
}

function isOfInterest(verdict: number): boolean {
  return (
    verdict !== VERDICT_SEGMENT &&
    verdict !== VERDICT_NO_PAYLOAD &&
    verdict !== VERDICT_NOT_IP &&
    verdict !== VERDICT_LINK_UNSUPPORTED
  );
}

/** Calls `visit` with each frame's number in turn until it gives false; damage ends the capture. */
async function eachFrame(
  path: string,
  frame: ReturnType<typeof createFrame>,
  visit: (index: number) => boolean,
): Promise<void> {
  const capture = await openCapture(path).catch(() => undefined);
  if (capture === undefined) {
    return;
  }
  let index = 0;
  try {
    do {
      while (capture.next(frame)) {
        if (!visit(index++)) {
          return;
        }
      }
    } while ((await capture.fill().catch(() => FILL_END)) !== FILL_END);
  } finally {
    capture.close();
  }
}
