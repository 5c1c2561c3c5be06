import { describe, expect, it } from 'vitest';
import { createRecordFieldTables } from '../../src/http/grammar.ts';
import type { Exchange } from '../../src/record/exchange.ts';
import { SIDE_CLIENT } from '../../src/record/message-type.ts';
import { ConnectionExchanges, createExchangeParts } from '../../src/stream/exchanges.ts';
import { LOST_AMBIGUOUS } from '../../src/stream/http-events.ts';
import { SPARE_EXCHANGES_MAX } from '../../src/stream/limits.ts';
import { createStreamParts } from '../../src/stream/stream-state.ts';
import {
  BYTE_BY_BYTE,
  CLIENT_FIN,
  client,
  clientGap,
  createLines,
  FACTS,
  feed,
  linesOf,
  RESET,
  SERVER_FIN,
  type Step,
  server,
  serverGap,
  UNSEEN,
  WHOLE,
} from './feed-stream.ts';

const GET = 'GET /a?q=1 HTTP/1.1\r\nHost: x\r\nX-Id: 7\r\n\r\n';
const OK = 'HTTP/1.1 200 Fine\r\nX-Id: 8\r\nContent-Length: 2\r\n\r\nok';
const CHUNKED_POST = 'POST /up HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n';

// biome-ignore lint/suspicious/noExplicitAny: lines are looked at by names of the format
type Line = Record<string, any>;

function read(steps: readonly Step[]): Line[] {
  const lines = linesOf(steps);
  expect(linesOf(steps, BYTE_BY_BYTE)).toEqual(lines);
  return lines.map((line) => JSON.parse(line));
}

/** What came of each: `METHOD>STATUS reason`. */
const outcomes = (steps: readonly Step[]): string[] =>
  read(steps).map(({ method = '', status = '', incomplete = '' }) =>
    `${method}>${status} ${incomplete}`.trim(),
  );

describe('the header of a proxy before the first request', () => {
  const V1 = 'PROXY TCP4 192.0.2.7 198.51.100.4 5555 81\r\n';
  const V2 = [
    '\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x27',
    `${'\x20\x01\x0d\xb8'.padEnd(15, '\0')}\x07`,
    `${'\0'.repeat(10)}\xff\xff\xc6\x33\x64\x04\x15\xb3\0\x51TLV`,
  ].join('');
  const TELLS_NOBODY = '\r\n\r\n\0\r\nQUIT\n\x20\0\0\0';

  it.each([
    ['version 1', V1, '192.0.2.7'],
    ['version 2', V2, '2001:db8::7'],
  ])('%s tells the ends of every exchange', (_name, header, ip) => {
    const exchanges = [client(GET), server(OK), client(GET), server(OK)];
    const told = { proxy_client_ip: ip, proxy_client_port: 5555 };
    const proxy = { proxy_server_ip: '198.51.100.4', proxy_server_port: 81 };
    for (const steps of [
      [client(header), ...exchanges],
      [client(`${header}${GET}`), ...exchanges.slice(1)],
    ]) {
      expect(read(steps)).toMatchObject(
        [1, 2].map(() => ({ status: 200, complete: true, client_port: 40000, ...told, ...proxy })),
      );
    }
  });

  it('tells nothing where it names nobody, and of the next connection', () => {
    for (const header of ['', TELLS_NOBODY, 'PROXY UNKNOWN\r\n']) {
      const lines = linesOf([client(V1), client(GET), server(OK)]);
      lines.push(...linesOf([client(`${header}${GET}`), server(OK)]));
      expect(lines.map((line) => line.includes('proxy_'))).toEqual([true, false]);
    }
  });

  it('is what the client has written anywhere else', () => {
    const [first, ...others] = read([client(GET), server(OK), client(V1), client(GET), server(OK)]);
    expect([first.target, first.complete]).toEqual(['/a?q=1', true]);
    expect(JSON.stringify([first, ...others])).not.toContain('proxy_');
  });

  it.each(['POST', 'PUT', 'PROXY', 'P', 'PROPFIND'])('is none of a request of %s', (method) => {
    const steps = [client(GET.replace('GET', method)), server(OK)];
    expect(read(steps)).toMatchObject([{ method, status: 200, complete: true, request_ms: 0 }]);
  });
});

