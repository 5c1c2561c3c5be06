import { expect, test } from 'vitest';
import { capturePackets, requestPacket } from '../fixtures/build-captures.ts';
import { replay, writeTemporary } from './run-replay.ts';

/** The capture ends within a secret, before the sign that says what it is. */

const HEADS = [
  'GET http://ann:Zq7Vx9Rt',
  'CONNECT ann:Zq7Vx9Rt',
  'GET /go?to=https://ann:Zq7Vx9Rt',
  'GET / HTTP/1.1\r\nHost: ann:Zq7Vx9Rt',
  'GET / HTTP/1.1\r\nHost: h\r\nReferer: http://ann:Zq7Vx9Rt',
];

test.each(['text', 'json', 'common', 'combined'])(
  'a password of which the capture has the beginning alone is hidden in %s',
  async (format) => {
    const packets = HEADS.map((head, index) => requestPacket(index, head));
    const file = writeTemporary('cut.pcap', capturePackets(packets));
    const { code, stdout, stderr } = await replay([file], '-p', 'any', '--format', format);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('REDACTED');
    expect(stdout).not.toContain('Zq7');
  },
);
