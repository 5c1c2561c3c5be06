/** A TCP connection as the frames that a capture of it has, each with the numbers that TCP gives it. */

import { CLIENT, etherTypeOf, frameOf, packetBetween, SERVER } from '../fixtures/build-captures.ts';
import { bytesOf, type Endpoint, TPID_8021Q, taggedEthernet } from '../fixtures/build-packets.ts';
import type { SourceFrame } from '../worker/pipeline-parts.ts';

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

/** 2019-09-01 14:16:51 UTC. */
export const EPOCH_SEC = 1567347411;
const NANOSECONDS_PER_SECOND = 1e9;
const NANOSECONDS_PER_MILLISECOND = 1e6;
/** Between two frames where nothing else is said. */
const FRAME_INTERVAL_MS = 1;

/** A frame of a capture with its packet time in nanoseconds since EPOCH_SEC. */
export interface TimedFrame {
  bytes: Uint8Array;
  timeNs: number;
  wireLength: number;
}

export interface ConversationOptions {
  client?: Endpoint;
  server?: Endpoint;
  /** Of the first SYN of each side. */
  clientSequence?: number;
  serverSequence?: number;
  startMs?: number;
  vlanIds?: readonly number[];
}

/** What a segment may have differently from the plain next one. */
export interface SegmentChanges {
  flags?: number;
  sequence?: number;
  acknowledgment?: number;
  /** Bytes of the frame that the capture kept. */
  capturedBytes?: number;
  /** Not captured at all. */
  isLost?: boolean;
}

/** The two ends of one connection, taking turns as a test says; time goes on by a millisecond a frame. */
export class Conversation {
  readonly frames: TimedFrame[] = [];
  readonly client: Endpoint;
  readonly server: Endpoint;
  /** Sequence number of the next byte of each side. */
  clientNext: number;
  serverNext: number;
  /** Time of the next frame. */
  timeMs: number;
  readonly #vlanIds: readonly number[];

  constructor(options: ConversationOptions = {}) {
    this.client = options.client ?? CLIENT;
    this.server = options.server ?? SERVER;
    this.clientNext = options.clientSequence ?? 1000;
    this.serverNext = options.serverSequence ?? 50_000;
    this.timeMs = options.startMs ?? 0;
    this.#vlanIds = options.vlanIds ?? [];
  }

  /** SYN, SYN-ACK, ACK. */
  handshake(): this {
    this.fromClient('', { flags: SYN, acknowledgment: 0 });
    this.clientNext++;
    this.fromServer('', { flags: SYN | ACK });
    this.serverNext++;
    return this.fromClient('', { flags: ACK });
  }

  /** The next frame comes so much later than it would. */
  wait(milliseconds: number): this {
    this.timeMs += milliseconds;
    return this;
  }

  fromClient(payload: string | Uint8Array, changes: SegmentChanges = {}): this {
    const bytes = typeof payload === 'string' ? bytesOf(payload) : payload;
    const sequence = changes.sequence ?? this.clientNext;
    this.#add(this.client, this.server, bytes, sequence, changes, this.serverNext);
    this.clientNext = later(this.clientNext, sequence + bytes.length);
    return this;
  }

  fromServer(payload: string | Uint8Array, changes: SegmentChanges = {}): this {
    const bytes = typeof payload === 'string' ? bytesOf(payload) : payload;
    const sequence = changes.sequence ?? this.serverNext;
    this.#add(this.server, this.client, bytes, sequence, changes, this.clientNext);
    this.serverNext = later(this.serverNext, sequence + bytes.length);
    return this;
  }

