import { describe, expect, it } from 'vitest';
import { LINKTYPE_ETHERNET } from '../../src/capture/link-types.ts';
import { frameOf, requestPacket, responsePacket } from '../fixtures/build-captures.ts';
import { linesOf, type TestFrame } from '../fuzz/frame-oracle.ts';

const SYN = 0x02;
const SYN_ACK = 0x12;
const ACK = 0x10;
const CLIENT_FIRST = 1000;
const SERVER_FIRST = 5000;

const FORGED = 'GET /forged HTTP/1.1\r\nHost: a.example\r\n\r\n';
const FORGED_ANSWER = 'HTTP/1.1 203 Forged\r\nContent-Length: 0\r\n\r\n';
const NEXT = 'GET /next HTTP/1.1\r\nHost: a.example\r\n\r\n';

interface Given {
  /** Left out of the capture. */
  isLost?: boolean;
  /** Bytes back from where it would stand. */
  back?: number;
}

/** The two ends of a connection in the order of what they send: numbers follow from that. */
function conversation(connection = 0) {
  const frames: TestFrame[] = [];
  const next = { client: CLIENT_FIRST, server: SERVER_FIRST };
  const add = (packet: Parameters<typeof frameOf>[0], isLost = false): void => {
    if (!isLost) {
      frames.push({ linkType: LINKTYPE_ETHERNET, bytes: frameOf(packet) });
    }
  };
  const self = {
    frames,
    syn() {
      add(requestPacket(connection, '', { sequence: next.client - 1, flags: SYN }));
      add(
        responsePacket(connection, '', {
          sequence: next.server - 1,
          acknowledgment: next.client,
          flags: SYN_ACK,
        }),
      );
      return self;
    },
    client(text: string, { isLost = false, back = 0 }: Given = {}) {
      const numbers = { sequence: next.client - back, acknowledgment: next.server, flags: ACK };
      add(requestPacket(connection, text, numbers), isLost);
      next.client += text.length - back;
      return self;
    },
    server(text: string, { isLost = false, back = 0 }: Given = {}) {
      const numbers = { sequence: next.server - back, acknowledgment: next.client, flags: ACK };
      add(responsePacket(connection, text, numbers), isLost);
      next.server += text.length - back;
      return self;
    },
  };
  return self;
}

const post = (fields: string) => `POST /up HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n`;
const ok = (fields: string) => `HTTP/1.1 200 OK\r\n${fields}\r\n`;
const hexOf = (text: string) => text.length.toString(16);

