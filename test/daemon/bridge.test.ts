import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeBridge } from '../../src/daemon/bridge.ts';

const path = mkdtempSync(join(tmpdir(), 'httplog-bridge-'));
afterAll(() => rmSync(path, { recursive: true }));

function makeInterface(name: string, ports?: readonly string[]): void {
  mkdirSync(join(path, name), { recursive: true });
  if (ports !== undefined) {
    mkdirSync(join(path, name, 'bridge'));
    for (const port of ['', ...ports]) {
      mkdirSync(join(path, name, 'brif', port), { recursive: true });
    }
  }
}

test('a bridge has its ports named, in order', () => {
  makeInterface('br0', ['veth2', 'eth0', 'veth1']);
  expect(describeBridge('br0', path)).toBe(
    'br0 is a bridge: what goes from one of its ports to another does not pass its own device; ' +
      '-i any, or one of its ports (eth0, veth1, veth2), shows it',
  );
});

test('a bridge without ports, and one with more than are listed', () => {
  makeInterface('br1', []);
  expect(describeBridge('br1', path)).toMatch(/own device; -i any shows it$/);
  makeInterface(
    'br2',
    Array.from({ length: 100 }, (_, index) => `veth${index}`),
  );
  expect(describeBridge('br2', path)).toMatch(/, \d+ more\), shows it$/);
});

test('what is no bridge, is not there, or is all of them', () => {
  makeInterface('eth0');
  expect(['eth0', 'none', 'any'].map((name) => describeBridge(name, path))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
