import { describe, expect, test } from 'vitest';
import { RESPONSE_SILENT_SEC_MAX } from '../../src/exchange/limits.ts';
import { CLIENT_IPV6, SERVER_IPV6 } from '../fixtures/build-captures.ts';
import {
  asCaptured,
  CHUNKED,
  Conversation,
  chunked,
  inOrder,
  request,
  response,
} from './conversation.ts';
import { type ExchangeLine, pairOf, pairsOf, runExchanges } from './run-exchanges.ts';

const open = () => new Conversation().handshake();
const pairs = (conversation: Conversation) => pairsOf(inOrder(conversation.frames));

async function only(conversation: Conversation): Promise<ExchangeLine> {
  const { lines } = await runExchanges(inOrder(conversation.frames));
  expect(lines).toHaveLength(1);
  return lines[0];
}

describe('a request and its response', () => {
  test('are one exchange with its times and sizes', async () => {
    const body = 'hello';
    const asked = open().fromClient(request('a')).wait(5).fromServer(response('a', { body }));
    expect(await only(asked)).toMatchObject({
      client_port: 40000,
      server_port: 80,
      connect_ms: 2,
      request_ms: 0,
      ttfb_ms: 6,
      duration_ms: 6,
      request_head_bytes: request('a').length,
      request_body_bytes: 0,
      response_body_bytes: 5,
      complete: true,
    });
  });

  test('follow each other on one connection, and only the first has the connect time', async () => {
    const kept = open();
    for (const id of ['a', 'b', 'c']) {
      kept.fromClient(request(id)).fromServer(response(id, { body: id }));
    }
    const { lines } = await runExchanges(inOrder(kept.frames));
    expect(lines.map(pairOf)).toEqual(['a>a', 'b>b', 'c>c']);
    expect(lines.map(({ connect_ms }) => connect_ms)).toEqual([2, undefined, undefined]);
  });

  test('are found without the beginning of the connection', async () => {
    const joined = new Conversation().fromClient(request('a')).fromServer(response('a'));
    expect(await pairs(joined)).toEqual(['a>a']);
  });

  test('are found across the end of the sequence numbers', async () => {
    const wrapped = new Conversation({
      clientSequence: 2 ** 32 - 20,
      serverSequence: 2 ** 32 - 30,
    });
    wrapped.handshake();
    for (const id of ['a', 'b']) {
      wrapped.fromClient(request(id)).fromServer(response(id, { body: 'x'.repeat(40) }));
    }
    const { lines } = await runExchanges(inOrder(wrapped.frames));
    expect(lines.map(pairOf)).toEqual(['a>a', 'b>b']);
    expect(lines.map((line) => line.response_body_bytes)).toEqual([40, 40]);
  });

  test('have their IPv6 addresses and VLAN ids', async () => {
    const tagged = new Conversation({
      client: CLIENT_IPV6,
      server: SERVER_IPV6,
      vlanIds: [12, 34],
    }).handshake();
    tagged.fromClient(request('a')).fromServer(response('a'));
    expect(await only(tagged)).toMatchObject({
      client_ip: CLIENT_IPV6.address,
      server_ip: SERVER_IPV6.address,
      vlan: [12, 34],
    });
  });

  test('have an id of version 7 that the same packets give again, and no other exchange has', async () => {
    const frames = inOrder(
      open()
        .fromClient(request('a') + request('b'))
        .fromServer(response('a') + response('b')).frames,
    );
    const first = (await runExchanges(frames)).lines.map(({ id }) => id);
    const second = (await runExchanges(frames)).lines.map(({ id }) => id);
    expect(first).toEqual(second);
    expect(new Set(first).size).toBe(2);
    for (const id of first) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });

  test('have no negative duration when the clock is set back', async () => {
    const asked = open().fromClient(request('a')).wait(-500).fromServer(response('a'));
    const { lines } = await runExchanges(asCaptured(asked.frames));
    expect(lines).toMatchObject([{ ttfb_ms: 0, duration_ms: 0, complete: true }]);
  });
});

