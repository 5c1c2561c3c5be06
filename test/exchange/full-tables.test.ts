/** What gives way when a table is full. */
import { expect, test } from 'vitest';
import type { Frame } from '../../src/capture/frame.ts';
import { LINKTYPE_ETHERNET } from '../../src/capture/link-types.ts';
import { COUNT_FLOWS_EVICTED } from '../../src/counters/exchange-counts.ts';
import { createSegment } from '../../src/decode/segment.ts';
import { createFlowKey, setFlowKey } from '../../src/exchange/flow-key.ts';
import {
  EXCHANGES_MAX,
  FLOWS_MAX,
  FLOWS_PER_CHAIN_MAX,
  STORE_BLOCK_BYTES,
  STORE_BLOCKS_MAX,
} from '../../src/exchange/limits.ts';
import { flushPipeline, runPipeline } from '../../src/worker/pipeline.ts';
import { CLIENT, SERVER } from '../fixtures/build-captures.ts';
import { addressBytes, bytesOf } from '../fixtures/build-packets.ts';
import { pipelineOf } from '../worker/pipeline-parts.ts';
import {
  ACK,
  CHUNKED,
  EPOCH_SEC,
  FIN,
  PSH,
  request,
  response,
  SYN,
  segmentFrame,
} from './conversation.ts';
import { EXCHANGE_SETTINGS, type ExchangeLine, trackerCount } from './run-exchanges.ts';

/** A segment that many connections have alike: only the client's address and port differ. */
interface Alike {
  frame: Uint8Array;
  isFromClient: boolean;
}

const START = 1000;
const SERVER_START = 50_000;
const PORTS_PER_ADDRESS = 50_000;
const FIRST_PORT = 1024;
const SOURCE_ADDRESS_AT = 26;
const SOURCE_PORT_AT = 34;
const ADDRESS_BYTES = 4;
const PORT_BYTES = 2;

const asked = request('x');
const asks = fromClient(asked, PSH | ACK, START);
const closes = fromClient('', FIN | ACK, START + asked.length);
const connects = fromClient('', SYN, START);
const answers = fromServer(response('x'));
/** Of a response whose framing cannot be followed: only silence or the next one tells its end. */
const answersWithoutEnd = fromServer(response('x', { headers: CHUNKED, body: 'no size' }));

function fromClient(text: string, flags: number, sequence: number): Alike {
  const numbers = { sequence, acknowledgment: SERVER_START, flags };
  return { frame: segmentFrame(CLIENT, SERVER, bytesOf(text), numbers), isFromClient: true };
}

function fromServer(text: string): Alike {
  const acknowledgment = START + asked.length;
  const numbers = { sequence: SERVER_START, acknowledgment, flags: PSH | ACK };
  return { frame: segmentFrame(SERVER, CLIENT, bytesOf(text), numbers), isFromClient: false };
}

/** Puts the client's address and port of a connection into a frame. */
function setClient({ frame, isFromClient }: Alike, client: number): void {
  const host = 1 + Math.floor(client / PORTS_PER_ADDRESS);
  const port = FIRST_PORT + (client % PORTS_PER_ADDRESS);
  const addressAt = isFromClient ? SOURCE_ADDRESS_AT : SOURCE_ADDRESS_AT + ADDRESS_BYTES;
  const portAt = isFromClient ? SOURCE_PORT_AT : SOURCE_PORT_AT + PORT_BYTES;
  frame.set([10, 0, host >> 8, host & 0xff], addressAt);
  frame.set([port >> 8, port & 0xff], portAt);
}

function clientOf({ client_ip, client_port }: ExchangeLine): number {
  const [, , high, low] = client_ip.split('.').map(Number);
  return (high * 256 + low - 1) * PORTS_PER_ADDRESS + client_port - FIRST_PORT;
}

/**
 * Runs segments of connections, all in one second, so that nothing falls silent.
 *
 * @returns `NUMBER reason` of the exchanges that have ended, and how many connections gave way
 */
