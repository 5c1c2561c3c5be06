import { isSameText } from '../bytes.ts';
import {
  bodyFraming,
  FRAMING_CHUNKED,
  FRAMING_UNSURE,
  FRAMING_UNTIL_CLOSE,
} from '../http/body-framing.ts';
import { beginChunks, CHUNK_FAULTS_LENIENT, CHUNK_FAULTS_STRICT } from '../http/chunk-reader.ts';
import type { HttpMessage } from '../http/message.ts';
import { scanHead } from '../http/scan-head.ts';
import { readStatusCode } from '../http/status-code.ts';
import { endMessage, loseSide, marksOfFirst, pushWaiting, takeWaiting } from './end-message.ts';
import {
  FROM_CLIENT,
  LOST_AMBIGUOUS,
  LOST_GAP,
  LOST_NO_REQUEST,
  PROTOCOL_HTTP2,
  PROTOCOL_OTHER,
  PROTOCOL_TUNNEL,
  PROTOCOL_WEBSOCKET,
} from './http-events.ts';
import {
  SIDE_CHUNKED,
  SIDE_FIRST,
  SIDE_HEAD,
  SIDE_LENGTH,
  SIDE_LOST,
  SIDE_UNTIL_CLOSE,
  SIDE_UPGRADED,
  SIDE_WAITS,
  type StreamSide,
  type StreamState,
  touch,
  WAITING_CONNECT,
  WAITING_HEAD,
  WAITING_UPGRADE,
} from './stream-state.ts';

const STATUS_SWITCHING_PROTOCOLS = 101;

const METHOD_HEAD = bytesOf('HEAD');
const METHOD_CONNECT = bytesOf('CONNECT');
const WEBSOCKET = bytesOf('websocket');
const H2C = bytesOf('h2c');

/**
 * Takes a head that is whole: tells it, and sets how its body is read. **Its start line was read into the parts'
 * message, its faults into their check.**
 */
export function takeHead(
  stream: StreamState,
  side: StreamSide,
  bytes: Uint8Array,
  offset: number,
  headEnd: number,
): void {
  side.headBytes = headEnd - offset;
  side.bodyBytes = 0;
  side.emptyLineBytes = 0;
  side.isBodySure = false;
  touch(stream, side);
  if (side.direction === FROM_CLIENT) {
    takeRequest(stream, bytes, offset, headEnd);
  } else {
    takeResponse(stream, bytes, offset, headEnd);
  }
}

function takeRequest(
  stream: StreamState,
  bytes: Uint8Array,
  offset: number,
  headEnd: number,
): void {
  const { parts, client, server, events } = stream;
  const message = parts.request;
  scanHead(bytes, headEnd, parts.fields.request, message);
  if (stream.waitingCount > 0) {
    stream.isAhead = true;
  } else if (isFindable(server) && !stream.isAhead) {
    server.state = SIDE_HEAD;
    server.isSeeking = true;
  }
  if (!pushWaiting(stream, marksOf(bytes, message, parts.check.upgradeOffset))) {
    return;
  }
  events.requestHead(bytes, offset, headEnd);
  beginBody(stream, client, bodyFraming(bytes, message, stream.headFaults));
}

/** The client waits for each response: the next one is that of this request, whatever was lost before. */
function isFindable({ state, lostReason }: StreamSide): boolean {
  return state === SIDE_LOST && (lostReason === LOST_GAP || lostReason === LOST_NO_REQUEST);
}

function marksOf(bytes: Uint8Array, message: HttpMessage, upgradeOffset: number): number {
  const { startLineOffset } = message;
  const marks = upgradeOffset === 0 ? 0 : WAITING_UPGRADE;
  if (isMethod(bytes, startLineOffset, METHOD_HEAD)) {
    return marks | WAITING_HEAD;
  }
  return isMethod(bytes, startLineOffset, METHOD_CONNECT) ? marks | WAITING_CONNECT : marks;
}

