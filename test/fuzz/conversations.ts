/**
 * Conversations of the pairing cases with their segments changed: lost, doubled, late, cut in two, in fragments, with
 * other numbers, behind a proxy's header or with bytes changed. A hostile sender or a bad capture makes such ones.
 */
import type { TimedFrame } from '../exchange/conversation.ts';
import { readAllCases } from '../exchange/pairing-cases.ts';
import { readSegments } from '../exchange/read-case.ts';
import { joinBytes, uint16, uint32 } from '../fixtures/build-packets.ts';
import { mutate, type Random } from './random-bytes.ts';

/** Ethernet, then IPv4 and TCP without options: what the cases are made of. */
const IP_AT = 14;
const TCP_AT = 34;
const PAYLOAD_AT = 54;
const TOTAL_LENGTH_AT = IP_AT + 2;
const SEQUENCE_AT = TCP_AT + 4;
const ACKNOWLEDGMENT_AT = TCP_AT + 8;
const FLAGS_AT = TCP_AT + 13;
const MORE_FRAGMENTS = 0x2000;
const CHANGES_MAX = 5;
const LATE_MAX = 6;
/** Milliseconds: within and beyond what segments, heads and flows wait. */
const PAUSES_MS = [1, 900, 2500, 11_000, 130_000, 700_000, -500, -5000];
const NUDGES = [1, -1, 2, -20, 100, -1500, 0x7fffffff, 0x10_0000];
const TEXTS = [
  'PROXY TCP4 192.0.2.7 198.51.100.1 51000 80\r\n',
  'PROXY UNKNOWN\r\n',
  '\r\n\r\n\0\r\nQUIT\n!\x11\0\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x09\x10\0\x50',
  '\r\n\r\n\0\r\nQUIT\n\x20\0\0\0',
  '\r\n\r\n\0\r\nQUIT\n!\x21\xff\xff',
  '\r\n',
  '\n\n\r\n',
  'GE',
  'HTT',
  'GET /new HTTP/1.1\r\n\r\n',
  'HTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n',
  '\x16\x03\x01\x02\0\x01',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
].map((text) => Buffer.from(text, 'latin1'));
const FLAGS = [0x10, 0x18, 0x11, 0x04, 0x14, 0x02, 0x12];

const SEEDS: readonly (readonly TimedFrame[])[] = readAllCases().map(({ blocks }) =>
  readSegments(blocks.get('segments') as string),
);

/** A conversation like one of the cases, as a capture has it. */
export function changedConversation(random: Random): TimedFrame[] {
  const frames = [...random.pick(SEEDS)];
  const other = random.pick(SEEDS);
  for (let changes = 1 + random.below(CHANGES_MAX); changes > 0 && frames.length > 0; changes--) {
    changeOnce(frames, other, random);
  }
  return frames;
}

function changeOnce(frames: TimedFrame[], other: readonly TimedFrame[], random: Random): void {
  const at = random.below(frames.length);
  const frame = frames[at];
  // Of a frame that was cut within its headers only its place and its bytes are changed.
  const change = random.below(13);
  switch (frame.bytes.length < PAYLOAD_AT ? change % 4 : change) {
    case 0:
      frames.splice(at, 1);
      break;
    case 1:
      frames.splice(at + random.below(LATE_MAX), 0, frame);
      break;
    case 2:
    case 3: {
      frames.splice(at, 1);
      frames.splice(at + 1 + random.below(LATE_MAX), 0, frame);
      break;
    }
    case 4:
      frames.splice(at, 1, ...inTwo(frame, random));
      break;
    case 5:
      frames.splice(at, 1, ...inFragments(frame, random));
      break;
    case 6:
      frames[at] = withNumber(frame, SEQUENCE_AT, random.pick(NUDGES));
      break;
    case 7:
      frames[at] = withNumber(frame, ACKNOWLEDGMENT_AT, random.pick(NUDGES));
      break;
    case 8:
      frames.splice(at, 0, withPayload(frame, random.pick(TEXTS)));
      break;
    case 9:
      frames[at] = withPayload(
        frame,
        joinBytes(random.pick(TEXTS), frame.bytes.subarray(PAYLOAD_AT)),
      );
      break;
    case 10: {
      const pauseNs = random.pick(PAUSES_MS) * 1e6;
      frames.forEach((one, index) => {
        frames[index] = index < at ? one : { ...one, timeNs: one.timeNs + pauseNs };
      });
      break;
    }
    case 11: {
      const bytes = Uint8Array.from(frame.bytes);
      bytes[FLAGS_AT] = random.pick(FLAGS);
      frames[at] = { ...frame, bytes };
      break;
    }
    default: {
      const bytes = mutate(frame.bytes, random.pick(other).bytes, random);
      frames[at] = { ...frame, bytes, wireLength: Math.max(frame.wireLength, bytes.length) };
    }
  }
}

/** The same bytes in two segments, or such that overlap. */
function inTwo(frame: TimedFrame, random: Random): TimedFrame[] {
  const payload = frame.bytes.subarray(PAYLOAD_AT);
  const end = random.below(payload.length + 1);
  const begin = Math.max(0, end - (random.below(3) === 0 ? random.below(20) : 0));
  const second = withNumber(withPayload(frame, payload.subarray(begin)), SEQUENCE_AT, begin);
  return [withPayload(frame, payload.subarray(0, end)), second];
}

/** The packet in two fragments, sometimes the second one first, sometimes one that overlaps. */
function inFragments(frame: TimedFrame, random: Random): TimedFrame[] {
  const content = frame.bytes.subarray(TCP_AT);
  const cut = 8 * random.below(1 + (content.length >> 3));
  const from = Math.max(0, cut - 8 * random.below(2));
  const identification = random.below(3);
  const first = fragment(frame, content.subarray(0, cut), MORE_FRAGMENTS, identification);
  const second = fragment(frame, content.subarray(from), from >> 3, identification);
  return random.below(2) === 0 ? [first, second] : [second, first];
}

function fragment(
  frame: TimedFrame,
  content: Uint8Array,
  bits: number,
  identification: number,
): TimedFrame {
  const bytes = joinBytes(frame.bytes.subarray(0, TCP_AT), content);
  bytes.set(uint16(bytes.length - IP_AT), TOTAL_LENGTH_AT);
  bytes.set(uint16(identification), IP_AT + 4);
  bytes.set(uint16(bits), IP_AT + 6);
  return { ...frame, bytes, wireLength: bytes.length };
}

function withPayload(frame: TimedFrame, payload: Uint8Array): TimedFrame {
  const bytes = joinBytes(frame.bytes.subarray(0, PAYLOAD_AT), payload);
  bytes.set(uint16(bytes.length - IP_AT), TOTAL_LENGTH_AT);
  return { ...frame, bytes, wireLength: bytes.length };
}

function withNumber(frame: TimedFrame, at: number, step: number): TimedFrame {
  const bytes = Uint8Array.from(frame.bytes);
  const view = new DataView(bytes.buffer);
  bytes.set(uint32((view.getUint32(at) + step) >>> 0), at);
  return { ...frame, bytes };
}
