import { describe, expect, it } from 'vitest';
import { describeLoss, describeReplay, isNoteworthy } from '../../src/admin/summary.ts';
import { createCounters } from '../../src/counters/counters.ts';
import { UNREAD_KINDS_MAX } from '../../src/counters/limits.ts';
import { countUnreadFrames } from '../../src/counters/unread-frames.ts';
import { UNREAD_ETHERTYPE, UNREAD_IP_PROTOCOL } from '../../src/decode/unread-kinds.ts';
import { frameOf, requestPacket } from '../fixtures/build-captures.ts';
import { ETHERTYPE_IPV4, ethernet, ipv4 } from '../fixtures/build-packets.ts';
import { run, type SourceFrame } from '../worker/pipeline-parts.ts';

/** What the summary says of traffic that was not read: from the frames to its line. */

const writer = {
  linesWritten: 0,
  bytesWritten: 0,
  linesDropped: 0,
  writeErrors: 0,
  filesOpened: 0,
};
const REST = new Uint8Array(60);
const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n';
const TLS_HELLO = '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03';
const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

const ofEtherType = (etherType: number): SourceFrame => ({ bytes: ethernet(etherType, REST) });
const ofProtocol = (protocol: number): SourceFrame => ({
  bytes: ethernet(
    ETHERTYPE_IPV4,
    ipv4({ source: '192.0.2.2', target: '198.51.100.1', protocol }, REST),
  ),
});
const ofText = (text: string, index = 0): SourceFrame => ({
  bytes: frameOf(requestPacket(index, text)),
});
const times = (count: number, frame: SourceFrame): SourceFrame[] =>
  new Array<SourceFrame>(count).fill(frame);

async function notRead(...frames: SourceFrame[]): Promise<string[]> {
  const { counters } = await run([...frames, ofText(GET, 9)]);
  const tally = { counters, writer, redactionNames: [] };
  const lines = describeReplay(tally).filter((line) => line.startsWith('Not read'));
  expect(isNoteworthy(tally)).toBe(lines.length > 0);
  expect(describeLoss(tally)).toBeUndefined();
  return lines;
}

describe('the line of what was not read', () => {
  it('names each EtherType, IP protocol and link type with its frames', async () => {
    const frames = [
      ...times(1204, ofEtherType(0x88e5)),
      ofProtocol(132),
      { bytes: REST, linkType: 105 },
      ofProtocol(132),
    ];
    expect(await notRead(...frames)).toEqual([
      'Not read: 1,204 frames of ethertype 0x88e5, 2 frames of IP protocol 132, 1 frames of link type 105',
    ]);
  });

  it('names HTTP/2 and TLS on the ports that are read', async () => {
    const frames = [ofText(TLS_HELLO), ofText(TLS_HELLO, 1), ofText(HTTP2_PREFACE, 2)];
    expect(await notRead(...frames)).toEqual([
      'Not read: 2 segments of TLS on the ports read, 1 connections of HTTP/2 on the ports read',
    ]);
  });

  it('is not there where all was read, or is what every network has', async () => {
    expect(await notRead()).toEqual([]);
    expect(await notRead(ofEtherType(0x0806), ofEtherType(0x88cc), ofProtocol(1))).toEqual([]);
  });

  it('says of more kinds than it has room for how many frames they are', () => {
    const counters = createCounters();
    for (let kind = 0; kind < UNREAD_KINDS_MAX + 3; kind++) {
      countUnreadFrames(counters, UNREAD_ETHERTYPE | (0xa000 + kind), 1);
    }
    countUnreadFrames(counters, UNREAD_IP_PROTOCOL | 132, 2000);
    const lines = describeReplay({ counters, writer, redactionNames: [] });
    const line = lines.find((one) => one.startsWith('Not read')) ?? '';
    expect(line.split(', ')).toHaveLength(UNREAD_KINDS_MAX + 1);
    expect(line).toMatch(/, 2,003 frames of other kinds$/);
  });
});
