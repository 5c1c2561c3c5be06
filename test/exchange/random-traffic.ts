/** Connections as a client and a server would have them, every choice drawn from a seed, and what is true of them. */
import { bytesOf, type Endpoint } from '../fixtures/build-packets.ts';
import { ACK, FIN, PSH, SYN, segmentFrame, type TimedFrame } from './conversation.ts';
import { between, createRandom, planMessages, type Random } from './random-messages.ts';

export interface TrafficOptions {
  flowsCount: number;
  exchangesPerFlow: number;
  /** Most requests that a client sends ahead; 1: it waits for each response. */
  depthMax: number;
  /** Every flow is as deep as it may be. */
  isAlwaysDeep?: boolean;
}

/** What the wire says of an exchange, as an observer sees it who misses nothing. */
export interface TrueExchange {
  id: string;
  flow: number;
  requestHeadBytes: number;
  requestBodyBytes: number;
  responseHeadBytes: number;
  responseBodyBytes: number;
  /** Nanoseconds: when the segments with these bytes pass. */
  requestFirstNs: number;
  requestLastNs: number;
  responseFirstNs: number;
  responseLastNs: number;
  /** Indexes of the frames with the first byte of each message. */
  requestFrame: number;
  responseFrame: number;
}

export interface Traffic {
  frames: TimedFrame[];
  /** By frame: its flow. */
  flows: number[];
  exchanges: TrueExchange[];
  /** By flow: how many requests its client sends ahead. */
  depths: number[];
}

/** Bytes that one end sends at once, and the messages that have their first or last byte among them. */
interface Write {
  isFromClient: boolean;
  flags: number;
  bytes: Uint8Array;
  sentNs: number;
  /** Position in the sender's stream. */
  at: number;
}

interface MessageSpan {
  headBytes: number;
  byteLength: number;
  /** Position in the sender's stream. */
  at: number;
}

interface PlannedExchange {
  id: string;
  request: MessageSpan;
  response: MessageSpan;
}

interface Flow {
  random: Random;
  writes: Write[];
  clientAt: number;
  serverAt: number;
  /** One way, before and behind the observer. */
  clientDelayNs: number;
  serverDelayNs: number;
  planned: PlannedExchange[];
}

const MICROSECOND = 1000;
const MILLISECOND = 1_000_000;
const SEGMENT_BYTES_MAX = 1400;
const CLIENT_PORT = 20_000;

/** All flows of a capture, their frames in the order of their times. */
export function createTraffic(seed: number, options: TrafficOptions): Traffic {
  const random = createRandom(seed);
  const traffic: Traffic = { frames: [], flows: [], exchanges: [], depths: [] };
  const marked: { frame: TimedFrame; flow: number; write: Write }[] = [];
  const plans: PlannedExchange[][] = [];
  for (let index = 0; index < options.flowsCount; index++) {
    const { depthMax } = options;
    const depth = options.isAlwaysDeep ? depthMax : between(random, 1, depthMax);
    traffic.depths.push(depth);
    const flow = createFlow(random, index, options.exchangesPerFlow, depth);
    plans.push(flow.planned);
    marked.push(...framesOf(flow, index));
  }
  marked.sort((a, b) => a.frame.timeNs - b.frame.timeNs);
  traffic.frames = marked.map(({ frame }) => frame);
  traffic.flows = marked.map(({ flow }) => flow);
  const byFlow = plans.map((): { write: Write; position: number; timeNs: number }[] => []);
  for (const [position, { flow, write, frame }] of marked.entries()) {
    byFlow[flow].push({ write, position, timeNs: frame.timeNs });
  }
  for (const [index, plan] of plans.entries()) {
    for (const planned of plan) {
      traffic.exchanges.push(trueExchange(planned, index, byFlow[index]));
    }
  }
  return traffic;
}

