import { describe, expect, it } from 'vitest';
import { CLIENT_FIN, client, eventsOf, latin1, SERVER_FIN, server } from './feed-stream.ts';
import { type Parsed, type ParsedMessage, parseRequests, parseResponse } from './node-parser.ts';

/** What the stream makes of the same bytes. */
interface Read extends Parsed {
  /** HEAD_FAULT_NAMES of any of the heads. */
  oddities: string[];
}

const HEAD = /^(?:request|response)(?: \(([^)]*)\))? (?!data |end$)([\s\S]*)$/;

function readEvents(events: readonly string[], from: 'request' | 'response'): Read {
  const messages: ParsedMessage[] = [];
  const oddities: string[] = [];
  let fault: string | undefined;
  let open: ParsedMessage | undefined;
  for (const event of events) {
    const head = event.startsWith(from) ? HEAD.exec(event) : null;
    if (head !== null) {
      oddities.push(...(head[1]?.split(' ') ?? []));
      open = parseHead(head[2]);
    } else if (event.startsWith(`${from} data `) && open !== undefined) {
      open.body += event.slice(`${from} data `.length);
    } else if (event === `${from} end` && open !== undefined) {
      messages.push(open);
      open = undefined;
    } else if (event.startsWith(from === 'request' ? 'lost client' : 'lost server')) {
      fault ??= event;
    }
  }
  return { messages, fault: fault ?? (open === undefined ? undefined : 'cut'), oddities };
}

/** As Node shows it: values without white space around them, a reason of nothing as none. */
function parseHead(text: string): ParsedMessage {
  const [startLine, ...lines] = text.split(/\r?\n/).slice(0, -2);
  const fields = lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')];
  });
  return { startLine: startLine.replace(/^(HTTP\/1\.\d \d{3})$/, '$1 '), fields, body: '' };
}

const readRequests = (text: string) => readEvents(eventsOf([client(text), CLIENT_FIN]), 'request');
const readResponse = (text: string, method: string) =>
  readEvents(
    eventsOf([client(`${method} / HTTP/1.1\r\n\r\n`), server(text), SERVER_FIN]),
    'response',
  );

const post = (...fields: string[]) =>
  `POST /a HTTP/1.1\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
const ok = (...fields: string[]) =>
  `HTTP/1.1 200 OK\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
const CHUNKED = 'Transfer-Encoding: chunked';

const SOUND_REQUESTS: Record<string, string> = {
  'without fields': 'GET / HTTP/1.1\r\n\r\n',
  'HTTP/1.0': 'GET / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n',
  'every kind of target': `OPTIONS * HTTP/1.1\r\n\r\nGET http://x/a?b#c HTTP/1.1\r\n\r\n`,
  'fields of all kinds':
    'GET /a HTTP/1.1\r\nhOsT:x\r\nA: b c\r\nA:\td\r\nEmpty:\r\nEmpty2: \r\nX-_.!#$%&\'*+^`|~9: "q, \\"r"\r\n\r\n',
  'bytes beyond ASCII in a value': 'GET / HTTP/1.1\r\nA: \xe4\xff\x80\r\n\r\n',
  'a body of known length': `${post('Content-Length: 11')}hello\r\n\r\nx!`,
  'a length of zero': `${post('Content-Length: 0')}${post('Content-Length: 000')}`,
  'several, with bodies': `${post('Content-Length: 2')}ab${post('Content-Length: 1')}cGET / HTTP/1.1\r\n\r\n`,
  chunks: `${post(CHUNKED)}3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n`,
  'chunks with extensions': `${post(CHUNKED)}3;a=b;c="d e"\r\nabc\r\n0;x\r\n\r\n`,
  'chunks with trailers': `${post(CHUNKED)}1\r\na\r\n0\r\nX: 1\r\nY: 2\r\n\r\nGET / HTTP/1.1\r\n\r\n`,
  'codings in capital letters': `${post('TRANSFER-ENCODING: CHUNKED')}1\r\na\r\n0\r\n\r\n`,
  'several codings, chunked last': `${post('Transfer-Encoding: gzip, chunked')}1\r\na\r\n0\r\n\r\n`,
  'an empty line before': '\r\nGET / HTTP/1.1\r\n\r\n\r\n\r\nGET /b HTTP/1.1\r\n\r\n',
  'a long head': `GET /${'p'.repeat(4000)} HTTP/1.1\r\nLong: ${'v'.repeat(8000)}\r\n\r\n`,
  expectation: `${post('Expect: 100-continue', 'Content-Length: 2')}ab`,
};

