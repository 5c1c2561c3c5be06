import { describe, expect, it } from 'vitest';
import {
  classifyOther,
  OTHER_HTTP2,
  OTHER_NONE,
  OTHER_PROTOCOL_NAMES,
  OTHER_TLS,
} from '../../src/http/other-protocol.ts';

/** With bytes before and behind that must not count. */
function classify(payload: Uint8Array): number {
  const bytes = Uint8Array.of(0x16, 3, 1, ...payload, 0x0d, 0x0a, 0x0d, 0x0a);
  return classifyOther(bytes, 3, 3 + payload.length);
}

const RECORD = Uint8Array.of(0x16, 3, 1, 0, 1, 1);
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

function changed(at: number, byte: number): Uint8Array {
  const bytes = RECORD.slice();
  bytes[at] = byte;
  return bytes;
}

describe('classifyOther', () => {
  it.each([0x14, 0x15, 0x16, 0x17])('knows a TLS record of content type %i', (type) => {
    expect(classify(changed(0, type))).toBe(OTHER_TLS);
  });

  it.each([
    [0, 0x13],
    [0, 0x18],
    [1, 2],
    [1, 4],
    [2, 5],
    [4, 0],
    [3, 0x49],
  ])('takes no record whose byte %i is %i for one', (at, byte) => {
    expect(classify(changed(at, byte))).toBe(OTHER_NONE);
  });

  it('knows records up to the largest of TLS 1.2', () => {
    expect(classify(Uint8Array.of(0x17, 3, 3, 0x48, 0x00, 1))).toBe(OTHER_TLS);
    expect(classify(Uint8Array.of(0x17, 3, 3, 0x48, 0x01, 1))).toBe(OTHER_NONE);
  });

  it('knows the preface of HTTP/2', () => {
    expect(classify(PREFACE)).toBe(OTHER_HTTP2);
    expect(classify(PREFACE.subarray(0, 16))).toBe(OTHER_HTTP2);
    expect(classify(Buffer.from('PRI * HTTP/1.1\r\n\r\n'))).toBe(OTHER_NONE);
    expect(classify(Buffer.from('POST / HTTP/1.1\r\n'))).toBe(OTHER_NONE);
  });

  it('looks at nothing behind the end, wherever that is', () => {
    for (let length = 1; length < 6; length++) {
      expect(classify(RECORD.subarray(0, length))).toBe(OTHER_NONE);
    }
    for (let length = 1; length < 16; length++) {
      expect(classify(PREFACE.subarray(0, length))).toBe(OTHER_NONE);
    }
  });

  it('has a name for each protocol', () => {
    expect(OTHER_PROTOCOL_NAMES).toHaveLength(2);
    expect(OTHER_PROTOCOL_NAMES[OTHER_TLS - 1]).toBe('tls');
    expect(OTHER_PROTOCOL_NAMES[OTHER_HTTP2 - 1]).toBe('http2');
  });
});
