/** Conversations, and the events that must come of them however their bytes are cut. */
import {
  CLIENT_FIN,
  client,
  clientGap,
  RESET,
  SERVER_FIN,
  type Step,
  server,
  serverGap,
  UNSEEN,
} from './feed-stream.ts';

export interface StreamCase {
  title: string;
  steps: Step[];
  /** Heads are shortened to their start lines. */
  events: string[];
}

const GET = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const post = (...fields: string[]) =>
  `POST /a HTTP/1.1\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
const ok = (...fields: string[]) =>
  `HTTP/1.1 200 OK\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;

const ASKED = ['request GET /a HTTP/1.1', 'request end'];
const ANSWERED = ['response HTTP/1.1 200 OK', 'response data ok', 'response end'];
const POSTED = 'request POST /a HTTP/1.1';

/** A request whose body two readers may see differently, and an answer to it. */
const ambiguous = (title: string, fault: string, ...fields: string[]): StreamCase => ({
  title: `request: ${title}`,
  steps: [client(`${post(...fields)}hello`), server(OK), client(GET)],
  events: [
    `request${fault === '' ? '' : ` (${fault})`} POST /a HTTP/1.1`,
    'lost client ambiguous',
    ...ANSWERED,
  ],
});

export const STREAM_CASES: StreamCase[] = [
  {
    title: 'a request and its response',
    steps: [client(GET), server(OK)],
    events: [...ASKED, ...ANSWERED],
  },
  {
    title: 'two in turn, then both close',
    steps: [client(GET), server(OK), client(GET), server(OK), CLIENT_FIN, SERVER_FIN],
    events: [
      ...[...ASKED, ...ANSWERED, ...ASKED, ...ANSWERED],
      ...['closed client in order', 'closed server in order'],
    ],
  },
  {
    title: 'pipelined',
    steps: [client(GET.repeat(3)), server(OK.repeat(3))],
    events: [...ASKED, ...ASKED, ...ASKED, ...ANSWERED, ...ANSWERED, ...ANSWERED],
  },
  {
    title: 'more pipelined than a connection begins with places for',
    steps: [
      client(GET.repeat(20)),
      server(OK.repeat(3)),
      client(GET.repeat(30)),
      server(OK.repeat(47)),
    ],
    events: [
      ...Array(20).fill(ASKED).flat(),
      ...Array(3).fill(ANSWERED).flat(),
      ...Array(30).fill(ASKED).flat(),
      ...Array(47).fill(ANSWERED).flat(),
    ],
  },
  {
    title: 'empty lines before start lines',
    steps: [client(`\r\n\n${post('Content-Length: 1')}x\r\n${GET}`), server(`${OK}\r\n${OK}`)],
    events: [POSTED, 'request data x', 'request end', ...ASKED, ...ANSWERED, ...ANSWERED],
  },
  {
    title: 'too many empty lines',
    steps: [client('\r\n'.repeat(40)), client(GET)],
    events: ['lost client not_http'],
  },
  {
    title: 'a method that is in no table',
    steps: [client('Foo-Bar!1 * HTTP/1.1\r\n\r\n'), server(OK)],
    events: ['request Foo-Bar!1 * HTTP/1.1', 'request end', ...ANSWERED],
  },
  {
    title: 'bodies of known length',
    steps: [client(`${post('Content-Length: 5')}hello`), server(OK)],
    events: [POSTED, 'request data hello', 'request end', ...ANSWERED],
  },
  {
    title: 'chunked both ways, with extensions and trailers',
    steps: [
      client(
        `${post('Transfer-Encoding: chunked')}5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nT: 1\r\n\r\n${GET}`,
      ),
      server(
        `${ok('Transfer-Encoding: gzip, Chunked')}2\r\nok\r\n0;x\r\nA: 1\r\nB: 2\r\n\r\n${OK}`,
      ),
    ],
    events: [POSTED, 'request data hello world', 'request end', ...ASKED, ...ANSWERED, ...ANSWERED],
  },
  {
    title: 'a response until the connection closes',
    steps: [client(GET), server(`${ok()}some`), server('thing'), SERVER_FIN],
    events: [
      ...ASKED,
      ...['response HTTP/1.1 200 OK', 'response data something', 'response end'],
      'closed server in order',
    ],
  },
  {
    title: 'a response until the connection is reset',
    steps: [client(GET), server(`${ok()}some`), RESET],
    events: [...ASKED, 'response HTTP/1.1 200 OK', 'response data some', 'closed server reset'],
  },
  {
    title: 'a coding that does not end in chunks: until the connection closes',
    steps: [client(GET), server(`${ok('Transfer-Encoding: gzip')}2\r\nok`), SERVER_FIN],
    events: [
      ...ASKED,
      ...['response HTTP/1.1 200 OK', 'response data 2\r\nok', 'response end'],
      'closed server in order',
    ],
  },
  {
    title: 'without a body: HEAD, 204 and 304',
    steps: [
      client(
        'HEAD /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\nHEAD /d HTTP/1.1\r\n\r\n',
      ),
      server('HTTP/1.1 200 A\r\nContent-Length: 9\r\n\r\nHTTP/1.1 204 B\r\n\r\n'),
      server(
        'HTTP/1.1 304 C\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 D\r\nTransfer-Encoding: chunked\r\n\r\n',
      ),
      client(GET),
      server(OK),
    ],
    events: [
      ...['a', 'b', 'c', 'd'].flatMap((name, index) => [
        `request ${index % 3 === 0 ? 'HEAD' : 'GET'} /${name} HTTP/1.1`,
        'request end',
      ]),
      ...['200 A', '204 B', '304 C', '200 D'].flatMap((line) => [
        `response HTTP/1.1 ${line}`,
        'response end',
      ]),
      ...[...ASKED, ...ANSWERED],
    ],
  },
  {
    title: 'interim responses',
    steps: [
      client(post('Content-Length: 5', 'Expect: 100-continue')),
      server('HTTP/1.1 100 Continue\r\n\r\n'),
      client('hello'),
      server(`HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}`),
    ],
    events: [
      ...[POSTED, 'interim HTTP/1.1 100 Continue', 'request data hello', 'request end'],
      ...['interim HTTP/1.1 103 Early Hints', ...ANSWERED],
    ],
  },
  {
    title: 'an early answer, and the body behind it',
    steps: [
      client(`${post('Content-Length: 10')}he`),
      server(OK),
      client(`lloworld${GET}`),
      server(OK),
    ],
    events: [
      ...[POSTED, 'request data he', ...ANSWERED, 'request data lloworld', 'request end'],
      ...[...ASKED, ...ANSWERED],
    ],
  },
  {
    title: 'a refused expectation, and no body',
    steps: [
      client(post('Content-Length: 10', 'Expect: 100-continue')),
      server(OK),
      client(GET),
      server(OK),
    ],
    events: [POSTED, ...ANSWERED, 'request end', ...ASKED, ...ANSWERED],
  },
  {
    title: 'a refused expectation, and the body all the same',
    steps: [
      client(post('Content-Length: 12', 'Expect: 100-continue')),
      server(OK),
      client(`GET /\nGET \r\n${GET}`),
      server(OK),
    ],
    events: [
      POSTED,
      ...ANSWERED,
      'request data GET /\nGET \r\n',
      'request end',
      ...ASKED,
      ...ANSWERED,
    ],
  },
  {
    title: 'a refused expectation, and a body in chunks',
    steps: [
      client(post('Transfer-Encoding: chunked', 'Expect: 100-continue')),
      server(OK),
      client(`2\r\nGE\r\n0\r\n\r\n${GET}`),
      server(OK),
    ],
    events: [POSTED, ...ANSWERED, 'request data GE', 'request end', ...ASKED, ...ANSWERED],
  },
  {
    title: 'a refused expectation, and the client closes within what may be a line',
    steps: [client(post('Content-Length: 10')), server(OK), client('GET /'), CLIENT_FIN],
    events: [POSTED, ...ANSWERED, 'request data GET /', 'closed client in order'],
  },
  {
    title: 'WebSocket',
    steps: [
      client('GET /chat HTTP/1.1\r\nUpgrade: websocket\r\n\r\n\x81\x80abcd'),
      server('HTTP/1.1 101 Switching\r\nUpgrade: WebSocket\r\n\r\n\x81\x02hi'),
      client('GET /b HTTP/1.1\r\n\r\n'),
      server('\x88\x00'),
      SERVER_FIN,
    ],
    events: [
      ...[
        'request GET /chat HTTP/1.1',
        'request end',
        'response HTTP/1.1 101 Switching',
        'response end',
      ],
      ...['upgraded websocket', 'client data \x81\x80abcd', 'server data \x81\x02hi'],
      ...['client data GET /b HTTP/1.1\r\n\r\n', 'server data \x88\x00', 'closed server in order'],
    ],
  },
  {
    title: 'an upgrade that the server does not take up, with a request sent ahead',
    steps: [client(`GET /h2 HTTP/1.1\r\nUpgrade: h2c\r\n\r\n${GET}`), server(OK + OK)],
    events: [...['request GET /h2 HTTP/1.1', 'request end', ...ANSWERED, ...ASKED, ...ANSWERED]],
  },
  {
    title:
      'an upgrade that the server does not take up, and the client closes behind a request sent ahead',
    steps: [client(`GET /h2 HTTP/1.1\r\nUpgrade: h2c\r\n\r\n${GET}`), CLIENT_FIN, server(OK + OK)],
    events: [
      ...['request GET /h2 HTTP/1.1', 'request end', ...ANSWERED, ...ASKED],
      ...['closed client in order', ...ANSWERED],
    ],
  },
  {
    title: 'h2c, with a body before the other protocol',
    steps: [
      client(`POST /h2 HTTP/1.1\r\nUpgrade: h2c\r\nContent-Length: 4\r\n\r\nbodyPRI`),
      server('HTTP/1.1 101 S\r\nUpgrade: h2c\r\n\r\n'),
    ],
    events: [
      ...['request POST /h2 HTTP/1.1', 'request data body', 'request end'],
      ...['response HTTP/1.1 101 S', 'response end', 'upgraded http2', 'client data PRI'],
    ],
  },
  {
    title: 'an upgrade within the request body',
    steps: [
      client('POST /u HTTP/1.1\r\nUpgrade: x\r\nContent-Length: 4\r\n\r\nbo'),
      server('HTTP/1.1 101 S\r\n\r\nnew'),
      client('dynew'),
    ],
    events: [
      ...['request POST /u HTTP/1.1', 'request data bo', 'response HTTP/1.1 101 S', 'response end'],
      ...['upgraded other', 'server data new', 'request data dy', 'request end', 'client data new'],
    ],
  },
  {
    title: 'CONNECT',
    steps: [
      client('CONNECT x:443 HTTP/1.1\r\n\r\n'),
      server('HTTP/1.1 200 Connected\r\nContent-Length: 5\r\n\r\n'),
      client('\x16\x03'),
      server('\x16\x03'),
    ],
    events: [
      ...[
        'request CONNECT x:443 HTTP/1.1',
        'request end',
        'response HTTP/1.1 200 Connected',
        'response end',
      ],
      ...['upgraded tunnel', 'client data \x16\x03', 'server data \x16\x03'],
    ],
  },
  {
    title: 'CONNECT refused',
    steps: [
      client('CONNECT x:443 HTTP/1.1\r\n\r\n'),
      server('HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno'),
      client(GET),
      server(OK),
    ],
    events: [
      ...['request CONNECT x:443 HTTP/1.1', 'request end'],
      ...['response HTTP/1.1 407 No', 'response data no', 'response end', ...ASKED, ...ANSWERED],
    ],
  },
  {
    title: 'HTTP/2 with prior knowledge',
    steps: [client('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), server('\x00\x00\x00\x04'), UNSEEN],
    events: [
      ...['upgraded http2', 'client data PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      ...['server data \x00\x00\x00\x04', 'closed client unseen'],
    ],
  },
  {
    title: 'TLS',
    steps: [client('\x16\x03\x01\x00\x05hello'), server('\x15\x03\x01\x00\x02')],
    events: ['lost client not_http', 'lost server not_http'],
  },
  {
    title: 'HTTP/0.9',
    steps: [client('GET /\r\n'), server('<html>')],
    events: ['lost client not_http', 'lost server not_http'],
  },
  {
    title: 'a response that nobody asked for',
    steps: [server('HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n'), SERVER_FIN],
    events: ['response HTTP/1.1 408 Timeout', 'response end', 'closed server in order'],
  },
  {
    title: 'lines that end in LF',
    steps: [
      client('GET /a HTTP/1.0\nHost: x\n\n'),
      server('HTTP/1.0 200 OK\nContent-Length: 2\n\nok'),
    ],
    events: [
      'request (bare_lf) GET /a HTTP/1.0',
      'request end',
      ...['response (bare_lf) HTTP/1.0 200 OK', 'response data ok', 'response end'],
    ],
  },
  {
    title: 'white space within the target',
    steps: [client('GET /a b HTTP/1.1\r\n\r\n'), server(OK)],
    events: ['request (start_line) GET /a b HTTP/1.1', 'request end', ...ANSWERED],
  },
  {
    title: 'the same length twice',
    steps: [client(`${post('Content-Length: 5', 'Content-Length: 5')}hello`), server(OK)],
    events: [
      'request (several_lengths) POST /a HTTP/1.1',
      ...['request data hello', 'request end', ...ANSWERED],
    ],
  },
  ambiguous(
    'a length and a coding',
    'length_and_coding',
    'Content-Length: 5',
    'Transfer-Encoding: chunked',
  ),
  ambiguous('two lengths', 'several_lengths', 'Content-Length: 5', 'Content-Length: 6'),
  ambiguous('a length of two', '', 'Content-Length: 5, 5'),
  ambiguous('a length with a sign', '', 'Content-Length: +5'),
  ambiguous('a length of nothing', '', 'Content-Length:'),
  ambiguous(
    'two codings',
    'several_codings',
    'Transfer-Encoding: gzip',
    'Transfer-Encoding: chunked',
  ),
  ambiguous('a coding that is none', '', 'Transfer-Encoding: xchunked'),
  ambiguous('chunked not last', '', 'Transfer-Encoding: chunked, gzip'),
  ambiguous('a line that goes on', 'obs_fold', 'X: a\r\n b', 'Content-Length: 5'),
  ambiguous('a first line that begins with white space', 'obs_fold', ' X: a', 'Content-Length: 5'),
  ambiguous('white space before the colon', 'space_before_colon', 'Content-Length : 5'),
  ambiguous('a name that is none', 'bad_name', 'Content(Length: 5'),
  ambiguous('a line without a colon', 'bad_name', 'Content-Length 5'),
  ambiguous('an empty name', 'bad_name', ': 5'),
  ambiguous('CR within a value', 'control_character', 'X: a\rContent-Length: 5'),
  ambiguous('NUL within a value', 'control_character', 'X: a\x00b'),
  {
    title: 'request: chunks before HTTP/1.1',
    steps: [client('POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'), server(OK)],
    events: ['request POST /a HTTP/1.0', 'lost client ambiguous', ...ANSWERED],
  },
  {
    title: 'request: chunks that end in LF',
    steps: [client(`${post('Transfer-Encoding: chunked')}5\nhello\r\n0\r\n\r\n`), server(OK)],
    events: [POSTED, 'lost client chunks', ...ANSWERED],
  },
  {
    title: 'response: chunks that end in LF',
    steps: [
      client(GET),
      server(`${ok('Transfer-Encoding: chunked')}2\nok\n0\n\n`),
      client(GET),
      server(OK),
    ],
    events: [...ASKED, ...ANSWERED, ...ASKED, ...ANSWERED],
  },
  {
    title: 'response: a length and a coding',
    steps: [client(GET + GET), server(ok('Content-Length: 5', 'Transfer-Encoding: chunked'))],
    events: [
      ...ASKED,
      ...ASKED,
      'response (length_and_coding) HTTP/1.1 200 OK',
      'lost server ambiguous',
    ],
  },
  {
    title: 'response: what stands behind its end is none',
    steps: [client(GET + GET), server(`${OK}<html>`)],
    events: [...ASKED, ...ASKED, ...ANSWERED, 'lost server not_http'],
  },
  {
    title: 'behind a lost request only those are answered that were seen',
    steps: [client(`${GET}${post('Content-Length: x')}`), server(OK), server(OK), server(OK)],
    events: [
      ...[
        ...ASKED,
        POSTED,
        'lost client ambiguous',
        ...ANSWERED,
        ...ANSWERED,
        'lost server no_request',
      ],
    ],
  },
  {
    title: 'half-close: the answer comes behind the FIN',
    steps: [client(GET), CLIENT_FIN, server(OK), SERVER_FIN],
    events: [...ASKED, 'closed client in order', ...ANSWERED, 'closed server in order'],
  },
  {
    title: 'bytes behind an end are nobody\u2019s',
    steps: [
      client(GET),
      CLIENT_FIN,
      client(GET),
      CLIENT_FIN,
      server(OK),
      SERVER_FIN,
      server(OK),
      RESET,
    ],
    events: [...ASKED, 'closed client in order', ...ANSWERED, 'closed server in order'],
  },
  {
    title: 'a head that is cut by the end',
    steps: [client(GET), server('HTTP/1.1 200 OK\r\nContent-'), SERVER_FIN],
    events: [...ASKED, 'closed server in order'],
  },
  {
    title: 'missing bytes within bodies of known length',
    steps: [
      client(`${post('Content-Length: 9')}he`),
      clientGap(5),
      client(`lo${GET}`),
      server(ok('Content-Length: 7')),
      serverGap(7),
      server(OK),
    ],
    events: [
      ...[
        POSTED,
        'request data he',
        'missing 5 of client',
        'request data lo',
        'request end',
        ...ASKED,
      ],
      ...['response HTTP/1.1 200 OK', 'missing 7 of server', 'response end', ...ANSWERED],
    ],
  },
  {
    title: 'missing bytes within a chunk, and within what the close ends',
    steps: [
      client(GET + GET),
      server(`${ok('Transfer-Encoding: chunked')}9\r\nhe`),
      serverGap(5),
      server(`lo\r\n0\r\n\r\n${ok()}some`),
      serverGap(1e9),
      SERVER_FIN,
    ],
    events: [
      ...[
        ...ASKED,
        ...ASKED,
        'response HTTP/1.1 200 OK',
        'response data he',
        'missing 5 of server',
      ],
      ...['response data lo', 'response end', 'response HTTP/1.1 200 OK', 'response data some'],
      ...['missing 1000000000 of server', 'response end', 'closed server in order'],
    ],
  },
  {
    title: 'missing bytes between messages, and within framing',
    steps: [
      client(GET),
      clientGap(1),
      client(GET),
      server(ok('Transfer-Encoding: chunked')),
      serverGap(9),
    ],
    events: [...ASKED, 'lost client gap', 'response HTTP/1.1 200 OK', 'lost server gap'],
  },
  {
    title: 'more missing than a body has',
    steps: [client(`${post('Content-Length: 9')}he`), clientGap(8), server(OK)],
    events: [
      ...[
        POSTED,
        'request data he',
        'missing 7 of client',
        'request end',
        'lost client gap',
        ...ANSWERED,
      ],
    ],
  },
  {
    title: 'missing bytes behind a request that is upgraded',
    steps: [
      client('GET / HTTP/1.1\r\nUpgrade: x\r\n\r\n'),
      clientGap(3),
      server('HTTP/1.1 101 S\r\n\r\n'),
      serverGap(4),
    ],
    events: [
      ...['request GET / HTTP/1.1', 'request end', 'lost client gap', 'response HTTP/1.1 101 S'],
      ...['response end', 'upgraded other', 'missing 4 of server'],
    ],
  },
];

/** Cases whose places are found again by where feeds begin: they are not cut. */
export const WHOLE_CASES: StreamCase[] = [
  {
    title: 'found again: the end of a request was missing, and the first of its response',
    steps: [
      client(GET),
      server(OK),
      clientGap(9),
      client('rest\r\n\r\n'),
      server('HTTP'),
      client(GET),
      server(OK),
    ],
    events: [
      ...[
        ...ASKED,
        ...ANSWERED,
        'lost client gap',
        'lost server no_request',
        ...ASKED,
        ...ANSWERED,
      ],
    ],
  },
  {
    title: 'found again: a request and its response were missing',
    steps: [
      ...[client(GET), server(OK), clientGap(9), server('HTTP/1.1 200 A\r\n'), serverGap(9)],
      ...[client(GET), server('rest'), server(OK), client(GET), server(OK)],
    ],
    events: [
      ...[...ASKED, ...ANSWERED, 'lost client gap', 'lost server no_request'],
      ...[...ASKED, ...ANSWERED, ...ASKED, ...ANSWERED],
    ],
  },
  {
    title: 'found again: a response was missing',
    steps: [
      client(GET),
      serverGap(9),
      server('bytes of it'),
      client(GET),
      server('bytes of it'),
      server(OK),
    ],
    events: [...ASKED, 'lost server gap', ...ASKED, ...ANSWERED],
  },
  {
    title: 'never found again where the client sends ahead',
    steps: [client(GET + GET), server(OK), serverGap(9), client(GET), server(OK)],
    events: [...ASKED, ...ASKED, ...ANSWERED, 'lost server gap', ...ASKED],
  },
];