const UNSOUND_REQUESTS: Record<string, string> = {
  'a length and chunks': `${post('Content-Length: 5', CHUNKED)}0\r\n\r\n`,
  'chunks and a length': `${post(CHUNKED, 'Content-Length: 5')}0\r\n\r\n`,
  'two lengths': `${post('Content-Length: 5', 'Content-Length: 6')}hello`,
  'the same length twice': `${post('Content-Length: 5', 'Content-Length: 5')}hello`,
  'a list of lengths': `${post('Content-Length: 5, 5')}hello`,
  'a length with a sign': `${post('Content-Length: +5')}hello`,
  'a negative length': `${post('Content-Length: -5')}hello`,
  'a length in hexadecimal digits': `${post('Content-Length: 0x5')}hello`,
  'a length with white space in it': `${post('Content-Length: 1 1')}hello`,
  'an empty length': `${post('Content-Length:')}hello`,
  'white space before the colon': `${post('Content-Length : 5')}hello`,
  'white space before the first field': `${post(' Content-Length: 5')}hello`,
  'a name with white space': `${post('Content Length: 5')}hello`,
  'a name that is no token': `${post('Content-Length\x00: 5')}hello`,
  'an empty name': `${post(': 5')}hello`,
  'a line without a colon': `${post('Content-Length')}hello`,
  'CR within a value': `${post('A: b\rContent-Length: 5')}hello`,
  'NUL within a value': `${post('A: b\x00c')}`,
  'lines that end in LF': 'POST / HTTP/1.1\nContent-Length: 5\n\nhello',
  'one line that ends in LF': 'GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n',
  'an end of LF': 'GET / HTTP/1.1\r\nA: b\r\n\n',
  'a coding that is not chunked': `${post('Transfer-Encoding: gzip')}hello`,
  'a coding like chunked': `${post('Transfer-Encoding: xchunked')}0\r\n\r\n`,
  'chunked not last': `${post('Transfer-Encoding: chunked, gzip')}0\r\n\r\n`,
  'chunked with a parameter': `${post('Transfer-Encoding: chunked;q=1')}0\r\n\r\n`,
  'chunked in quotes': `${post('Transfer-Encoding: "chunked"')}0\r\n\r\n`,
  'a size that is none': `${post(CHUNKED)}g\r\n`,
  'an empty size': `${post(CHUNKED)}\r\n`,
  'a size with a prefix': `${post(CHUNKED)}0x1\r\na\r\n0\r\n\r\n`,
  'a size with a sign': `${post(CHUNKED)}+1\r\na\r\n0\r\n\r\n`,
  'a size with white space behind': `${post(CHUNKED)}1 \r\na\r\n0\r\n\r\n`,
  'a size beyond all numbers': `${post(CHUNKED)}ffffffffffffffffff\r\na`,
  'a size line that ends in LF': `${post(CHUNKED)}1\na\r\n0\r\n\r\n`,
  'CR alone behind a size': `${post(CHUNKED)}1\ra\r\n0\r\n\r\n`,
  'data that ends in LF': `${post(CHUNKED)}1\r\na\n0\r\n\r\n`,
  'data longer than its size': `${post(CHUNKED)}1\r\nab\r\n0\r\n\r\n`,
  'data without an end': `${post(CHUNKED)}1\r\na0\r\n\r\n`,
  'no version': 'GET /\r\n\r\n',
  'a version that is none': 'GET / HTTP/1.x\r\n\r\n',
  'version 2': 'GET / HTTP/2.0\r\n\r\n',
  'another protocol': 'SSH-2.0-OpenSSH_9.2\r\n',
  TLS: '\x16\x03\x01\x00\x05hello',
  'white space in the target': 'GET /a b HTTP/1.1\r\n\r\n',
  'white space before the method': ' GET / HTTP/1.1\r\n\r\n',
  'garbage behind a body': `${post('Content-Length: 1')}abc\r\n\r\n`,
  'a method of nobody': 'FOO / HTTP/1.1\r\n\r\n',
  'cut in a head': 'GET / HTTP/1.1\r\nA',
  'cut in a body': `${post('Content-Length: 5')}hell`,
  'cut in chunks': `${post(CHUNKED)}5\r\nhell`,
};

