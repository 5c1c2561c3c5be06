import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createNodeAddress,
  createNodeList,
  listForwarded,
  listForwardedFor,
  NODES_MAX,
  readNode,
} from '../../src/http/forwarded-nodes.ts';

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

/** `192.0.2.1#80`, the address in hexadecimal; null: none. */
function nodeOf(text: string, isForwarded: boolean): string | null {
  const node = createNodeAddress();
  const bytes = bytesOf(`<${text}>`);
  if (!readNode(bytes, 1, bytes.length - 1, isForwarded, node)) {
    return null;
  }
  return `${Buffer.from(node.address.subarray(0, node.addressLength)).toString('hex')}#${node.port}`;
}

/** The nodes of a line; null: nobody can say what is a node. */
function nodesOf(line: string, isForwarded: boolean): string[] | null {
  const nodes = createNodeList();
  const bytes = bytesOf(line);
  if (!isForwarded) {
    listForwardedFor(bytes, 0, bytes.length, nodes);
  } else if (!listForwarded(bytes, 0, bytes.length, nodes)) {
    return null;
  }
  const kept = Array.from({ length: Math.min(nodes.count, NODES_MAX) }, (_, index) => {
    const place = (Math.max(0, nodes.count - NODES_MAX) + index) % NODES_MAX;
    return line.slice(nodes.offsets[place], nodes.ends[place]).trim();
  });
  return kept;
}

const IPV6 = '20010db8000000000000000000000001';

describe('addresses of nodes', () => {
  test.each([
    ['192.0.2.1', 'c0000201#-1'],
    [' 192.0.2.1\t', 'c0000201#-1'],
    ['192.0.2.1:80', 'c0000201#80'],
    ['"192.0.2.1:65535"', 'c0000201#65535'],
    ['192.0.2.1:_hidden', 'c0000201#-1'],
    ['"[2001:db8::1]:8080"', `${IPV6}#8080`],
    ['[2001:db8::1]', `${IPV6}#-1`],
    ['"[::ffff:192.0.2.1]"', 'c0000201#-1'],
  ])('%s is read in either field', (text, expected) => {
    expect(nodeOf(text, true)).toBe(expected);
    expect(nodeOf(text, false)).toBe(expected);
  });

  test('IPv6 without brackets may end in a port: only X-Forwarded-For has it so', () => {
    expect(nodeOf('2001:db8::1', false)).toBe(`${IPV6}#-1`);
    expect(nodeOf('::ffff:192.0.2.1', false)).toBe('c0000201#-1');
    expect(nodeOf('2001:db8::1', true)).toBeNull();
  });

  test.each([
    ...['', 'unknown', 'Unknown', '_hidden', '"_SEVKISEK"', 'localhost', '192.0.2', '192.0.2.256'],
    ...[
      '192.0.2.1:',
      '192.0.2.1:65536',
      '192.0.2.1:x',
      '192.0.2.1 x',
      '192.0.2.1\rX: y',
      '"192.0.2.1',
    ],
    ...['[2001:db8::1', '[2001:db8::1]x', '[192.0.2.1]', '[]', '\\192.0.2.1', '192.0.2.1:123456'],
  ])('%s is none', (text) => {
    expect(nodeOf(text, true)).toBeNull();
    expect(nodeOf(text, false)).toBeNull();
  });
});

describe('nodes of lines', () => {
  test.each([
    ['192.0.2.1', ['192.0.2.1']],
    ['a, b ,c', ['a', 'b', 'c']],
    [', ,a,,', ['a']],
    ['', []],
  ])('X-Forwarded-For: %s', (line, expected) => {
    expect(nodesOf(line, false)).toEqual(expected);
  });

  test.each([
    ['for=192.0.2.1', ['192.0.2.1']],
    ['For="[2001:db8::1]:80";proto=http, FOR=b', ['"[2001:db8::1]:80"', 'b']],
    ['proto=http;by=c;for=a, , for=b', ['a', 'b']],
    ['for="a,b;c=d", for=e', ['"a,b;c=d"', 'e']],
    ['for="a\\",b", for=c', ['"a\\",b"', 'c']],
    ['for=a, proto=http', ['a', '']],
    ['for=a;for=b', ['']],
    ['for =a', ['']],
    ['', []],
  ])('Forwarded: %s', (line, expected) => {
    expect(nodesOf(line, true)).toEqual(expected);
  });

  test('a quote without an end tells nothing', () => {
    expect(nodesOf('for=a, for="b', true)).toBeNull();
  });

  test('the last of many are kept', () => {
    const names = Array.from({ length: NODES_MAX + 9 }, (_, index) => `n${index}`);
    expect(nodesOf(names.join(', '), false)).toEqual(names.slice(9));
    expect(nodesOf(names.map((name) => `for=${name}`).join(', '), true)).toEqual(names.slice(9));
  });

  test('whatever stands before a comma leaves the node behind it as it is', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (before) => {
        expect(nodesOf(`${before}, 192.0.2.7`, false)?.at(-1)).toBe('192.0.2.7');
        const forwarded = nodesOf(`${before}, for=192.0.2.7`, true);
        expect(forwarded === null || before.includes('"') || forwarded.at(-1) === '192.0.2.7').toBe(
          true,
        );
      }),
    );
  });
});
