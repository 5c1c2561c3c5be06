import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { sendDatagram, UNIX_ADDRESS_BYTES_MAX } from '../../src/system/datagram.ts';
import { openNotifySocket } from '../daemon/notify-socket.ts';

const directory = mkdtempSync(join(tmpdir(), 'httplog-datagram-'));
const longName = '/'.padEnd(UNIX_ADDRESS_BYTES_MAX - directory.length, 'x');
/** More than any kernel lets wait for a receiver. */
const DATAGRAMS_WAITING_MAX = 100_000;

afterAll(() => rmSync(directory, { recursive: true }));

const countDescriptors = () => readdirSync('/proc/self/fd').length;

function open(address: string) {
  const receiver = openNotifySocket(address);
  onTestFinished(() => receiver.close());
  return receiver;
}

test.each([
  ['a path', join(directory, 'socket')],
  ['a path with spaces and more than ASCII', join(directory, 'a b 한')],
  ['the longest path', directory + longName],
])('a datagram reaches %s', (_, path) => {
  const receiver = open(path);
  expect(existsSync(path)).toBe(true);
  expect(sendDatagram(path, 'A=1\nB=2')).toBe(0);
  expect(sendDatagram(path, '한')).toBe(0);
  expect(receiver.datagrams()).toEqual(['A=1\nB=2', '한']);
});

test.each([
  ['an abstract name', `@httplog-${process.pid}`],
  ['the longest abstract name', `@httplog-${process.pid}-`.padEnd(UNIX_ADDRESS_BYTES_MAX, 'x')],
])('a datagram reaches %s', (_, name) => {
  const receiver = open(name);
  expect(readFileSync('/proc/net/unix', 'utf8')).toContain(` ${name}\n`);
  expect(sendDatagram(name, 'READY=1')).toBe(0);
  expect(receiver.datagrams()).toEqual(['READY=1']);
});

test('what cannot be sent gives the error number, and leaves no descriptor open', () => {
  const { ENOENT, ECONNREFUSED } = constants.errno;
  const before = countDescriptors();
  for (let tries = 0; tries < 500; tries++) {
    expect(sendDatagram(join(directory, 'missing'), 'READY=1')).toBe(ENOENT);
  }
  expect(sendDatagram(`@httplog-${process.pid}-missing`, 'READY=1')).toBe(ECONNREFUSED);
  // Others of this process may come meanwhile, but not as many.
  expect(countDescriptors()).toBeLessThan(before + 250);
});

test('a receiver that takes nothing is not waited for', () => {
  const receiver = open(join(directory, 'full'));
  let error = 0;
  let sentCount = 0;
  while (error === 0 && sentCount < DATAGRAMS_WAITING_MAX) {
    error = sendDatagram(join(directory, 'full'), 'WATCHDOG=1');
    sentCount++;
  }
  expect(error).toBe(constants.errno.EAGAIN);
  expect(receiver.datagrams()).toHaveLength(sentCount - 1);
  expect(sendDatagram(join(directory, 'full'), 'READY=1')).toBe(0);
});
