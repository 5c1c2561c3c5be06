import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { createFlowKey, setFlowKey } from '../../src/exchange/flow-key.ts';
import { folder, writeTemporary } from '../cli/run-replay.ts';
import { createRandom } from '../decode/seeded-random.ts';
import { Conversation, EPOCH_SEC } from '../exchange/conversation.ts';
import { pcap, request } from '../fixtures/build-captures.ts';
import { addressBytes } from '../fixtures/build-packets.ts';
import { runHttplog } from '../live/httplog-process.ts';
import { segmentBetween } from './known-flow.ts';

/** What an attacker has: the log, this program's source, the network that the clients are in, and patience. */

vi.setConfig({ testTimeout: 120_000 });

const SERVER = { address: '198.51.100.1', port: 80 };
const NETWORK = '10.0.0.0';
/** Addresses of 10/8 that are tried for each id: a part of it, in which the right one is. */
const TRIED = 2 ** 16;
const NANOSECONDS_PER_SECOND = 1e9;

const random = createRandom(12);
const CLIENTS = Array.from({ length: 8 }, (_, index) => ({
  address: `10.${random(256)}.${random(256)}.${1 + random(254)}`,
  port: 40_000 + index,
  sequence: random(2 ** 32),
}));

/** A request and its response from each client. */
const CAPTURE = writeTemporary('clients.pcap', captureOf(CLIENTS));
writeFileSync(join(folder, 'clients.key'), '0123456789abcdef0123456789abcdef\n');
writeFileSync(join(folder, 'other.key'), 'fedcba9876543210fedcba9876543210\n');

function captureOf(clients: readonly { address: string; port: number; sequence: number }[]) {
  const frames = clients.flatMap(
    (client, index) =>
      new Conversation({ client, server: SERVER, clientSequence: client.sequence, startMs: index })
        .handshake()
        .fromClient(request('GET /a HTTP/1.1', 'Host: h'))
        .fromServer(request('HTTP/1.1 200 OK', 'Content-Length: 0'))
        .finFromServer().frames,
  );
  return pcap(
    frames.map(({ bytes, timeNs }) => ({
      bytes,
      time: {
        sec: EPOCH_SEC + Math.floor(timeNs / NANOSECONDS_PER_SECOND),
        subsecNs: timeNs % NANOSECONDS_PER_SECOND,
      },
    })),
    { nanoseconds: true },
  );
}

interface Record {
  id: string;
  time: string;
  client_ip: string;
  client_port: number;
}

async function recordsOf(...args: string[]): Promise<Record[]> {
  return (await linesOf('--format', 'json', ...args)).map((line) => JSON.parse(line));
}

async function linesOf(...args: string[]): Promise<string[]> {
  const files = args.filter((arg) => arg.endsWith('.pcap'));
  const rest = args.filter((arg) => !arg.endsWith('.pcap'));
  const captures = files.length === 0 ? [CAPTURE] : files;
  const { code, stdout, stderr } = await runHttplog(
    ['replay', ...captures, '--timezone', 'UTC', '-o', '-', ...rest],
    { cwd: folder },
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.split('\n').slice(0, -1);
}

/** Addresses that, by the known algorithm and this seed, would have given the id. */
function invert({ id, time, client_port }: Record, firstTried: number, seed: number): string[] {
  const hex = id.replaceAll('-', '');
  const upper = Number.parseInt(hex.slice(16, 24), 16) & 0x3fffffff;
  const second = Number.parseInt(hex.slice(24), 16) | 0;
  const fractionNs = Number(time.replace(/^.*\.\d{3}(\d*)Z$/, '$1').padEnd(6, '0'));
  const key = createFlowKey();
  const { bytes, segment } = segmentBetween({ address: NETWORK, port: client_port }, SERVER);
  const words = new DataView(bytes.buffer, bytes.byteOffset);
  const found: string[] = [];
  for (let tried = firstTried; tried < firstTried + TRIED; tried++) {
    words.setUint32(segment.sourceAddressOffset, 0x0a000000 | tried);
    setFlowKey(key, bytes, segment, seed);
    for (let guess = 0; guess < 8; guess++) {
      const first = (upper | ((guess >> 1) << 30)) - ((guess & 1) << 24);
      const sequence = unmix(unmix(first) ^ key.hash) ^ fractionNs;
      if (asWritten(mix(first ^ sequence ^ Math.imul(key.hash, 0x85ebca6b))) === second) {
        found.push(`10.${tried >> 16}.${(tried >> 8) & 255}.${tried & 255}`);
      }
    }
  }
  return found;
}

/** Words below zero are written with the upper byte of the next one. */
function asWritten(word: number): number {
  return (word < 0 && (word & 0xffffff) !== 0 ? word + 0x1000000 : word) | 0;
}

function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function unmix(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, inverseOf(0xc2b2ae35));
  mixed ^= (mixed >>> 13) ^ (mixed >>> 26);
  mixed = Math.imul(mixed, inverseOf(0x85ebca6b));
  return mixed ^ (mixed >>> 16);
}