/** Where Node accepts what the stream does not, or has no objection where the stream has, with the reason. */
const STRICTER: Record<string, string> = {
  'no version': 'HTTP/0.9 has no head, and nobody speaks it',
  'version 2': 'Nothing of HTTP/2 but its preface looks like this',
};

/** Where Node refuses what the stream reads without an objection. */
const MORE_LENIENT: Record<string, string> = {
  'a method of nobody': 'Any token is a method: servers have their own',
  'cut in a head': 'Of a head that does not end nothing is told',
};

describe('requests, by Node\u2019s parser', () => {
  it.each(Object.entries(SOUND_REQUESTS))('%s: the same heads and bodies', async (_name, text) => {
    const node = await parseRequests(latin1(text));
    expect(node.fault).toBeUndefined();
    expect(node.messages.length).toBeGreaterThan(0);
    const { oddities, ...read } = readRequests(text);
    expect(read).toEqual(node);
    expect(oddities).toEqual([]);
  });

  it.each(Object.entries(UNSOUND_REQUESTS))(
    '%s: never read as sound where Node refuses',
    async (name, text) => {
      const node = await parseRequests(latin1(text));
      const read = readRequests(text);
      const isObjected = read.fault !== undefined || read.oddities.length > 0;
      expect({ node: node.fault !== undefined, stream: isObjected }).toEqual({
        node: !(name in STRICTER),
        stream: !(name in MORE_LENIENT),
      });
      // What both have read before that is the same.
      const both = Math.min(node.messages.length, read.messages.length);
      expect(read.messages.slice(0, both)).toEqual(node.messages.slice(0, both));
    },
  );
});

const SOUND_RESPONSES: Record<string, [string, string?]> = {
  'without fields, until the close': ['HTTP/1.1 200 OK\r\n\r\nbody'],
  'a reason of nothing': ['HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx'],
  'no reason': ['HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx'],
  'a body of known length': [`${ok('Content-Length: 5')}hello`],
  chunks: [`${ok(CHUNKED)}5\r\nhello\r\n0\r\n\r\n`],
  'chunks with extensions and trailers': [`${ok(CHUNKED)}5;a\r\nhello\r\n0\r\nX: y\r\n\r\n`],
  'an answer to HEAD': [ok('Content-Length: 5'), 'HEAD'],
  'an answer to HEAD, in chunks': [ok(CHUNKED), 'HEAD'],
  '204': ['HTTP/1.1 204 No Content\r\n\r\n'],
  '304 with a length': ['HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'],
  'interim responses before it': [
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n${ok('Content-Length: 1')}x`,
  ],
  'a coding that is not chunked': [`${ok('Transfer-Encoding: gzip')}bytes`],
  'HTTP/1.0': ['HTTP/1.0 200 OK\r\n\r\nbody'],
};

const UNSOUND_RESPONSES: Record<string, string> = {
  'a length and chunks': `${ok('Content-Length: 5', CHUNKED)}0\r\n\r\n`,
  'two lengths': `${ok('Content-Length: 5', 'Content-Length: 6')}hello`,
  'a length that is none': `${ok('Content-Length: x')}hello`,
  'no status': 'HTTP/1.1 \r\n\r\n',
  'a status of two digits': 'HTTP/1.1 20 OK\r\n\r\n',
  'another protocol': 'SSH-2.0-OpenSSH_9.2\r\n',
  'white space before the colon': `${ok('Content-Length : 5')}hello`,
  'a size that is none': `${ok(CHUNKED)}x\r\n`,
  'cut in a body': `${ok('Content-Length: 5')}hell`,
  'cut in chunks': `${ok(CHUNKED)}5\r\nhell`,
};

describe('responses, by Node\u2019s parser', () => {
  it.each(Object.entries(SOUND_RESPONSES))(
    '%s: the same head and body',
    async (_name, [text, method = 'GET']) => {
      const node = await parseResponse(latin1(text), method);
      expect(node.fault).toBeUndefined();
      const { oddities, ...read } = readResponse(text, method);
      expect(read).toEqual(node);
      expect(oddities).toEqual([]);
    },
  );

  it.each(Object.entries(UNSOUND_RESPONSES))('%s: Node refuses it, too', async (_name, text) => {
    const node = await parseResponse(latin1(text), 'GET');
    const read = readResponse(text, 'GET');
    expect(node.fault).toBeDefined();
    expect(read.fault).toBeDefined();
  });
});
