/** Requests and responses of every kind, drawn from a seed. */
import { CHUNKED, chunked, request, response } from './conversation.ts';

export type Random = () => number;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number, both bounds included. */
export function between(random: Random, min: number, max: number): number {
  return min + Math.floor(random() * (max - min + 1));
}

export interface PlannedMessages {
  request: string;
  response: string;
  isExpecting: boolean;
}

export function planMessages(random: Random, id: string, isLast: boolean): PlannedMessages {
  const drawn = random();
  const body = textOf(random, id);
  if (drawn < 0.08) {
    const headers = [`Content-Length: ${body.length}`];
    return plain(request(id, { method: 'HEAD' }), response(id, { headers }));
  }
  const isPosted = random() < 0.25;
  const posted = textOf(random, id);
  const isExpecting = isPosted && random() < 0.2;
  const asked = isPosted
    ? request(id, {
        method: 'POST',
        headers: [
          `Content-Length: ${posted.length}`,
          ...(isExpecting ? ['Expect: 100-continue'] : []),
        ],
        body: posted,
      })
    : request(id);
  const answer = (): string => {
    if (drawn < 0.16) {
      return response(id, { status: '204 No Content', headers: [] });
    }
    if (drawn < 0.24) {
      return response(id, { status: '304 Not Modified', headers: ['Content-Length: 77'] });
    }
    if (drawn < 0.5) {
      return response(id, { headers: CHUNKED, body: chunksOf(random, body) });
    }
    if (isLast && drawn < 0.8) {
      return response(id, { headers: ['Connection: close'], body });
    }
    return response(id, { body });
  };
  return { request: asked, response: answer(), isExpecting };
}

function plain(asked: string, answer: string): PlannedMessages {
  return { request: asked, response: answer, isExpecting: false };
}

/** Empty, short, long; now and then it looks like another message. */
function textOf(random: Random, id: string): string {
  const drawn = random();
  if (drawn < 0.15) {
    return '';
  }
  if (drawn < 0.3) {
    const inner = random() < 0.5 ? response(`false-${id}`) : request(`false-${id}`);
    return inner.repeat(between(random, 1, 30));
  }
  return 'x'.repeat(between(random, 1, drawn < 0.7 ? 200 : 8000));
}

function chunksOf(random: Random, body: string): string {
  const parts: string[] = [];
  for (let at = 0; at < body.length; ) {
    const byteLength = between(random, 1, random() < 0.3 ? 20 : 3000);
    parts.push(body.slice(at, at + byteLength));
    at += byteLength;
  }
  return chunked(parts, random() < 0.2 ? ['X-Checksum: 00'] : []);
}