describe('responses without a body', () => {
  test.each([
    ['HEAD', { method: 'HEAD' }, { headers: ['Content-Length: 500'] }],
    ['204', {}, { status: '204 No Content', headers: [] }],
    ['304', {}, { status: '304 Not Modified', headers: ['Content-Length: 500'] }],
  ])('%s ends with its head', async (_, asked, answered) => {
    const kept = open();
    for (const id of ['a', 'b']) {
      kept.fromClient(request(id, asked)).fromServer(response(id, answered));
    }
    const { lines } = await runExchanges(inOrder(kept.frames));
    expect(lines.map(pairOf)).toEqual(['a>a', 'b>b']);
    expect(lines.map((line) => line.response_body_bytes)).toEqual([0, 0]);
  });
});

describe('interim responses', () => {
  const expecting = { method: 'POST', headers: ['Content-Length: 5', 'Expect: 100-continue'] };

  test('are no answer', async () => {
    const posted = open().fromClient(request('a', expecting));
    posted.fromServer('HTTP/1.1 100 Continue\r\n\r\n').fromClient('hello');
    posted.fromServer(response('a')).fromClient(request('b')).fromServer(response('b'));
    const { lines } = await runExchanges(inOrder(posted.frames));
    expect(lines.map(pairOf)).toEqual(['a>a', 'b>b']);
    expect(lines[0]).toMatchObject({ request_body_bytes: 5, request_ms: 2, ttfb_ms: 3 });
  });

  test('may be missing: the body is left out after a final response', async () => {
    const refused = open().fromClient(request('a', expecting));
    refused.fromServer(response('a', { status: '417 Expectation Failed' }));
    refused.fromClient(request('b')).fromServer(response('b'));
    expect(await pairs(refused)).toEqual(['a>a', 'b>b']);
  });
});

describe('other protocols', () => {
  const behind = (asked: string, answered: string) => {
    const tunnel = open().fromClient(asked).fromServer(answered);
    return pairs(tunnel.fromClient(request('b')).fromServer(response('b')));
  };

  test('take over behind 101: nothing there is HTTP', async () => {
    const switched = response('a', { status: '101 Switching Protocols', headers: [] });
    expect(await behind(request('a'), switched)).toEqual(['a>a']);
  });

  test('may be HTTP behind CONNECT', async () => {
    const connected = response('a', { headers: [] });
    expect(await behind(request('a', { method: 'CONNECT' }), connected)).toEqual(['a>a', 'b>b']);
  });
});

describe('pipelining', () => {
  test('requests and responses in one segment each', async () => {
    const ids = ['a', 'b', 'c', 'd'];
    const ahead = open().fromClient(ids.map((id) => request(id)).join(''));
    ahead.fromServer(ids.map((id) => response(id, { body: id })).join(''));
    expect(await pairs(ahead)).toEqual(['a>a', 'b>b', 'c>c', 'd>d']);
  });

  test('two chunked responses in one segment', async () => {
    const answered = (id: string) =>
      response(id, { headers: CHUNKED, body: chunked(['one', 'three'], ['X-Sum: 1']) });
    const ahead = open().fromClient(request('a') + request('b'));
    ahead.fromServer(answered('a') + answered('b'));
    expect(await pairs(ahead)).toEqual(['a>a', 'b>b']);
  });

  test('messages behind the end of a body that began in an earlier segment', async () => {
    const posted = request('a', { method: 'POST', headers: ['Content-Length: 8'] });
    const ahead = open()
      .fromClient(`${posted}1234`)
      .fromClient(`5678${request('b')}`);
    const answered = response('a', { headers: ['Content-Length: 8'] });
    ahead.fromServer(`${answered}1234`).fromServer(`5678${response('b')}`);
    const { lines } = await runExchanges(inOrder(ahead.frames));
    expect(lines.map(pairOf)).toEqual(['a>a', 'b>b']);
    expect(lines.map((line) => line.request_body_bytes)).toEqual([8, 0]);
  });

  test('no pair is made behind a lost response, until the connection has been silent', async () => {
    const ahead = open().fromClient(request('a') + request('b') + request('c'));
    ahead.fromServer(response('a')).fromServer(response('b')).lose().fromServer(response('c'));
    ahead.fromClient(request('d')).fromServer(response('d'));
    ahead.wait(RESPONSE_SILENT_SEC_MAX * 1000 + 1);
    ahead.fromClient(request('e')).fromServer(response('e'));
    const found = await pairs(ahead);
    expect(found).toContain('a>a');
    expect(found).toContain('e>e');
    expect(found.filter((pair) => !/no_request|gap/.test(pair))).toHaveLength(2);
  });
});