async function runSegments(segments: Iterable<[client: number, segment: Alike]>) {
  const iterator = segments[Symbol.iterator]();
  const { pipeline, sink, counters } = await pipelineOf({ settings: EXCHANGE_SETTINGS });
  runPipeline(pipeline, {
    next(frame: Frame): boolean {
      const { value, done } = iterator.next();
      if (done === true) {
        return false;
      }
      const [client, segment] = value;
      setClient(segment, client);
      frame.bytes = segment.frame;
      frame.offset = 0;
      frame.end = segment.frame.length;
      frame.wireLength = frame.end;
      frame.timestampSec = EPOCH_SEC;
      frame.timestampSubsecNs = 0;
      frame.linkType = LINKTYPE_ETHERNET;
      return true;
    },
  });
  // What waits still is not written: it would be some ten thousand lines.
  flushPipeline(pipeline);
  const exchanges = sink.lines.map((line): ExchangeLine => JSON.parse(line));
  return {
    ended: exchanges.map((line) => `${clientOf(line)} ${line.incomplete ?? 'complete'}`),
    flowsEvicted: trackerCount(counters, COUNT_FLOWS_EVICTED),
  };
}

function* upTo(count: number, segment: Alike): Generator<[number, Alike]> {
  for (let client = 0; client < count; client++) {
    yield [client, segment];
  }
}

test('of exchanges: the connection longest without a segment, of those that have one', async () => {
  const run = await runSegments([
    ...upTo(EXCHANGES_MAX, asks),
    // The first has had a segment now, so that the second is the one.
    [0, closes],
    [EXCHANGES_MAX, asks],
  ]);
  expect(run).toEqual({ ended: ['1 evicted'], flowsEvicted: 1 });
});

test('of exchanges: one that only silence would end, before requests that wait', async () => {
  const run = await runSegments([
    ...upTo(EXCHANGES_MAX - 1, asks),
    [9, answersWithoutEnd],
    [EXCHANGES_MAX, asks],
  ]);
  expect(run).toEqual({ ended: ['9 complete'], flowsEvicted: 1 });
});

test('of connections: the one longest without a segment, of those that have no exchange', async () => {
  const run = await runSegments([
    [FLOWS_MAX, asks],
    ...upTo(FLOWS_MAX, connects),
    [FLOWS_MAX, answers],
  ]);
  expect(run).toEqual({ ended: [`${FLOWS_MAX} complete`], flowsEvicted: 1 });
});

test('of connections of one hash: the first of them', async () => {
  const clients = findCollisions(FLOWS_PER_CHAIN_MAX + 1);
  const run = await runSegments(clients.map((client) => [client, asks]));
  expect(run).toEqual({ ended: [`${clients[0]} evicted`], flowsEvicted: 1 });
});

test('of bytes that are shown: as many connections as it needs', async () => {
  const value = 'v'.repeat(60_000);
  const long = fromClient(`GET / HTTP/1.1\r\nX-Id: ${value}\r\n\r\n`, PSH | ACK, START);
  const fitting = Math.floor(STORE_BLOCKS_MAX / Math.ceil(value.length / STORE_BLOCK_BYTES));
  const run = await runSegments(upTo(fitting + 2, long));
  expect(run).toEqual({ ended: ['0 evicted', '1 evicted'], flowsEvicted: 2 });
});

/** Clients, by number, whose connections to the server stand in one chain of the table, as its hash is seeded in tests. */
function findCollisions(count: number): number[] {
  const chainsMask = 2 * FLOWS_MAX - 1;
  const counts = new Uint8Array(chainsMask + 1);
  const bytes = Uint8Array.from([10, 0, 0, 1, ...addressBytes(SERVER.address)]);
  const key = createFlowKey();
  const segment = Object.assign(createSegment(), {
    addressLength: 4,
    sourceAddressOffset: 0,
    targetAddressOffset: 4,
    targetPort: SERVER.port,
  });
  const chainOf = (client: number): number => {
    const host = 1 + Math.floor(client / PORTS_PER_ADDRESS);
    bytes[2] = host >> 8;
    bytes[3] = host & 0xff;
    segment.sourcePort = FIRST_PORT + (client % PORTS_PER_ADDRESS);
    setFlowKey(key, bytes, segment, 0);
    return key.hash & chainsMask;
  };
  let last = -1;
  let chain = -1;
  while (chain === -1) {
    const index = chainOf(++last);
    chain = ++counts[index] === count ? index : -1;
  }
  return Array.from({ length: last + 1 }, (_, client) => client).filter(
    (client) => chainOf(client) === chain,
  );
}