/** Modulo 2^32, by Newton's iteration. */
function inverseOf(odd: number): number {
  let inverse = odd;
  for (let step = 0; step < 5; step++) {
    inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));
  }
  return inverse;
}

/** Clients whose address is among those that their id gives back. */
function countFound(records: readonly Record[], seed = 0): number {
  return CLIENTS.filter(({ address, port }) => {
    const record = records.find(({ client_port }) => client_port === port);
    if (record === undefined) {
      throw new Error(`No record from port ${port}`);
    }
    const value = Buffer.from(addressBytes(address)).readUInt32BE(0) & 0xffffff;
    return invert(record, value - (value % TRIED), seed).includes(address);
  }).length;
}

describe('the id of an exchange', () => {
  test('gives the client address back while addresses are shown, so that the attack is one', async () => {
    expect(countFound(await recordsOf())).toBe(CLIENTS.length);
  });

  test.each(['truncate', 'hash:clients.key'])('gives nothing back with %s', async (how) => {
    for (const unit of ['exchanges', 'messages']) {
      const records = await recordsOf('--records', unit, '--anonymize-ip', how);
      expect(countFound(records)).toBe(0);
      expect(new Set(records.map(({ id }) => id)).size).toBe(
        CLIENTS.length * (unit === 'messages' ? 2 : 1),
      );
    }
  });

  test('is a UUIDv7 of the same time', async () => {
    const [shown] = await recordsOf();
    const [hidden] = await recordsOf('--anonymize-ip', 'truncate');
    expect(hidden.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
    expect(hidden.id.slice(0, 18)).toBe(shown.id.slice(0, 18));
    expect(hidden.id).not.toBe(shown.id);
  });

  test('is that of the key file, whoever reads it when, and of one run without a file', async () => {
    const ids = async (how: string) => (await recordsOf('--anonymize-ip', how)).map(({ id }) => id);
    expect(await ids('hash:clients.key')).toEqual(await ids('hash:clients.key'));
    expect(await ids('hash:other.key')).not.toEqual(await ids('hash:clients.key'));
    expect(await ids('truncate')).not.toEqual(await ids('truncate'));
  });

  test.each(['truncate', 'hash:clients.key'])(
    'is one in all workers and outputs of a run with %s',
    async (how) => {
      const copy = writeTemporary('copy.pcap', captureOf(CLIENTS));
      const options = ['--anonymize-ip', how, '-cpu', '2'];
      const records = await recordsOf(CAPTURE, copy, ...options);
      expect(records).toHaveLength(2 * CLIENTS.length);
      expect(records.slice(CLIENTS.length)).toEqual(records.slice(0, CLIENTS.length));
    },
  );
});

test('--sample chooses flows by a hash that nobody without the key can work out', async () => {
  const one = 16;
  const flows = Array.from({ length: 512 }, (_, index) => ({
    address: `10.7.${index >> 8}.${index & 255}`,
    port: 40_000 + index,
    sequence: index,
  }));
  const many = writeTemporary('many.pcap', captureOf(flows));
  const key = createFlowKey();
  const isForeseen = ({ client_port }: Record) => {
    const { bytes, segment } = segmentBetween(flows[client_port - 40_000], SERVER);
    setFlowKey(key, bytes, segment, 0);
    return (key.hash >>> 0) % one === 0;
  };
  const shown = await recordsOf(many, '--sample', `${one}`);
  expect(shown.length).toBeGreaterThan(10);
  expect(shown.filter(isForeseen)).toHaveLength(shown.length);
  for (const how of ['truncate', 'hash:clients.key']) {
    const hidden = await recordsOf(many, '--sample', `${one}`, '--anonymize-ip', how);
    expect(hidden.length).toBeGreaterThan(10);
    expect(hidden.filter(isForeseen).length).toBeLessThan(hidden.length / 2);
  }
});