describe('the exchanges of a stream', () => {
  it('have heads, sizes, times and ends', () => {
    const steps = [
      client(CHUNKED_POST),
      client('3\r\nabc\r\n'),
      client('0\r\nT: 1\r\n\r\n'),
      server('HTTP/1.1 100 Continue\r\n\r\n'),
      server(OK),
    ];
    const [{ id, ...line }] = read(steps);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(line).toMatchObject({
      record: 'exchange',
      time: '2019-09-01T14:16:51.000000Z',
      side: 'server',
      client_ip: '192.0.2.1',
      client_port: 40000,
      server_ip: '198.51.100.7',
      server_port: 80,
      method: 'POST',
      target: '/up',
      version: '1.1',
      status: 200,
      reason: 'Fine',
      request_ms: 2,
      ttfb_ms: 4,
      response_ms: 0,
      duration_ms: 4,
      request_head_bytes: CHUNKED_POST.length,
      request_body_bytes: '3\r\nabc\r\n0\r\nT: 1\r\n\r\n'.length,
      response_head_bytes: OK.length - 2,
      response_body_bytes: 2,
      content_length: 2,
      response_headers: { 'x-id': '8' },
      complete: true,
    });
    expect(line).not.toHaveProperty('connect_ms');
    expect(line).not.toHaveProperty('vlan');
    expect(line).not.toHaveProperty('retransmitted_segments');
  });

  it.each<[string, Step[], string[]]>([
    ['whole, in their order', [client(GET + GET), server(OK), server(OK)], ['GET>200', 'GET>200']],
    ['unanswered, the server closes', [client(GET), SERVER_FIN], ['GET> no_response']],
    ['unanswered, both close', [client(GET), CLIENT_FIN, SERVER_FIN], ['GET> no_response']],
    ['unanswered, nobody looks any more', [client(GET), UNSEEN], ['GET> no_response']],
    ['unanswered, torn down', [client(GET + GET), RESET], ['GET> reset', 'GET> reset']],
    ['a response torn down', [client(GET), server(OK.slice(0, -1)), RESET], ['GET>200 reset']],
    ['a response too short', [client(GET), server(OK.slice(0, -1)), SERVER_FIN], ['GET>200 reset']],
    ['a response nobody sees end', [client(GET), server(OK.slice(0, -1)), UNSEEN], ['GET>200 gap']],
    ['until the close', [client(GET), server('HTTP/1.1 200\r\n\r\nx'), SERVER_FIN], ['GET>200']],
    ['until a reset', [client(GET), server('HTTP/1.1 200\r\n\r\nx'), RESET], ['GET>200 reset']],
    ['unasked', [server(OK), SERVER_FIN], ['>200 no_request']],
    [
      'asked behind the server\u2019s end',
      [SERVER_FIN, client(GET), CLIENT_FIN],
      ['GET> no_response'],
    ],
    [
      'an upload answered early, then whole',
      [client(CHUNKED_POST), server(OK), client('0\r\n\r\n')],
      ['POST>200'],
    ],
    [
      'an upload answered early that never ends',
      [client(`${CHUNKED_POST}1`), server(OK), RESET],
      ['POST>200'],
    ],
    [
      'an upload answered early that never ends, and another answer',
      [client(`${CHUNKED_POST}1`), server(OK + OK)],
      ['POST>200', '>200 no_request'],
    ],
    ['an upload of unknown framing', [client(`${CHUNKED_POST}x`), server(OK)], ['POST>200']],
    [
      'an upload of unknown framing that was answered',
      [client(`${CHUNKED_POST}1`), server(OK), client('x')],
      ['POST>200'],
    ],
    [
      'a lost response',
      [client(GET + GET), server('HTTP/1.1 2'), serverGap(1)],
      ['GET> gap', 'GET> gap'],
    ],
    [
      'another protocol',
      [client('GET / HTTP/1.1\r\nUpgrade: a\r\n\r\n'), server('HTTP/1.1 101 S\r\n\r\nx'), RESET],
      ['GET>101'],
    ],
  ])('%s', (_title, steps, expected) => {
    expect(outcomes(steps)).toEqual(expected);
  });

  it('has no size of a body whose framing is unknown', () => {
    const [line] = read([client(`${CHUNKED_POST}1x`), server(OK)]);
    expect(line).not.toHaveProperty('request_body_bytes');
    expect(line.request_head_bytes).toBe(CHUNKED_POST.length);
  });

  it('counts what passed of a response that did not end', () => {
    const [line] = read([client(GET), server(`${OK.slice(0, -2)}o`), RESET]);
    expect(line).toMatchObject({ response_body_bytes: 1, duration_ms: 1, complete: false });
  });

  it('has ends of two families, of the other side, without addresses, and a time to connect', () => {
    const { parts, take } = createLines();
    const run = (changes: Partial<typeof FACTS>): Line => {
      const exchanges = new ConnectionExchanges(parts, { ...FACTS, ...changes });
      feed(exchanges.stream, [client(GET + GET), server(OK + OK)]);
      const [first, second] = take().map((line) => JSON.parse(line));
      expect(second).not.toHaveProperty('connect_ms');
      return first;
    };
    const ipv6 = { address: new Uint8Array(16).fill(1, 15), port: 1 };
    expect(run({ server: ipv6, connectNs: 3e6, side: SIDE_CLIENT })).toMatchObject({
      client_ip: '192.0.2.1',
      server_ip: '::1',
      side: 'client',
      connect_ms: 3,
    });
    const none = { address: new Uint8Array(0), port: 0 };
    const line = run({ client: none, server: none });
    expect(line).not.toHaveProperty('client_ip');
    expect(line).not.toHaveProperty('server_ip');
    expect(line.target).toBe('/a?q=1');
  });

  it('has ids of their own in one connection and in two, the same for the same bytes', () => {
    const { parts, take } = createLines();
    const idsOf = (seedWord: number): string[] => {
      const exchanges = new ConnectionExchanges(parts, { ...FACTS, seedWord });
      feed(exchanges.stream, [client(GET.repeat(3)), server(OK.repeat(3))]);
      return take().map((line) => JSON.parse(line).id);
    };
    const ids = [...idsOf(1), ...idsOf(2)];
    expect(new Set(ids).size).toBe(6);
    expect(idsOf(1)).toEqual(ids.slice(0, 3));
  });

  it('redacts by the same rules as everywhere', () => {
    const secret = 'GET / HTTP/1.1\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\n\r\n';
    expect(linesOf([client(secret), server(OK)]).join()).not.toContain('YW5uOnNlY3JldA');
  });

  it('counts what was lost, and gives all that it held back', () => {
    const { parts } = createLines();
    for (let round = 0; round < 3; round++) {
      const { stream } = new ConnectionExchanges(parts, FACTS);
      const steps = [
        client(`${GET}POST /b HTTP/1.1\r\nContent-Length: x\r\n\r\n`),
        server('HTTP/1.1 2'),
      ];
      feed(stream, [...steps, UNSEEN], BYTE_BY_BYTE);
    }
    expect(parts.lostCounts[LOST_AMBIGUOUS]).toBe(3);
    expect(parts.stream.pool.takenBytes).toBe(0);
    expect(parts.spares.count).toBeLessThanOrEqual(SPARE_EXCHANGES_MAX);
    expect(parts.spares.count).toBe(2);
  });

  describe('heads as they were sent, and bodies', () => {
    const POST = 'POST /x HTTP/1.1\r\nSet: 1\r\nset: 2\r\nTransfer-Encoding: chunked\r\n\r\n';
    const body = 'ab'.repeat(700);
    const chunks = `${(600).toString(16)}\r\n${body.slice(0, 600)}\r\n${(800).toString(16)}\r\n${body.slice(600)}\r\n0\r\n\r\n`;

    /** Head and body of each side, as the record has them. */
    function kept(steps: readonly Step[], bodyBytesMax: number, cut = WHOLE): string[][] {
      const found: string[][] = [];
      const text = ({ bytes }: Exchange, offset: number, end: number): string =>
        Buffer.from(bytes.subarray(offset, end)).toString('latin1');
      const parts = createExchangeParts(
        createStreamParts(createRecordFieldTables([])),
        {
          exchange: (exchange) =>
            found.push(
              [exchange.rawRequest, exchange.rawResponse].flatMap(
                ({ headOffset, headEnd, body }) => [
                  text(exchange, headOffset, headEnd),
                  `${text(exchange, body.offset, body.end)}${body.isCut ? '...' : ''}`,
                ],
              ),
            ),
        },
        { isHeadKept: true, bodyBytesMax },
      );
      feed(new ConnectionExchanges(parts, FACTS).stream, steps, cut);
      expect(parts.stream.pool.takenBytes).toBe(0);
      return found;
    }

    it.each([WHOLE, BYTE_BY_BYTE])('are in the record, without chunk framing', (cut) => {
      const steps = [client(POST + chunks), server(OK)];
      expect(kept(steps, 64 * 1024, cut)).toEqual([[POST, body, OK.slice(0, -2), 'ok']]);
      expect(kept(steps, 1400, cut)).toEqual([[POST, body, OK.slice(0, -2), 'ok']]);
      expect(kept(steps, 1399, cut)).toEqual([
        [POST, `${body.slice(0, 1399)}...`, OK.slice(0, -2), 'ok'],
      ]);
      expect(kept(steps, 0, cut)).toEqual([[POST, '', OK.slice(0, -2), '']]);
    });

    it('are cut where bytes are missing, or the connection ends', () => {
      const upload = 'POST /x HTTP/1.1\r\nContent-Length: 9\r\n\r\n';
      const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n';
      const steps = [
        client(`${upload}abc`),
        clientGap(3),
        client('ghi'),
        server(`${answer}xy`),
        RESET,
      ];
      expect(kept(steps, 100)).toEqual([[upload, 'abc...', answer, 'xy...']]);
    });

    it('of a side that was not seen are none, whatever the exchange before had', () => {
      const [, unasked] = kept([client(GET), server(OK + OK)], 100);
      expect(unasked).toEqual(['', '', OK.slice(0, -2), 'ok']);
    });
  });
});