function createFlow(random: Random, index: number, exchangesCount: number, depth: number): Flow {
  const flow: Flow = {
    random,
    writes: [],
    clientAt: 0,
    serverAt: 0,
    clientDelayNs: between(random, 1, 3000) * MICROSECOND,
    serverDelayNs: between(random, 1, 3000) * MICROSECOND,
    planned: [],
  };
  const isBurst = random() < 0.5;
  const tripNs = flow.clientDelayNs + flow.serverDelayNs;
  let clientNs = between(random, 0, 200) * MILLISECOND;
  write(flow, true, SYN, '', clientNs);
  write(flow, false, SYN | ACK, '', clientNs + tripNs);
  clientNs += 2 * tripNs;
  write(flow, true, ACK, '', clientNs);
  clientNs += MICROSECOND;
  let serverNs = clientNs;
  /** By exchange: when the client has its last byte. */
  const receivedNs: number[] = [];
  for (let number = 0; number < exchangesCount; number++) {
    const isLast = number === exchangesCount - 1;
    // In bursts the client waits for all before; else for the one that is `depth` back.
    const awaited = isBurst ? number - (number % depth) - 1 : number - depth;
    const isAhead = isBurst && number % depth !== 0;
    if (awaited >= 0) {
      clientNs = Math.max(clientNs, receivedNs[awaited] + between(random, 0, 2000) * MICROSECOND);
    }
    const id = `${index}-${number}`;
    const plan = planMessages(random, id, isLast);
    const request = span(plan.request, flow.clientAt);
    const isContinued = plan.isExpecting && depth === 1;
    const headEnd = isContinued ? request.headBytes : plan.request.length;
    const joinAfterNs = isAhead ? 0 : Number.POSITIVE_INFINITY;
    clientNs = send(flow, true, plan.request.slice(0, headEnd), clientNs, joinAfterNs);
    let arrivedNs = clientNs + tripNs;
    if (isContinued) {
      const interim = 'HTTP/1.1 100 Continue\r\n\r\n';
      serverNs = send(flow, false, interim, Math.max(arrivedNs, serverNs) + MICROSECOND);
      clientNs = Math.max(clientNs, serverNs + tripNs) + MICROSECOND;
      clientNs = send(flow, true, plan.request.slice(headEnd), clientNs);
      arrivedNs = clientNs + tripNs;
    }
    const processingNs = between(random, 1, random() < 0.2 ? 50_000 : 1500) * MICROSECOND;
    serverNs = Math.max(arrivedNs, serverNs) + processingNs;
    const response = span(plan.response, flow.serverAt);
    serverNs = send(flow, false, plan.response, serverNs, isAhead ? arrivedNs : undefined);
    receivedNs[number] = serverNs + tripNs;
    flow.planned.push({ id, request, response });
    clientNs += between(random, 1, 50) * MICROSECOND;
  }
  write(flow, false, FIN | ACK, '', serverNs + MICROSECOND);
  write(flow, true, FIN | ACK, '', Math.max(clientNs, serverNs + tripNs) + 2 * MICROSECOND);
  return flow;
}

/**
 * Sends a message in segments; gives the time of the last.
 *
 * @param joinAfterNs it may go together with what was sent before, if that was later than this
 */
function send(
  flow: Flow,
  isFromClient: boolean,
  text: string,
  startNs: number,
  joinAfterNs = Number.POSITIVE_INFINITY,
): number {
  const { random, writes } = flow;
  let sentNs = startNs;
  let rest = text;
  const before = writes.findLast((other) => other.isFromClient === isFromClient);
  if (
    before !== undefined &&
    before.sentNs > joinAfterNs &&
    before.bytes.length + text.length <= SEGMENT_BYTES_MAX &&
    random() < 0.5
  ) {
    before.bytes = new Uint8Array(Buffer.concat([before.bytes, bytesOf(text)]));
    if (isFromClient) {
      flow.clientAt += text.length;
    } else {
      flow.serverAt += text.length;
    }
    return before.sentNs;
  }
  const smallest = random() < 0.2 ? 1 : SEGMENT_BYTES_MAX;
  let isFirst = true;
  while (rest.length > 0) {
    const least = isFirst ? Math.min(rest.indexOf('\r\n\r\n') + 4, SEGMENT_BYTES_MAX) : smallest;
    const byteLength = between(random, Math.max(least, 1), SEGMENT_BYTES_MAX);
    write(flow, isFromClient, PSH | ACK, rest.slice(0, byteLength), sentNs);
    rest = rest.slice(byteLength);
    isFirst = false;
    if (rest.length > 0) {
      sentNs += between(random, 1, random() < 0.1 ? 20_000 : 100) * MICROSECOND;
    }
  }
  return sentNs;
}

