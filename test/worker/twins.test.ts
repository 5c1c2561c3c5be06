import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LINKTYPE_ETHERNET, LINKTYPE_LINUX_SLL2 } from '../../src/capture/link-types.ts';
import {
  COUNTER_COPIES,
  COUNTER_DUPLICATES,
  COUNTER_TWINS,
} from '../../src/counters/counter-table.ts';
import type { PipelineSettings } from '../../src/worker/pipeline-settings.ts';
import { runExchanges } from '../exchange/run-exchanges.ts';
import { frameOf, packetBetween, sll2Header } from '../fixtures/build-captures.ts';
import { bytesOf, type Endpoint, ETHERTYPE_IPV4, joinBytes } from '../fixtures/build-packets.ts';
import { run, type SourceFrame } from './pipeline-parts.ts';

const SYN = 0x02;
const SYN_ACK = 0x12;
const ACK = 0x10;
const FIN_ACK = 0x11;
const PACKET_HOST = 0;
const PACKET_OUTGOING = 4;
const EPOCH_SEC = 1_567_347_411;

/** A host with a bridge, the pods' ends of it, and a network card. */
const BRIDGE = 2;
const CLIENT_PORT = 3;
const SERVER_PORT = 4;

const client: Endpoint = { address: '10.244.0.2', port: 36_638 };
const service: Endpoint = { address: '10.96.0.1', port: 80 };
const masqueraded: Endpoint = { address: '10.244.0.1', port: 44_234 };
const pod: Endpoint = { address: '10.244.0.3', port: 8080 };

/** What passes, and where a device shows it. */
interface Seen {
  from: Endpoint;
  to: Endpoint;
  device: number;
  isOut?: boolean;
}

interface Part {
  text?: string;
  flags?: number;
  sequence: number;
  acknowledgment: number;
  atMs: number;
}

function frame({ from, to, device, isOut = false }: Seen, part: Part, index = 0): SourceFrame {
  const { text = '', flags = ACK, sequence, acknowledgment, atMs } = part;
  const packet = packetBetween(from, to, bytesOf(text), { flags, sequence, acknowledgment });
  const type = isOut ? PACKET_OUTGOING : PACKET_HOST;
  const subsecNs = Math.round((atMs % 1000) * 1e6) + index * 10_000;
  return {
    bytes: joinBytes(sll2Header(type, ETHERTYPE_IPV4, device), packet),
    linkType: LINKTYPE_LINUX_SLL2,
    sec: EPOCH_SEC + Math.floor(atMs / 1000),
    subsecNs,
  };
}

/** The way of a segment through the host, which shows it on each device. */
const WAYS = {
  'DNAT alone': {
    there: [
      { from: client, to: service, device: CLIENT_PORT },
      { from: client, to: service, device: BRIDGE },
      { from: client, to: pod, device: BRIDGE, isOut: true },
      { from: client, to: pod, device: SERVER_PORT, isOut: true },
    ],
    back: [
      { from: pod, to: client, device: SERVER_PORT },
      { from: pod, to: client, device: BRIDGE },
      { from: service, to: client, device: BRIDGE, isOut: true },
      { from: service, to: client, device: CLIENT_PORT, isOut: true },
    ],
    ends: { nat_server_ip: '10.244.0.3', nat_server_port: 8080 },
  },
  'DNAT and SNAT': {
    there: [
      { from: client, to: service, device: CLIENT_PORT },
      { from: masqueraded, to: pod, device: BRIDGE, isOut: true },
      { from: masqueraded, to: pod, device: SERVER_PORT, isOut: true },
    ],
    back: [
      { from: pod, to: masqueraded, device: SERVER_PORT },
      { from: pod, to: masqueraded, device: BRIDGE },
      { from: service, to: client, device: BRIDGE, isOut: true },
      { from: service, to: client, device: CLIENT_PORT, isOut: true },
    ],
    ends: {
      nat_client_ip: '10.244.0.1',
      nat_client_port: 44_234,
      nat_server_ip: '10.244.0.3',
      nat_server_port: 8080,
    },
  },
  // What a bridge passes to the host's filters has one end set back before the other.
  'one end after the other': {
    there: [
      { from: client, to: service, device: CLIENT_PORT },
      { from: masqueraded, to: pod, device: SERVER_PORT, isOut: true },
    ],
    back: [
      { from: pod, to: masqueraded, device: SERVER_PORT },
      { from: pod, to: client, device: BRIDGE },
      { from: service, to: client, device: CLIENT_PORT, isOut: true },
    ],
    ends: {
      nat_client_ip: '10.244.0.1',
      nat_client_port: 44_234,
      nat_server_ip: '10.244.0.3',
      nat_server_port: 8080,
    },
  },
} satisfies Record<string, { there: Seen[]; back: Seen[]; ends: object }>;

type Way = { there: Seen[]; back: Seen[] };

