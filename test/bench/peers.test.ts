import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countMessages } from '../../bench/measure/count-messages.ts';
import { countOffline } from '../../bench/measure/offline.ts';
import { CANDIDATES } from '../../bench/peers/candidates.ts';
import { describeFrame } from '../../bench/peers/plain-decoder.ts';
import { captureRequests, frameOf, requestPacket } from '../fixtures/build-captures.ts';
import { missingTool, titleWithReason } from '../live/requirements.ts';

const REQUEST = 'GET /a HTTP/1.1\r\nHost: a.example\r\nUser-Agent: test\r\n\r\n';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'httplog-peers-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

function candidateOf(name: string) {
  const candidate = CANDIDATES.find((one) => one.name === name);
  if (candidate === undefined) {
    throw new Error(`There is no candidate ${name}`);
  }
  return candidate;
}

/** What each says at its end, word for word. */
describe('kernel drops are found in', () => {
  test.each([
    ['httplog', 'Packets: 20 received, 7 dropped by the kernel, 0 truncated, 0 undecodable', '7'],
    ['httpry', '20 packets received, 7 packets dropped, 5 http packets parsed', '7'],
    ['gopacket', 'capturing\n20 packets received, 7 dropped', '7'],
    ['tshark', "Capturing on 'server0'\n13 packets captured\n7 packets dropped from server0", '7'],
    [
      'tcpdump',
      '13 packets captured\n20 packets received by filter\n7 packets dropped by kernel',
      '7',
    ],
  ])('the end of %s', (name, stderr, drops) => {
    expect(candidateOf(name).listens?.drops?.exec(stderr)?.[1]).toBe(drops);
  });
});

describe('messages are counted in', () => {
  const capture = () => join(folder, 'capture');

  beforeAll(() => {
    writeFileSync(capture(), captureRequests([REQUEST, REQUEST, 'no message\r\n']));
  });

  for (const name of ['httplog', 'httpry', 'tshark', 'ngrep', 'tcpflow', 'pcap-parser']) {
    const candidate = candidateOf(name);
    const reason = missingTool(...Object.keys(candidate.needs));
    test.skipIf(reason)(titleWithReason(`the lines of ${name}`, reason), () => {
      candidate.prepare?.();
      const workload = {
        ...{ name: 'test', path: capture(), packets: 3, bytes: 0 },
        filter: 'tcp port 80',
      };
      expect(countOffline(candidate, workload, join(folder, 'output'))).toBe(2);
    });
  }

  test('a file that matches nowhere: none', () => {
    expect(countMessages(capture(), '^never$')).toBe(0);
  });
});

test('describeFrame: the plain decoder of the JavaScript peers writes the line that it should', () => {
  const frame = Buffer.from(frameOf(requestPacket(0, REQUEST)));
  expect(describeFrame(frame, 0)).toBe(
    '1970-01-01 00:00:00.000 192.0.2.2#40000 198.51.100.1#80 GET /a HTTP/1.1 a.example test\n',
  );
  expect(describeFrame(Buffer.from(frameOf(requestPacket(0, 'GETTING'))), 0)).toBeUndefined();
});
