import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeCopies } from '../../bench/check/built-capture.ts';
import { findHostBytes, spreadFlows, tagFrame } from '../../bench/workloads/change-frames.ts';
import { readFrames, rewriteCapture } from '../../bench/workloads/pcap-file.ts';
import {
  captureRequests,
  frameOf,
  packetBetween,
  requestPacket,
  responsePacket,
} from '../fixtures/build-captures.ts';
import { bytesOf } from '../fixtures/build-packets.ts';
import { runHttplog } from '../live/httplog-process.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

let folder: string;
let capture: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'httplog-frames-'));
  capture = join(folder, 'capture');
  writeFileSync(capture, captureRequests([REQUEST, REQUEST]));
});

afterEach(() => rmSync(folder, { recursive: true }));

async function replay(path: string): Promise<string[]> {
  const { stdout } = await runHttplog(['replay', path, '-o', '-']);
  return stdout.trim().split('\n');
}

test('rewriteCapture: frames that have become longer are read again as they are', async () => {
  const tagged = join(folder, 'tagged');
  rewriteCapture(capture, tagged, (frame) => tagFrame(frame, 42));
  const before = readFrames(capture);
  const after = readFrames(tagged);
  expect([...after.lengths]).toEqual([...before.lengths].map((length) => length + 4));
  const { stdout } = await runHttplog(['replay', tagged, '-add_vlan', '-o', '-']);
  expect(stdout.match(/ vlan=42$/gm)).toHaveLength(2);
});

test('readFrames: what is no capture of this machine is refused', () => {
  writeFileSync(capture, 'no capture, but longer than its header');
  expect(() => readFrames(capture)).toThrow(/is no capture that tcpdump has written here/);
});

test('findHostBytes: the same byte changed on both sides keeps a flow together', () => {
  const ipv4 = Buffer.from(frameOf(requestPacket(0, REQUEST)));
  expect(findHostBytes(ipv4, 0)).toEqual([27, 31]);
  expect(findHostBytes(tagFrame(ipv4, 1), 0)).toEqual([31, 35]);
  const source = { address: '2001:db8::1', port: 1 };
  const ipv6 = Buffer.from(frameOf(packetBetween(source, source, bytesOf(REQUEST))));
  expect(findHostBytes(ipv6, 0)).toEqual([25, 41]);
  expect(findHostBytes(Buffer.alloc(60), 0)).toBeUndefined();
});

test('spreadFlows: a response goes where its request went, the next request goes on', () => {
  const spread = spreadFlows(3);
  const hostsOf = (packet: Uint8Array) => {
    const frame = spread(Buffer.from(frameOf(packet)));
    return [frame.readUInt16BE(27), frame.readUInt16BE(31)];
  };
  const request = requestPacket(0, REQUEST);
  const response = responsePacket(0, 'HTTP/1.1 200 OK\r\n\r\n');
  expect(hostsOf(request)).toEqual([1, 1]);
  expect(hostsOf(response)).toEqual([1, 1]);
  expect(hostsOf(request)).toEqual([2, 2]);
  expect(hostsOf(request)).toEqual([0, 0]);
  // Another connection counts for itself.
  expect(hostsOf(requestPacket(1, REQUEST))).toEqual([1, 1]);
});

test('writeCopies: every copy is another pair of hosts, so that no line is taken for a repetition', async () => {
  const copies = join(folder, 'copies');
  writeCopies(copies, captureRequests([REQUEST, REQUEST]), 300);
  const lines = await replay(copies);
  expect(lines).toHaveLength(600);
  expect(new Set(lines.map((line) => line.split(' ', 4).join(' '))).size).toBe(600);
});