function write(
  flow: Flow,
  isFromClient: boolean,
  flags: number,
  text: string,
  sentNs: number,
): void {
  const takesNumber = (flags & (SYN | FIN)) !== 0 ? 1 : 0;
  const at = isFromClient ? flow.clientAt : flow.serverAt;
  flow.writes.push({ isFromClient, flags, bytes: bytesOf(text), sentNs, at });
  if (isFromClient) {
    flow.clientAt += text.length + takesNumber;
  } else {
    flow.serverAt += text.length + takesNumber;
  }
}

/** Frames of a flow: what an end acknowledges is what had reached it when it sent. */
function framesOf(flow: Flow, index: number): { frame: TimedFrame; flow: number; write: Write }[] {
  const { random, writes } = flow;
  const client: Endpoint = { address: '192.0.2.2', port: CLIENT_PORT + index };
  const server: Endpoint = { address: '198.51.100.1', port: 80 };
  const clientStart = between(random, 0, 2 ** 32 - 1);
  const serverStart = between(random, 0, 2 ** 32 - 1);
  const tripNs = flow.clientDelayNs + flow.serverDelayNs;
  return writes.map((sent) => {
    const { isFromClient, bytes, flags, at, sentNs } = sent;
    let acknowledged = 0;
    for (const other of writes) {
      if (other.isFromClient !== isFromClient && other.sentNs + tripNs <= sentNs) {
        const number = (other.flags & (SYN | FIN)) !== 0 ? 1 : 0;
        acknowledged = Math.max(acknowledged, other.at + other.bytes.length + number);
      }
    }
    const start = isFromClient ? clientStart : serverStart;
    const otherStart = isFromClient ? serverStart : clientStart;
    const [source, target] = isFromClient ? [client, server] : [server, client];
    const frameBytes = segmentFrame(source, target, bytes, {
      sequence: (start + at) >>> 0,
      acknowledgment: (otherStart + acknowledged) >>> 0,
      flags,
    });
    const frame = {
      bytes: frameBytes,
      wireLength: frameBytes.length,
      timeNs: sentNs + (isFromClient ? flow.clientDelayNs : flow.serverDelayNs),
    };
    return { frame, flow: index, write: sent };
  });
}

function span(text: string, at: number): MessageSpan {
  return { headBytes: text.indexOf('\r\n\r\n') + 4, byteLength: text.length, at };
}

function trueExchange(
  { id, request: asked, response: answer }: PlannedExchange,
  flow: number,
  passed: readonly { write: Write; position: number; timeNs: number }[],
): TrueExchange {
  const at = (isFromClient: boolean, byteAt: number) => {
    const found = passed.find(
      ({ write: sent }) =>
        sent.isFromClient === isFromClient &&
        sent.at <= byteAt &&
        byteAt < sent.at + sent.bytes.length,
    );
    if (found === undefined) {
      throw new Error(`No frame has byte ${byteAt} of flow ${flow}`);
    }
    return found;
  };
  return {
    id,
    flow,
    requestHeadBytes: asked.headBytes,
    requestBodyBytes: asked.byteLength - asked.headBytes,
    responseHeadBytes: answer.headBytes,
    responseBodyBytes: answer.byteLength - answer.headBytes,
    requestFirstNs: at(true, asked.at).timeNs,
    requestLastNs: at(true, asked.at + asked.byteLength - 1).timeNs,
    responseFirstNs: at(false, answer.at).timeNs,
    responseLastNs: at(false, answer.at + answer.byteLength - 1).timeNs,
    requestFrame: at(true, asked.at).position,
    responseFrame: at(false, answer.at).position,
  };
}