  /** The frame before once more. */
  again(): this {
    const before = this.frames[this.frames.length - 1];
    this.frames.push({ ...before, timeNs: this.#takeTime() });
    return this;
  }

  /** The two frames before change places; their times stay. */
  swap(): this {
    const [first, second] = this.frames.splice(-2);
    this.frames.push({ ...second, timeNs: first.timeNs }, { ...first, timeNs: second.timeNs });
    return this;
  }

  /** The frame before was not captured. */
  lose(): this {
    this.frames.pop();
    return this;
  }

  finFromServer(payload = ''): this {
    this.fromServer(payload, { flags: FIN | ACK });
    this.serverNext++;
    return this;
  }

  finFromClient(): this {
    this.fromClient('', { flags: FIN | ACK });
    this.clientNext++;
    return this;
  }

  #add(
    source: Endpoint,
    target: Endpoint,
    payload: Uint8Array,
    sequence: number,
    changes: SegmentChanges,
    acknowledgment: number,
  ): void {
    const timeNs = this.#takeTime();
    if (changes.isLost) {
      return;
    }
    const bytes = segmentFrame(
      source,
      target,
      payload,
      {
        sequence,
        acknowledgment: changes.acknowledgment ?? acknowledgment,
        flags: changes.flags ?? PSH | ACK,
      },
      this.#vlanIds,
    );
    this.frames.push({
      bytes: bytes.subarray(0, changes.capturedBytes ?? bytes.length),
      wireLength: bytes.length,
      timeNs,
    });
  }

  #takeTime(): number {
    const timeNs = this.timeMs * NANOSECONDS_PER_MILLISECOND;
    this.timeMs += FRAME_INTERVAL_MS;
    return timeNs;
  }
}

export interface SegmentNumbers {
  sequence: number;
  acknowledgment: number;
  flags: number;
}

export function segmentFrame(
  source: Endpoint,
  target: Endpoint,
  payload: Uint8Array,
  numbers: SegmentNumbers,
  vlanIds: readonly number[] = [],
): Uint8Array {
  const packet = packetBetween(source, target, payload, numbers);
  const tags = vlanIds.map((id) => ({ tpid: TPID_8021Q, id }));
  return tags.length === 0 ? frameOf(packet) : taggedEthernet(tags, etherTypeOf(packet), packet);
}

/** A request that carries an id, which `response` repeats. */
export function request(id: string, options: MessageOptions = {}): string {
  const { method = 'GET', headers = [], body = '' } = options;
  return message(`${method} /${id} HTTP/1.1`, id, ['Host: shop.example', ...headers], body);
}

/** A response with a Content-Length, unless its headers are said. */
export function response(id: string, options: MessageOptions = {}): string {
  const { status = '200 OK', body = '' } = options;
  const headers = options.headers ?? [`Content-Length: ${body.length}`];
  return message(`HTTP/1.1 ${status}`, id, headers, body);
}

export interface MessageOptions {
  method?: string;
  status?: string;
  headers?: readonly string[];
  body?: string;
}

function message(startLine: string, id: string, headers: readonly string[], body: string): string {
  return `${[startLine, `X-Id: ${id}`, ...headers].join('\r\n')}\r\n\r\n${body}`;
}

/** Chunks of these texts, and trailers. */
export function chunked(texts: readonly string[], trailers: readonly string[] = []): string {
  const chunks = texts.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join('');
  return `${chunks}0\r\n${trailers.map((trailer) => `${trailer}\r\n`).join('')}\r\n`;
}

export const CHUNKED: readonly string[] = ['Transfer-Encoding: chunked'];

/** Frames of one capture in the order of their times, as a pipeline's source takes them. */
export function inOrder(...lists: readonly (readonly TimedFrame[])[]): SourceFrame[] {
  return asCaptured(lists.flat().sort((a, b) => a.timeNs - b.timeNs));
}

/** Frames as they are, whatever their times. */
export function asCaptured(frames: readonly TimedFrame[]): SourceFrame[] {
  return frames.map(({ bytes, timeNs, wireLength }) => {
    const seconds = Math.floor(timeNs / NANOSECONDS_PER_SECOND);
    return {
      bytes,
      wireLength,
      sec: EPOCH_SEC + seconds,
      subsecNs: timeNs - seconds * NANOSECONDS_PER_SECOND,
    };
  });
}

/** The later of two sequence numbers. */
function later(a: number, b: number): number {
  return ((b - a) | 0) > 0 ? b >>> 0 : a >>> 0;
}
