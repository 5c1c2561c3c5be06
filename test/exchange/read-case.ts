/**
 * Conversations written by hand, as `pairing-cases/README.md` describes them, made into the frames that a
 * capture of them has.
 */
import { CLIENT, SERVER } from '../fixtures/build-captures.ts';
import { bytesOf, type Endpoint } from '../fixtures/build-packets.ts';
import {
  ACK,
  CHUNKED,
  FIN,
  PSH,
  RST,
  request,
  response,
  SYN,
  segmentFrame,
  type TimedFrame,
} from './conversation.ts';

/** One end: what it has sent, in sequence numbers. */
interface End {
  first: number;
  next: number;
  /** By id of a message: where it begins and ends. */
  readonly messages: Map<string, { begin: number; end: number }>;
}

/** A segment as it was sent, and how the capture has it. */
interface Sent {
  frame: TimedFrame;
  isLost: boolean;
  /** Later segments that the capture has before it. */
  lateBy: number;
}

interface Script {
  client: End;
  server: End;
  /** The client's. */
  readonly address: Endpoint;
  readonly sent: Sent[];
  timeMs: number;
}

/** The payload of a line, its flags, and the messages that begin in it. */
interface Payload {
  text: string;
  flags: number;
  messages: { id: string; begin: number; end: number }[];
}

const NANOSECONDS_PER_MILLISECOND = 1e6;
const CLIENT_FIRST = 1_000_000;
const SERVER_FIRST = 5_000_000;
/** Between the first numbers of two connections between the same ports. */
const ANEW_STEP = 10_000_000;
const FLAGS: Readonly<Record<string, number>> = { SYN, ACK, FIN, RST };
const HEADERS_BYTES = 54;

/**
 * Frames of the conversation in the order in which they were captured, with rising times.
 *
 * @param client its own address, where several conversations go through one pipeline
 */
