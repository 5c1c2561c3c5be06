import { describe, expect, it } from 'vitest';
import { createFrame, type Frame } from '../../src/capture/frame.ts';
import { createSegment, type Segment } from '../../src/decode/segment.ts';
import {
  TEXT_COLUMNS_DEFAULT,
  textLineBytesMax,
  writeTextLine,
} from '../../src/format/text-line.ts';
import { createTimestampText, setSecond } from '../../src/format/timestamp.ts';
import { classifySegment } from '../../src/http/classify.ts';
import { createMethodTable, METHODS_DEFAULT, TEXT_FIELD_TABLES } from '../../src/http/grammar.ts';
import { createHttpMessage, type HttpMessage, MESSAGE_REQUEST } from '../../src/http/message.ts';
import { scanHead } from '../../src/http/scan-head.ts';
import { BATCH_BYTES, HEAD_BYTES_MAX, VLAN_TAGS_MAX } from '../../src/limits.ts';
import {
  type MessageType,
  TYPE_CQ,
  TYPE_CR,
  TYPE_SQ,
  TYPE_SR,
} from '../../src/record/message-type.ts';
import { addressBytes, bytesOf, type Endpoint, joinBytes } from '../fixtures/build-packets.ts';

const methods = createMethodTable(METHODS_DEFAULT);
const CLIENT = { address: '223.39.188.71', port: 50905 };
const SERVER = { address: '10.140.0.2', port: 80 };

interface LineOptions {
  source?: Endpoint;
  target?: Endpoint;
  type?: MessageType;
  epochSec?: number;
  subsecNs?: number;
  vlanIds?: number[];
  hasVlan?: boolean;
}

/** A whole message, as far as the pipeline has come before it writes the line. */
interface ReadMessage {
  frame: Frame;
  segment: Segment;
  message: HttpMessage;
}

function read(
  payload: Uint8Array,
  options: LineOptions,
  message = createHttpMessage(),
): ReadMessage {
  const { source = CLIENT, target = SERVER, vlanIds = [], subsecNs = 2_000_000 } = options;
  const addresses = [addressBytes(source.address), addressBytes(target.address)];
  const addressLength = addresses[0].length;
  const bytes = joinBytes(...addresses, payload);
  const payloadOffset = 2 * addressLength;
  const segment: Segment = {
    ...createSegment(),
    addressLength,
    sourceAddressOffset: 0,
    targetAddressOffset: addressLength,
    sourcePort: source.port,
    targetPort: target.port,
    payloadOffset,
    payloadEnd: bytes.length,
    vlanTagsCount: vlanIds.length,
  };
  segment.vlanIds.set(vlanIds);
  const kind = classifySegment(bytes, payloadOffset, bytes.length, methods, message);
  const fields = kind === MESSAGE_REQUEST ? TEXT_FIELD_TABLES.request : TEXT_FIELD_TABLES.response;
  scanHead(bytes, bytes.length, fields, message);
  const frame = { ...createFrame(), bytes, end: bytes.length, timestampSubsecNs: subsecNs };
  return { frame, segment, message };
}

function write({ frame, segment, message }: ReadMessage, options: LineOptions = {}): Uint8Array {
  const { epochSec = 1567347411, hasVlan = false } = options;
  const type = options.type ?? (message.kind === MESSAGE_REQUEST ? TYPE_CQ : TYPE_CR);
  const timestamp = createTimestampText(() => 0);
  setSecond(timestamp, epochSec);
  const target = new Uint8Array(textLineBytesMax(message) + 32);
  const end = writeTextLine(
    target,
    16,
    frame.timestampSubsecNs,
    frame.bytes,
    segment,
    message,
    type,
    timestamp,
    { ...TEXT_COLUMNS_DEFAULT, hasVlan },
  );
  expect(end - 16).toBeLessThanOrEqual(textLineBytesMax(message));
  return target.subarray(16, end);
}

function lineOf(text: string, options: LineOptions = {}): string {
  return Buffer.from(write(read(bytesOf(text), options), options)).toString('utf8');
}

const request = (...headers: string[]) => ['GET / HTTP/1.1', ...headers, '', ''].join('\r\n');
const response = (...headers: string[]) => ['HTTP/1.1 302 Found', ...headers, '', ''].join('\r\n');

