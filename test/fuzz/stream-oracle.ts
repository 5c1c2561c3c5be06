/** Conversations that were changed at random, fed to a stream: what must hold of every one. */
import { isDeepStrictEqual } from 'node:util';
import { TEXT_FIELD_TABLES } from '../../src/http/grammar.ts';
import { HEAD_BYTES_MAX } from '../../src/limits.ts';
import { ConnectionExchanges } from '../../src/stream/exchanges.ts';
import { FROM_CLIENT, FROM_SERVER, type HttpEvents } from '../../src/stream/http-events.ts';
import { HttpStream } from '../../src/stream/http-stream.ts';
import { HELD_BYTES_OF_ONE_MAX } from '../../src/stream/limits.ts';
import { createStreamParts, type StreamParts } from '../../src/stream/stream-state.ts';
import { STREAM_CASES } from '../stream/conversations.ts';
import { createLines, eventsOf, FACTS, feed, type Step, UNSEEN } from '../stream/feed-stream.ts';
import { mutate, type Random } from './random-bytes.ts';

const SEEDS = STREAM_CASES.map(({ steps }) => steps);
const PIECE_BYTES_MAX = 40;
/** What both directions may hold, and the next size of a buffer. */
const HELD_MAX = 2 * HELD_BYTES_OF_ONE_MAX + 2 * HEAD_BYTES_MAX;

/** A conversation like one of the cases, with some of its steps changed, left out, swapped or repeated. */
export function mutateSteps(random: Random): Step[] {
  const other = random.pick(SEEDS);
  const steps = [...random.pick(SEEDS)];
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const at = random.below(steps.length);
    const step = steps[at];
    switch (random.below(8)) {
      case 0:
        steps.splice(at, 1);
        break;
      case 1:
        steps.splice(at, 0, random.pick(other));
        break;
      case 2:
        steps.splice(at, 0, step);
        break;
      default:
        if ('bytes' in step) {
          steps[at] = { ...step, bytes: mutate(step.bytes, bytesIn(other, random), random) };
        }
    }
    if (steps.length === 0) {
      return [UNSEEN];
    }
  }
  return steps;
}

function bytesIn(steps: readonly Step[], random: Random): Uint8Array {
  const step = random.pick(steps);
  return 'bytes' in step ? step.bytes : new Uint8Array(1);
}

const lines = createLines();
const parts = createStreamParts(TEXT_FIELD_TABLES);

/** Throws when something does not hold. */
export function checkSteps(steps: readonly Step[], random: Random): void {
  const cut = () => 1 + random.below(PIECE_BYTES_MAX);
  checkBalance(steps, parts);
  const whole = [linesOf(steps), eventsOf(steps)];
  // Behind a gap it counts where feeds begin.
  if (!steps.some((step) => 'missing' in step)) {
    const pieces = [linesOf(steps, cut), eventsOf(steps, cut)];
    if (!isDeepStrictEqual(pieces, whole)) {
      throw new Error(`Cut, it gives ${JSON.stringify(pieces)} and not ${JSON.stringify(whole)}`);
    }
  }
  for (const line of whole[0]) {
    JSON.parse(line);
  }
}

function linesOf(steps: readonly Step[], cut?: () => number): string[] {
  const { stream } = new ConnectionExchanges(lines.parts, FACTS);
  feed(stream, [...steps, UNSEEN], cut);
  const { takenBytes } = lines.parts.stream.pool;
  if (takenBytes !== 0) {
    throw new Error(`${takenBytes} bytes are held behind the end`);
  }
  return lines.take();
}

/** Heads, data and ends come in their order, and nothing comes of what is lost or closed. */
function checkBalance(steps: readonly Step[], shared: StreamParts): void {
  const within = [false, false];
  const isOver = [false, false];
  let isUpgraded = false;
  const must = (holds: boolean, what: string): void => {
    if (!holds) {
      throw new Error(`Events are out of order at ${what}`);
    }
  };
  const head = (from: number) => () => {
    must(!within[from] && !isOver[from] && !(isUpgraded && from === FROM_SERVER), `head ${from}`);
    within[from] = true;
  };
  const data = (from: number) => (bytes: Uint8Array, offset: number, end: number) => {
    must(within[from] && !isOver[from] && offset < end && end <= bytes.length, `data ${from}`);
  };
  const end = (from: number) => () => {
    must(within[from] && !isOver[from], `end ${from}`);
    within[from] = false;
  };
  let isBegun = false;
  const events: HttpEvents = {
    proxied: (bytes, offset, end) => {
      must(!isBegun && offset < end && end <= bytes.length, 'proxied');
      isBegun = true;
    },
    requestHead: head(FROM_CLIENT),
    requestData: data(FROM_CLIENT),
    requestEnd: end(FROM_CLIENT),
    interimHead: () => must(!within[FROM_SERVER] && !isOver[FROM_SERVER], 'interim'),
    responseHead: head(FROM_SERVER),
    responseData: data(FROM_SERVER),
    responseEnd: end(FROM_SERVER),
    missing: (from, count) => must((within[from] || isUpgraded) && count > 0, 'missing'),
    upgraded: () => {
      must(!isUpgraded, 'upgraded');
      isUpgraded = true;
    },
    upgradedData: (from, _bytes, offset, stop) =>
      must(isUpgraded && !within[from] && offset < stop, 'upgraded data'),
    lost: (from) => {
      must(!isOver[from], 'lost');
      within[from] = false;
    },
    closed: (from, how) => {
      isOver[from] = true;
      if (how !== 0) {
        isOver.fill(true);
      }
    },
  };
  const stream = new HttpStream(shared, events);
  feed(stream, steps, () => {
    must(shared.pool.takenBytes <= HELD_MAX, 'held bytes');
    return PIECE_BYTES_MAX;
  });
  feed(stream, [UNSEEN]);
  must(shared.pool.takenBytes === 0, 'the end, with bytes held');
}
