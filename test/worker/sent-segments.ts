/** Segments as somebody may send them who wants a request to be in no line: numbers used twice, flags, times. */
import fc from 'fast-check';
import { LINKTYPE_ETHERNET } from '../../src/capture/link-types.ts';
import { frameOf, requestPacket } from '../fixtures/build-captures.ts';
import type { TestFrame } from '../fuzz/frame-oracle.ts';

export const SYN = 0x02;
const FIN_ACK = 0x11;
const RST = 0x04;
const ACK = 0x10;
const EPOCH_SEC = 1_567_347_411;

export interface Sent {
  text: string;
  sequence: number;
  flags?: number;
  second?: number;
}

export function get(path: string, fields = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n`;
}

export function frame({ text, sequence, flags = ACK, second = 0 }: Sent): TestFrame {
  const packet = requestPacket(0, text, { sequence, flags });
  const bytes = frameOf(packet);
  return { linkType: LINKTYPE_ETHERNET, bytes, timestampSec: EPOCH_SEC + second };
}

/** Few numbers, so that segments meet: on each other, before and behind, over the end of the range. */
const numbers = fc.constantFrom(1, 2, 40, 90, 1000, 0x7fffffff, 0xfffffff0);
export const sent: fc.Arbitrary<Sent> = fc.record({
  text: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 9 }).map((id) => get(`/${id}`)) },
    // The same but for a byte somewhere in a field that no line shows, or for its length.
    {
      weight: 3,
      arbitrary: fc.integer({ min: 0, max: 9 }).map((id) => get(`/f${id}`, `X: ${id}\r\n`)),
    },
    { weight: 2, arbitrary: fc.constant('') },
  ),
  sequence: numbers,
  flags: fc.constantFrom(ACK, ACK, ACK, SYN, FIN_ACK, RST),
  second: fc.integer({ min: 0, max: 700 }),
});