describe('bodies', () => {
  const falseHeads = request('false') + response('false');

  test('of known length are counted over segments', async () => {
    const posted = request('a', { method: 'POST', headers: ['Content-Length: 10'] });
    const sent = open().fromClient(posted).fromClient('12345').fromClient('67890');
    sent.fromServer(response('a', { headers: ['Content-Length: 3000'] }));
    sent.fromServer('x'.repeat(1500)).fromServer('x'.repeat(1500));
    expect(await only(sent)).toMatchObject({
      request_body_bytes: 10,
      response_body_bytes: 3000,
      request_ms: 2,
      response_ms: 2,
      complete: true,
    });
  });

  test('are counted by sequence numbers where the capture cut them', async () => {
    const cut = open().fromClient(request('a'));
    cut.fromServer(response('a', { headers: ['Content-Length: 2000'] }));
    cut.fromServer('x'.repeat(1000), { capturedBytes: 100 });
    cut.fromServer('x'.repeat(1000), { isLost: true });
    cut.fromClient(request('b')).fromServer(response('b'));
    const { lines } = await runExchanges(inOrder(cut.frames));
    expect(lines).toMatchObject([{ response_body_bytes: 2000, complete: true }, {}]);
  });

  test.each([1, 2, 3, 7])(
    'in chunks end where their framing says, cut every %i bytes',
    async (step) => {
      const body = chunked(['x'.repeat(20), 'yy'], ['X-Sum: 1']);
      const sent = open()
        .fromClient(request('a'))
        .fromServer(response('a', { headers: CHUNKED }));
      for (let at = 0; at < body.length; at += step) {
        sent.fromServer(body.slice(at, at + step));
      }
      sent.fromClient(request('b')).fromServer(response('b'));
      const { lines } = await runExchanges(inOrder(sent.frames));
      expect(lines.map(pairOf)).toEqual(['a>a', 'b>b']);
      expect(lines[0].response_body_bytes).toBe(body.length);
    },
  );

  test('without a length end with the connection', async () => {
    const closed = open()
      .fromClient(request('a'))
      .fromServer(response('a', { headers: [] }));
    closed.fromServer('x'.repeat(700)).finFromServer('yy');
    expect(await only(closed)).toMatchObject({ response_body_bytes: 702, complete: true });
  });

  test.each([
    ['a known length', [`Content-Length: ${falseHeads.length}`], falseHeads],
    ['chunks', CHUNKED, chunked([falseHeads])],
    ['the connection', [], falseHeads],
  ])('that end with %s and look like messages are none', async (_, headers, body) => {
    const sent = open().fromClient(request('a')).fromServer(response('a', { headers }));
    for (let at = 0; at < body.length; at += request('false').length) {
      sent.fromServer(body.slice(at, at + request('false').length));
    }
    expect(await pairs(sent.finFromServer())).toEqual(['a>a']);
  });

  test('of a request that look like requests are none', async () => {
    const headers = [`Content-Length: ${falseHeads.length}`];
    const posted = open().fromClient(request('a', { method: 'POST', headers }));
    posted.fromClient(falseHeads).fromServer(response('a'));
    expect(await pairs(posted)).toEqual(['a>a']);
  });

  test('may still be sent when the answer has come', async () => {
    const posted = open().fromClient(
      request('a', { method: 'POST', headers: ['Content-Length: 20'] }),
    );
    posted.fromServer(response('a', { status: '413 Content Too Large' }));
    posted.fromClient('x'.repeat(20)).fromClient(request('b')).fromServer(response('b'));
    const { lines } = await runExchanges(inOrder(posted.frames));
    expect(lines.map(pairOf)).toEqual(['a>a', 'b>b']);
    expect(lines[0].request_body_bytes).toBe(20);
  });
});