/** A connection of so many requests, with the handshake and without. */
function connection({ there, back }: Way, requests: number, hasHandshake = true): SourceFrame[] {
  const pass = (ways: Seen[], part: Part) => ways.map((seen, index) => frame(seen, part, index));
  const frames: SourceFrame[] = [];
  let [asked, answered] = [1001, 5001];
  if (hasHandshake) {
    frames.push(
      ...pass(there, { flags: SYN, sequence: 1000, acknowledgment: 0, atMs: 0 }),
      ...pass(back, { flags: SYN_ACK, sequence: 5000, acknowledgment: 1001, atMs: 1 }),
      ...pass(there, { sequence: 1001, acknowledgment: 5001, atMs: 2 }),
    );
  }
  for (let index = 0; index < requests; index++) {
    const request = `GET /${index} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const response = `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${index % 10}!`;
    const atMs = 10 + 10 * index;
    frames.push(...pass(there, { text: request, sequence: asked, acknowledgment: answered, atMs }));
    asked += request.length;
    frames.push(
      ...pass(back, { text: response, sequence: answered, acknowledgment: asked, atMs: atMs + 1 }),
    );
    answered += response.length;
    frames.push(...pass(there, { sequence: asked, acknowledgment: answered, atMs: atMs + 2 }));
  }
  const fin = { flags: FIN_ACK, atMs: 20 + 10 * requests };
  frames.push(
    ...pass(there, { ...fin, sequence: asked, acknowledgment: answered }),
    ...pass(back, { ...fin, sequence: answered, acknowledgment: asked + 1 }),
  );
  return frames;
}

/** Source, target, type and the word behind it of each line. */
async function textOf(frames: SourceFrame[], settings: Partial<PipelineSettings> = {}) {
  const { sink, counters } = await run(frames, { settings });
  return { lines: sink.lines.map((line) => line.split(' ').slice(2, 7).join(' ')), counters };
}

describe.each(Object.entries(WAYS))('a connection with %s', (_name, way) => {
  const { ends } = way;

  it.each([true, false])('is one exchange a request, with both addresses (%s)', async (whole) => {
    const { lines } = await runExchanges(connection(way, 3, whole));
    const complete = lines.filter((line) => line.complete);
    expect(complete.map(({ target }) => target)).toEqual(['/0', '/1', '/2']);
    for (const line of complete) {
      expect(line).toMatchObject({
        client_ip: client.address,
        client_port: client.port,
        server_ip: service.address,
        server_port: service.port,
        ...ends,
      });
      expect(line).not.toHaveProperty('retransmitted_segments');
    }
    expect(lines).toHaveLength(3);
  });

  it.each([false, true])(
    'has a line a message, with the ends that the client sees',
    async (held) => {
      const { lines, counters } = await textOf(connection(way, 2), { isHeadCompleted: held });
      expect(lines).toEqual(
        [0, 1].flatMap((index) => [
          `10.244.0.2#36638 10.96.0.1#80 CQ GET /${index}`,
          '10.96.0.1#80 10.244.0.2#36638 CR HTTP/1.1 200',
        ]),
      );
      expect(counters[COUNTER_TWINS]).toBeGreaterThan(0);
      expect(counters[COUNTER_DUPLICATES]).toBe(0);
      const shown = 2 * (way.there.length + way.back.length) - 4;
      expect(counters[COUNTER_TWINS] + counters[COUNTER_COPIES]).toBe(shown);
    },
  );

  it('is shown as often as it was captured with --no-fold', async () => {
    const { lines, counters } = await textOf(connection(way, 1), { isFolded: false });
    const seen = ({ from, to }: Seen) => `${from.address}#${from.port} ${to.address}#${to.port}`;
    expect(lines).toEqual([
      ...way.there.map((each) => `${seen(each)} CQ GET /0`),
      ...way.back.map((each) => `${seen(each)} CR HTTP/1.1 200`),
    ]);
    expect(counters[COUNTER_TWINS] + counters[COUNTER_COPIES]).toBe(0);
    const { lines: exchanges } = await runExchanges(connection(way, 1), { isFolded: false });
    expect(exchanges.filter(({ complete }) => complete)).toHaveLength(2);
  });
});

