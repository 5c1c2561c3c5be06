/** What a capture loses, sees twice or in another order, drawn from a seed. */
import type { TimedFrame } from './conversation.ts';
import { between, createRandom } from './random-messages.ts';
import type { Traffic } from './random-traffic.ts';

export interface Faults {
  /** Shares of all frames. */
  dropped?: number;
  doubled?: number;
  moved?: number;
  /** By flow: the share of its frames that passed before the capture began. */
  joinShare?: number;
}

/** Frames that a frame may come later than it should. */
const MOVE_MAX = 5;

/** What a capture with faults has; times stay in order. `original` tells which frame each one was. */
export function addFaults(
  { frames, flows }: Traffic,
  seed: number,
  { dropped = 0, doubled = 0, moved = 0, joinShare = 0 }: Faults,
): { frames: TimedFrame[]; lost: Set<number> } {
  const random = createRandom(seed);
  const lost = new Set<number>();
  const framesPerFlow = new Map<number, number>();
  for (const flow of flows) {
    framesPerFlow.set(flow, (framesPerFlow.get(flow) ?? 0) + 1);
  }
  const joins = new Map(
    [...framesPerFlow].map(([flow, count]) => [flow, random() * joinShare * count]),
  );
  const seen = new Map<number, number>();
  const kept: { frame: TimedFrame; place: number }[] = [];
  for (const [position, frame] of frames.entries()) {
    const flow = flows[position];
    const number = seen.get(flow) ?? 0;
    seen.set(flow, number + 1);
    if (number < (joins.get(flow) ?? 0) || random() < dropped) {
      lost.add(position);
      continue;
    }
    const place = random() < moved ? position + between(random, 1, MOVE_MAX) + 0.5 : position;
    kept.push({ frame, place });
    if (random() < doubled) {
      kept.push({ frame, place: position + between(random, 0, MOVE_MAX) + 0.5 });
    }
  }
  const times = kept.map(({ frame }) => frame.timeNs).sort((a, b) => a - b);
  kept.sort((a, b) => a.place - b.place);
  const result = kept.map(({ frame }, index) => ({ ...frame, timeNs: times[index] }));
  return { frames: result, lost };
}