describe('writeTextLine', () => {
  it('writes the lines of the contract', () => {
    expect(lineOf(request('Host: cloud.example.com', 'User-Agent: Mozilla/5.0 (X11)'))).toBe(
      '2019-09-01 14:16:51.002 223.39.188.71#50905 10.140.0.2#80 CQ GET / HTTP/1.1 cloud.example.com Mozilla/5.0 (X11)\n',
    );
    const answer = response('Content-Length: 0', 'Content-Type: text/html; charset=UTF-8');
    expect(lineOf(answer, { source: SERVER, target: CLIENT, subsecNs: 3_999_999 })).toBe(
      '2019-09-01 14:16:51.003 10.140.0.2#80 223.39.188.71#50905 CR HTTP/1.1 302 Found 0 text/html; charset=UTF-8\n',
    );
  });

  it('writes IPv6 addresses as RFC 5952 has them', () => {
    const source = { address: '2001:db8:0:0:1:0:0:1', port: 1 };
    const target = { address: '::1', port: 65535 };
    expect(lineOf(request(), { source, target })).toBe(
      '2019-09-01 14:16:51.002 2001:db8::1:0:0:1#1 ::1#65535 CQ GET / HTTP/1.1 - -\n',
    );
  });

  it.each([
    [TYPE_CQ, 'CQ'],
    [TYPE_CR, 'CR'],
    [TYPE_SQ, 'SQ'],
    [TYPE_SR, 'SR'],
  ] as const)('type %i is %s', (type, name) => {
    expect(lineOf(request(), { type }).split(' ')[4]).toBe(name);
  });

  it('a field that is absent, empty or cut off is -', () => {
    const fieldsOf = (text: string) => lineOf(text).slice(0, -1).split(' HTTP/1.1 ')[1];
    expect(fieldsOf(request())).toBe('- -');
    expect(fieldsOf(request('Host: a'))).toBe('a -');
    expect(fieldsOf(request('User-Agent: b'))).toBe('- b');
    expect(fieldsOf(request('Host:', 'User-Agent: \t '))).toBe('- -');
    expect(fieldsOf('GET / HTTP/1.1\r\nHost: a\r\nUser-Agent:')).toBe('a -');
    expect(fieldsOf('GET / HTTP/1.1\r\nHost: a\r\nUser-Ag')).toBe('a -');
    expect(lineOf(response())).toMatch(/ 302 Found - -\n$/);
    expect(lineOf(response('Content-Type: b'))).toMatch(/ 302 Found - b\n$/);
  });

  it('a field of the message before is not a field of this one', () => {
    const message = createHttpMessage();
    read(bytesOf(request('Host: before', 'User-Agent: before')), {}, message);
    read(bytesOf(response('Content-Length: 9', 'Content-Type: before')), {}, message);
    const line = write(read(bytesOf(request()), {}, message));
    expect(Buffer.from(line).toString('latin1')).toMatch(/ GET \/ HTTP\/1\.1 - -\n$/);
  });

  it('a space is written in hex in the columns that it would split, and only there', () => {
    expect(lineOf(request('Host: a b', 'User-Agent: c d'))).toMatch(/ a\\x20b c d\n$/);
    expect(lineOf(response('Content-Length: 1 2', 'Content-Type: e; f'))).toMatch(
      / 1\\x202 e; f\n$/,
    );
  });

  it('no byte of a message can end the line or begin another', () => {
    const every = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte)).toString(
      'latin1',
    );
    const value = every.replaceAll('\n', '');
    const line = lineOf(
      `GET /${value} HTTP/1.1\r\nHost: h${value}h\r\nUser-Agent: u${value}u\r\n\r\n`,
    );
    expect(line.split('\n')).toHaveLength(2);
    expect(line.split('\r')).toHaveLength(1);
    expect(line.slice(0, -1)).toMatch(/^[ -~]*$/);
  });
});

describe('writeTextLine: VLAN ids', () => {
  const suffixOf = (vlanIds: number[], hasVlan: boolean) =>
    lineOf(request(), { vlanIds, hasVlan }).split(' - -')[1];

  it('are written behind the line when they are asked for and there are any', () => {
    expect(suffixOf([10], true)).toBe(' vlan=10\n');
    expect(suffixOf([200, 10], true)).toBe(' vlan=200.10\n');
    expect(suffixOf([0], true)).toBe(' vlan=0\n');
    expect(suffixOf([4095, 4095, 4095, 4095], true)).toBe(' vlan=4095.4095.4095.4095\n');
  });

  it('are not written when they are not asked for, or when there is no tag', () => {
    expect(suffixOf([10], false)).toBe('\n');
    expect(suffixOf([], true)).toBe('\n');
  });
});

describe('textLineBytesMax', () => {
  const longest: LineOptions = {
    source: { address: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', port: 65535 },
    target: { address: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe', port: 65535 },
    epochSec: 2 ** 64,
    subsecNs: 999_999_999,
    vlanIds: new Array(VLAN_TAGS_MAX).fill(4095),
    hasVlan: true,
  };

  /** A head of HEAD_BYTES_MAX bytes of which all but its frame is `byte`. */
  function fullHead(before: string, byte: number, after: string): Uint8Array {
    const filling = new Uint8Array(HEAD_BYTES_MAX - before.length - after.length).fill(byte);
    return joinBytes(bytesOf(before), filling, bytesOf(after));
  }

  it.each([
    ['start line of a request', 'GET /', ' HTTP/1.1\r\n\r\n'],
    ['start line that is cut', 'GET /', ''],
    ['Host', 'GET / HTTP/1.1\r\nHost:', '\r\n\r\n'],
    ['User-Agent', 'GET / HTTP/1.1\r\nHost: a\r\nUser-Agent:', ''],
    ['status line', 'HTTP/1.1 200 ', '\r\n\r\n'],
    ['Content-Length', 'HTTP/1.1 200\r\nContent-Length:', '\r\n\r\n'],
    ['Content-Type', 'HTTP/1.1 200\r\nContent-Length: 1\r\nContent-Type:', '\r\n\r\n'],
  ])(
    'holds the longest head whose %s is of escaped bytes, and a batch holds it',
    (_name, ...parts) => {
      const [before, after] = parts;
      for (const byte of [0x01, 0xff, 0x5c]) {
        const readMessage = read(fullHead(before, byte, after), longest);
        const line = write(readMessage, longest);
        expect(line.length).toBeGreaterThan(HEAD_BYTES_MAX * (byte === 0x5c ? 1.9 : 3.9));
        expect(textLineBytesMax(readMessage.message)).toBeLessThanOrEqual(BATCH_BYTES);
      }
    },
  );

  it('holds everything around an empty message', () => {
    expect(write(read(bytesOf('GET '), longest), longest).length).toBeGreaterThan(100);
  });
});