describe.each([
  ['text lines', false],
  ['--complete-heads', true],
])('a body forges no line: %s', (_name, isHeadCompleted) => {
  function shownOf({ frames }: { frames: TestFrame[] }): string[] {
    const lines = linesOf(frames, { isHeadCompleted }).split('\n').slice(0, -1);
    return lines.map((line) => {
      const [type, first, second] = line.split(' ').slice(4);
      return `${type} ${type === 'CQ' ? second : first.replace(/HTTP.*/, second)}`;
    });
  }

  it('of known length, and what follows it is read', () => {
    const talk = conversation()
      .syn()
      .client(post(`Content-Length: ${2 * FORGED.length}\r\n`))
      .client(FORGED)
      .client(FORGED)
      .server(ok('Content-Length: 0\r\n'))
      .client(NEXT);
    expect(shownOf(talk)).toEqual(['CQ /up', 'CR 200', 'CQ /next']);
  });

  it('of an answer, whose end stands in the segment of the next one', () => {
    const talk = conversation()
      .client(`GET /a HTTP/1.1\r\n\r\n`)
      .client(NEXT)
      .server(ok(`Content-Length: ${FORGED_ANSWER.length}\r\n`))
      .server(FORGED_ANSWER + ok('Content-Length: 0\r\n'));
    expect(shownOf(talk)).toEqual(['CQ /a', 'CQ /next', 'CR 200', 'CR 200']);
  });

  it('in chunks, the line before the data in a segment of its own or not', () => {
    const talk = conversation()
      .syn()
      .client(post('Transfer-Encoding: chunked\r\n'))
      .client(`${hexOf(FORGED)}\r\n`)
      .client(FORGED)
      .client(`\r\n${hexOf(FORGED + FORGED)};a=b\r\n`)
      .client(FORGED)
      .client(`${FORGED}\r\n0\r\n\r\n`)
      .server(`${ok('Transfer-Encoding: chunked\r\n')}${hexOf(FORGED_ANSWER)}\r\n`)
      .server(FORGED_ANSWER)
      .server('\r\n0\r\nX: a\r\n\r\n')
      .client(NEXT);
    expect(shownOf(talk)).toEqual(['CQ /up', 'CR 200', 'CQ /next']);
  });

  it('of which segments are lost', () => {
    const talk = conversation()
      .client(post(`Content-Length: ${3 * FORGED.length}\r\n`))
      .client(FORGED, { isLost: true })
      .client(FORGED)
      .client(FORGED)
      .client(NEXT);
    expect(shownOf(talk)).toEqual(['CQ /up', 'CQ /next']);
  });

  it('captured again on another device', () => {
    const talk = conversation()
      .syn()
      .client(post(`Content-Length: ${FORGED.length}\r\n`))
      .client(FORGED)
      .client(NEXT);
    const copied = { frames: talk.frames.flatMap((frame) => [frame, frame]) };
    expect(shownOf(copied)).toEqual(['CQ /up', 'CQ /next']);
  });

  it('nor makes one what a client has left out because of the answer', () => {
    const talk = conversation()
      .syn()
      .client(post('Content-Length: 1000\r\nExpect: 100-continue\r\n'))
      .server('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n')
      .client(NEXT);
    expect(shownOf(talk)).toEqual(['CQ /up', 'CR 401', 'CQ /next']);
  });

  it('behind 100 Continue', () => {
    const talk = conversation()
      .syn()
      .client(post(`Content-Length: ${FORGED.length}\r\nExpect: 100-continue\r\n`))
      .server('HTTP/1.1 100 Continue\r\n\r\n')
      .client(FORGED)
      .client(NEXT);
    expect(shownOf(talk)).toEqual(['CQ /up', 'CR 100', 'CQ /next']);
  });

  it('no answer to HEAD has one', () => {
    const talk = conversation()
      .syn()
      .client('HEAD /a HTTP/1.1\r\n\r\n')
      .client('HEAD /b HTTP/1.1\r\n\r\n')
      .server(ok('Content-Length: 1000\r\n'))
      .server(ok('Content-Length: 1000\r\n'))
      .client('GET /c HTTP/1.1\r\n\r\n')
      .server(ok('Content-Length: 1000\r\n'))
      .server(FORGED_ANSWER);
    expect(shownOf(talk)).toEqual(['CQ /a', 'CQ /b', 'CR 200', 'CR 200', 'CQ /c', 'CR 200']);
  });

  it('where the framing of chunks is lost, what comes is written', () => {
    const talk = conversation()
      .syn()
      .client(post('Transfer-Encoding: chunked\r\n'))
      .client('5\r\nhello\r\n0\r\n\r\n', { isLost: true })
      .client(NEXT);
    expect(shownOf(talk)).toEqual(['CQ /up', 'CQ /next']);
  });

  it('a head that stands within what was seen before is not believed', () => {
    const talk = conversation()
      .syn()
      .client(`${post('Content-Length: 60\r\n')}${'x'.repeat(60)}`)
      // A decoy over the body's bytes, which the server has long received.
      .client(post('Content-Length: 9999\r\n'), { back: 60 })
      .client(NEXT, { back: post('Content-Length: 9999\r\n').length - 60 });
    expect(shownOf(talk)).toContain('CQ /next');
  });

  it('a new connection of the same ports begins without one', () => {
    const talk = conversation().syn().client(post('Content-Length: 9999\r\n'));
    const anew = conversation().syn().client(NEXT);
    expect(shownOf({ frames: [...talk.frames, ...anew.frames] })).toEqual(['CQ /up', 'CQ /next']);
  });
});
