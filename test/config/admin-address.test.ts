import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAdminAddress, printAdminAddress } from '../../src/config/admin-address.ts';

describe('an admin address', () => {
  test.each([
    ['9090', '127.0.0.1', 9090, '127.0.0.1:9090'],
    ['1', '127.0.0.1', 1, '127.0.0.1:1'],
    ['65535', '127.0.0.1', 65535, '127.0.0.1:65535'],
    ['0.0.0.0:80', '0.0.0.0', 80, '0.0.0.0:80'],
    ['192.0.2.7:9090', '192.0.2.7', 9090, '192.0.2.7:9090'],
    ['[::1]:9090', '::1', 9090, '[::1]:9090'],
    ['[2001:db8::7]:9090', '2001:db8::7', 9090, '[2001:db8::7]:9090'],
  ])('%s is a port of an address', (text, host, port, printed) => {
    const address = parseAdminAddress(text);
    expect(address).toEqual({ kind: 'tcp', host, port });
    expect(address && printAdminAddress(address)).toBe(printed);
    expect(parseAdminAddress(printed)).toEqual(address);
  });

  test.each(['/run/httplog.sock', './a', `/${'a'.repeat(106)}`])('%s is a socket', (path) => {
    expect(parseAdminAddress(path)).toEqual({ kind: 'socket', path });
  });

  test.each([
    ...['', '0', '65536', '99999', '-1', '+1', '080', '0x50', '1.5', ' 9090', '9090 ', 'http'],
    ...[':9090', '*:9090', 'localhost:9090', '127.0.0.1', '127.0.0.1:', '127.0.0.1:0', '1.2.3:80'],
    ...['::1:9090', '[::1]', '[::1]9090', '[127.0.0.1]:80', '[]:80', '[::g]:80', '256.1.1.1:80'],
    ...['run/a.sock', '/a\0b', `/${'a'.repeat(107)}`],
  ])('%j is none', (text) => {
    expect(parseAdminAddress(text)).toBeNull();
  });

  test('is the same after it was printed, whatever was typed', () => {
    const hosts = fc.oneof(
      fc.ipV4(),
      fc.ipV6().map((host) => `[${host}]`),
    );
    fc.assert(
      fc.property(hosts, fc.integer({ min: 1, max: 65535 }), (host, port) => {
        const address = parseAdminAddress(`${host}:${port}`);
        expect(address).not.toBeNull();
        expect(address && parseAdminAddress(printAdminAddress(address))).toEqual(address);
      }),
      { numRuns: 200 },
    );
  });
});