describe('what is not folded', () => {
  const twin = { text: 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n', sequence: 1, acknowledgment: 1 };
  const [inAtPort, , , outAtPort] = WAYS['DNAT alone'].there;
  const countOf = async (frames: SourceFrame[]) => (await textOf(frames)).lines.length;

  it('what comes in, whatever else it has in common', async () => {
    const other = { ...inAtPort, from: { address: '10.244.0.9', port: client.port } };
    const part = { ...twin, atMs: 0 };
    expect(await countOf([frame(inAtPort, part), frame(other, part)])).toBe(2);
    const elsewhere = { ...other, device: SERVER_PORT };
    expect(await countOf([frame(inAtPort, part), frame(elsewhere, part)])).toBe(2);
    const sameDevice = { ...inAtPort, to: pod };
    expect(await countOf([frame(inAtPort, part), frame(sameDevice, part)])).toBe(2);
  });

  it.each([
    [
      'other bytes of a field that no line shows',
      { text: twin.text.replace('Host: a', 'Host: b') },
    ],
    ['another sequence number', { sequence: 2 }],
    ['another acknowledgment number', { acknowledgment: 2 }],
    ['a tenth of a second and more later', { atMs: 101 }],
  ])('%s', async (_name, change) => {
    const first = frame(inAtPort, { ...twin, atMs: 0 });
    const second = frame(outAtPort, { ...twin, atMs: 0, ...change });
    expect(await countOf([first, second])).toBe(2);
    expect(await countOf([first, frame(outAtPort, { ...twin, atMs: 99 })])).toBe(1);
  });

  it('Ethernet, which does not say whether a packet came in', async () => {
    const packets = [client, { ...client, port: 1 }].map((from) =>
      packetBetween(from, pod, bytesOf(twin.text), { sequence: 1, acknowledgment: 1 }),
    );
    const frames = packets.map((packet) => ({
      bytes: frameOf(packet),
      linkType: LINKTYPE_ETHERNET,
    }));
    expect(await countOf(frames)).toBe(2);
  });

  it('a segment that the first device shows again: it was sent again', async () => {
    const frames = connection(WAYS['DNAT alone'], 1);
    const request = { text: 'GET /0 HTTP/1.1\r\nHost: a\r\n\r\n', sequence: 1001 };
    const again = WAYS['DNAT alone'].there.map((seen) =>
      frame(seen, { ...request, acknowledgment: 5001, atMs: 10.5 }),
    );
    frames.splice(16, 0, ...again);
    const { lines } = await runExchanges(frames);
    expect(lines.map((line) => line.retransmitted_segments)).toEqual([1]);
  });

  it('another connection between the ports that a translation has left', async () => {
    const next: Endpoint = { address: '10.244.0.7', port: 50_000 };
    const way = WAYS['DNAT and SNAT'];
    const turn = (end: Endpoint) => (end === client ? next : end);
    const other = {
      there: way.there.map((seen) => ({ ...seen, from: turn(seen.from), to: turn(seen.to) })),
      back: way.back.map((seen) => ({ ...seen, from: turn(seen.from), to: turn(seen.to) })),
    };
    const later = connection(other, 1).map((each) => ({ ...each, sec: (each.sec ?? 0) + 60 }));
    const { lines } = await runExchanges([...connection(way, 1), ...later]);
    expect(lines.map((line) => [line.client_ip, line.complete])).toEqual([
      [client.address, true],
      [next.address, true],
    ]);
    // Also when its SYN was not seen.
    const unseen = connection(other, 1, false).map((each) => ({ ...each, sec: EPOCH_SEC + 60 }));
    const { lines: texts } = await textOf([...connection(way, 1), ...unseen]);
    expect(texts.filter((line) => line.includes(`${next.address}#`))).toHaveLength(2);
    expect(texts).toHaveLength(4);
  });
});

describe('no request can be hidden where several devices are captured', () => {
  const ends = [client, service, masqueraded, pod];
  const end = fc.constantFrom(...ends);
  const sent = fc.record({
    from: end,
    to: end,
    device: fc.constantFrom(BRIDGE, CLIENT_PORT, SERVER_PORT),
    isOut: fc.boolean(),
    path: fc.integer({ min: 0, max: 5 }),
    body: fc.constantFrom('', 'X: 1\r\n', 'X: 2\r\n'),
    sequence: fc.constantFrom(1, 2, 40, 0xfffffff0),
    acknowledgment: fc.constantFrom(1, 2),
    flags: fc.constantFrom(ACK, ACK, ACK, SYN, SYN_ACK, FIN_ACK),
    atMs: fc.integer({ min: 0, max: 60 }),
  });

  it.each([false, true])(
    'whatever a sender sends, every head has a line',
    async (isHeadCompleted) => {
      await fc.assert(
        fc.asyncProperty(fc.array(sent, { maxLength: 24 }), async (segments) => {
          const asked = segments.map(({ path, body }) => `/${path}${body.slice(3, 4)}`);
          const frames = segments.map(({ body, ...seen }, index) =>
            frame(seen, {
              ...seen,
              text: `GET ${asked[index]} HTTP/1.1\r\nHost: a\r\n${body}\r\n`,
            }),
          );
          const { lines } = await textOf(frames, { isHeadCompleted });
          expect(new Set(lines.map((line) => line.split(' ')[4]))).toEqual(new Set(asked));
        }),
        { numRuns: 60, seed: 20190901 },
      );
    },
  );
});