/** A request line is longer than any of them, and a target is not empty. */
function isMethod(bytes: Uint8Array, offset: number, method: Uint8Array): boolean {
  const end = offset + method.length;
  return bytes[end] === 0x20 && isSameText(bytes, offset, end, method);
}

function takeResponse(
  stream: StreamState,
  bytes: Uint8Array,
  offset: number,
  headEnd: number,
): void {
  const { parts, server, events } = stream;
  const message = parts.response;
  scanHead(bytes, headEnd, parts.fields.response, message);
  const statusCode = readStatusCode(bytes, message);
  if (statusCode >= 100 && statusCode < 200 && statusCode !== STATUS_SWITCHING_PROTOCOLS) {
    events.interimHead(bytes, offset, headEnd);
    return;
  }
  const marks = marksOfFirst(stream);
  events.responseHead(bytes, offset, headEnd);
  if (statusCode === STATUS_SWITCHING_PROTOCOLS) {
    upgrade(stream, upgradeProtocol(bytes, parts.check.upgradeOffset, parts.check.upgradeEnd));
  } else if ((marks & WAITING_CONNECT) !== 0 && statusCode >= 200 && statusCode < 300) {
    upgrade(stream, PROTOCOL_TUNNEL);
  } else {
    const hasNoBody = (marks & WAITING_HEAD) !== 0;
    beginBody(stream, server, hasNoBody ? 0 : bodyFraming(bytes, message, stream.headFaults));
  }
}

/** @see RFC 9110 sections 7.8 and 9.3.6 */
function upgrade(stream: StreamState, protocol: number): void {
  takeWaiting(stream);
  stream.events.responseEnd();
  beginOther(stream, protocol);
}

/** Both directions carry another protocol: the client's as soon as its request has ended. */
export function beginOther(stream: StreamState, protocol: number): void {
  const { client, server, events } = stream;
  stream.isUpgraded = true;
  server.state = SIDE_UPGRADED;
  events.upgraded(protocol);
  if (client.state === SIDE_WAITS || client.state === SIDE_HEAD || client.state === SIDE_FIRST) {
    client.state = SIDE_UPGRADED;
    stream.isReleased = client.held !== null;
  }
}

/** The first protocol of the list that the server has written. */
function upgradeProtocol(bytes: Uint8Array, offset: number, end: number): number {
  if (offset === 0) {
    return PROTOCOL_OTHER;
  }
  if (isWord(bytes, offset, end, WEBSOCKET)) {
    return PROTOCOL_WEBSOCKET;
  }
  return isWord(bytes, offset, end, H2C) ? PROTOCOL_HTTP2 : PROTOCOL_OTHER;
}

/** In whatever case. */
function isWord(bytes: Uint8Array, offset: number, end: number, word: Uint8Array): boolean {
  if (end - offset !== word.length) {
    return false;
  }
  for (let index = 0; index < word.length; index++) {
    if ((bytes[offset + index] | 0x20) !== word[index]) {
      return false;
    }
  }
  return true;
}

function beginBody(stream: StreamState, side: StreamSide, framing: number): void {
  switch (framing) {
    case FRAMING_UNSURE:
      loseSide(stream, side, LOST_AMBIGUOUS);
      return;
    case FRAMING_CHUNKED:
      side.state = SIDE_CHUNKED;
      side.remainingBytes = 0;
      // A server that reads a request in another way than this is what smuggling lives from.
      beginChunks(
        side.chunks,
        side.direction === FROM_CLIENT ? CHUNK_FAULTS_STRICT : CHUNK_FAULTS_LENIENT,
      );
      return;
    case FRAMING_UNTIL_CLOSE:
      side.state = SIDE_UNTIL_CLOSE;
      return;
    case 0:
      endMessage(stream, side);
      return;
    default:
      side.state = SIDE_LENGTH;
      side.remainingBytes = framing;
  }
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (sign) => sign.charCodeAt(0));
}