export function readSegments(block: string, client: Endpoint = CLIENT): TimedFrame[] {
  const script: Script = {
    client: endAt(CLIENT_FIRST),
    server: endAt(SERVER_FIRST),
    address: client,
    sent: [],
    timeMs: 0,
  };
  for (const written of block.split('\n')) {
    const line = written.replace(/(^|\s+)#.*$/, '').trim();
    if (line !== '') {
      readLine(script, line);
    }
  }
  return asCaptured(script.sent);
}

function endAt(first: number): End {
  return { first, next: first, messages: new Map() };
}

function readLine(script: Script, line: string): void {
  const waited = /^wait (\d+) (ms|s|min)$/.exec(line);
  if (waited !== null) {
    script.timeMs += Number(waited[1]) * { ms: 1, s: 1000, min: 60_000 }[waited[2] as 'ms'];
    return;
  }
  if (line === 'open') {
    for (const part of ['-> SYN', '<- SYN ACK', '-> ACK']) {
      readLine(script, part);
    }
    return;
  }
  if (line === 'again') {
    const before = script.sent.at(-1) as Sent;
    script.sent.push({ ...before, frame: { ...before.frame, timeNs: takeTime(script) } });
    return;
  }
  const segment = /^(->|<-) (.*?)(?: \(([^()]*)\))?$/.exec(line);
  if (segment === null) {
    throw new Error(`Not a line of a conversation: ${line}`);
  }
  sendSegment(script, segment[1] === '->', segment[2], segment[3]?.split(', ') ?? []);
}

function sendSegment(
  script: Script,
  isFromClient: boolean,
  items: string,
  changes: readonly string[],
): void {
  const payload = readPayload(items, isFromClient);
  const isSyn = (payload.flags & SYN) !== 0;
  const change = (name: string) =>
    changes.find((one) => one === name || one.startsWith(`${name} `))?.slice(name.length + 1);
  if (change('anew') !== undefined) {
    script.client = endAt(script.client.first + ANEW_STEP);
    script.server = endAt(script.server.first + ANEW_STEP);
  }
  const own = isFromClient ? script.client : script.server;
  const other = isFromClient ? script.server : script.client;
  const sequence = placeOf(own, isSyn ? own.first : own.next, change('seq'));
  const acknowledgment = placeOf(other, other.next, change('ack'));
  for (const { id, begin, end } of payload.messages) {
    own.messages.set(id, { begin: sequence + begin, end: sequence + end });
  }
  own.next = Math.max(own.next, sequence + payload.text.length + (/SYN|FIN/.test(items) ? 1 : 0));
  const source = isFromClient ? script.address : SERVER;
  const target = isFromClient ? SERVER : script.address;
  const bytes = segmentFrame(source, target, bytesOf(payload.text), {
    sequence: sequence % 2 ** 32,
    acknowledgment: isFromClient && isSyn ? 0 : acknowledgment % 2 ** 32,
    flags: payload.flags,
  });
  const kept = change('cut');
  script.sent.push({
    frame: {
      bytes: kept === undefined ? bytes : bytes.subarray(0, HEADERS_BYTES + Number(kept)),
      wireLength: bytes.length,
      timeNs: takeTime(script),
    },
    isLost: change('lost') !== undefined,
    lateBy: Number(change('late') ?? 0),
  });
}

function takeTime(script: Script): number {
  return script.timeMs++ * NANOSECONDS_PER_MILLISECOND;
}

/** `+N` and `-N` count from the usual place, `before ID` and `behind ID` from a message. */
function placeOf(end: End, usual: number, written: string | undefined): number {
  const [, word, id] = /^(before|behind) (.*)$/.exec(written ?? '') ?? [];
  if (word === undefined) {
    return usual + Number(written ?? 0);
  }
  const found = end.messages.get(id);
  if (found === undefined) {
    throw new Error(`No message ${id} was sent before`);
  }
  return word === 'before' ? found.begin : found.end;
}

function readPayload(items: string, isFromClient: boolean): Payload {
  const payload: Payload = { text: '', flags: 0, messages: [] };
  for (const item of items.split(' + ').flatMap(expandRange)) {
    const words = item.split(' ');
    if (words.every((word) => word in FLAGS)) {
      payload.flags |= words.reduce((flags, word) => flags | FLAGS[word], 0);
      continue;
    }
    const begin = payload.text.length;
    payload.text += textOf(item, words);
    const [first, id] = words;
    if (first !== 'body' && !item.startsWith('"')) {
      payload.messages.push({ id, begin, end: payload.text.length });
    }
  }
  const isFirstSyn = isFromClient && payload.flags === SYN;
  payload.flags |= isFirstSyn ? 0 : ACK;
  payload.flags |= payload.text === '' ? 0 : PSH;
  return payload;
}

function textOf(item: string, [first, id, ...rest]: readonly string[]): string {
  if (item.startsWith('"')) {
    return JSON.parse(item);
  }
  if (first === 'body') {
    return 'x'.repeat(Number(id));
  }
  const said = rest.join(' ');
  const lengthBytes = /^length (\d+)$/.exec(said)?.[1];
  const isResponse = /^\d{3}$/.test(first);
  if (said !== '' && said !== 'chunked' && said !== 'until close' && lengthBytes === undefined) {
    throw new Error(`Not a length: ${said}`);
  }
  const headers = said === 'chunked' ? CHUNKED : [];
  // An interim response and a change of protocol have no length.
  const hasLength = isResponse && !first.startsWith('1');
  const length = lengthBytes ?? (said === '' && hasLength ? '0' : undefined);
  const withLength = length === undefined ? headers : [`Content-Length: ${length}`];
  return isResponse
    ? response(id, { status: `${first} Said`, headers: withLength })
    : request(id, { method: first, headers: withLength });
}

/** `GET a{1-3}` is `GET a1`, `GET a2`, `GET a3`; a range that stands twice counts up in both places. */
export function expandRange(text: string): string[] {
  const [range, first, last] = /\{(\d+)-(\d+)\}/.exec(text) ?? [];
  return range === undefined
    ? [text]
    : Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) =>
        text.replaceAll(range, String(Number(first) + index)),
      );
}

/** The order of the capture: a late segment stands behind those that overtook it, times go on rising. */
function asCaptured(sent: readonly Sent[]): TimedFrame[] {
  const placed = sent.map((one, place) => ({
    ...one,
    place: place + one.lateBy + (one.lateBy && 0.5),
  }));
  placed.sort((a, b) => a.place - b.place);
  const times = sent.map(({ frame }) => frame.timeNs);
  return placed
    .map(({ frame, isLost }, index) => ({ frame: { ...frame, timeNs: times[index] }, isLost }))
    .filter(({ isLost }) => !isLost)
    .map(({ frame }) => frame);
}
