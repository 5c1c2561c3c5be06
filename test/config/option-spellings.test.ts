import { describe, expect, test } from 'vitest';
import { LOCAL_NETWORKS_MAX, METHODS_MAX } from '../../src/config/limits.ts';
import { findSpelling, SPELLINGS, type SpellingName } from '../../src/config/option-spellings.ts';
import { METHODS_DEFAULT, METHODS_REGISTERED } from '../../src/http/grammar.ts';
import { PORT_RANGES_MAX, VXLAN_PORTS_MAX } from '../../src/limits.ts';

const HTTP = [{ first: 80, last: 80 }];

/** The `count` ports 1, 3, 5 ..., which cannot be merged. */
function listPorts(count: number): string {
  return Array.from({ length: count }, (_, index) => 2 * index + 1).join(',');
}

function listAddresses(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
}

const ALLOWED: [SpellingName, string, unknown][] = [
  ['methods', 'all', [...METHODS_REGISTERED]],
  ['methods', METHODS_DEFAULT.join(','), [...METHODS_DEFAULT]],
  ['methods', 'PROPFIND', ['PROPFIND']],
  ['methods', 'GET, QUERY ,get,GET', ['GET', 'QUERY', 'get']], // case counts, twice is once
  ['methods', "!#$%&'*+-.^_`|~09AZaz", ["!#$%&'*+-.^_`|~09AZaz"]],
  ['methods', 'M'.repeat(32), ['M'.repeat(32)]],
  ['udp-ports', '4790', [4790]],
  ['udp-ports', '1,65535', [1, 65535]],
  ['interface', 'eth0', 'eth0'],
  ['interface', 'any', 'any'],
  ['interface', 'a', 'a'],
  ['interface', 'br-0123456789ab', 'br-0123456789ab'], // 15 bytes
  ['ports', '80', HTTP],
  ['ports', '0x50', HTTP],
  ['ports', '1', [{ first: 1, last: 1 }]],
  ['ports', '65535', [{ first: 65535, last: 65535 }]],
  ['ports', 'http', HTTP],
  ['ports', 'HTTP, http-alt', [...HTTP, { first: 8080, last: 8080 }]],
  ['ports', 'any', 'any'],
  ['ports', '8000-8010, 443,80', [...HTTP, { first: 443, last: 443 }, { first: 8000, last: 8010 }]],
  ['ports', '80-90,85-100,101', [{ first: 80, last: 101 }]], // overlap and touch
  [
    'ports',
    '80-90,82,92',
    [
      { first: 80, last: 90 },
      { first: 92, last: 92 },
    ],
  ],
  ['text', 'tcp port 80 and host example.com', 'tcp port 80 and host example.com'],
  ['path', '/log/httplog', '/log/httplog'],
  ['path', 'logs', 'logs'],
  ['output', '-', '-'],
  ['output', 'out.log', 'out.log'],
  ['snaplen', '1560', 1560],
  ['snaplen', '0x618', 1560],
  ['snaplen', '+96', 96],
  ['snaplen', '1', 1],
  ['snaplen', '0', 65535],
  ['snaplen', '-1', 65535],
  ['snaplen', '65535', 65535],
  ['snaplen', '4KB', 4096],
  ['ring-size', '1', 1],
  ['ring-size', '4096', 4096],
  ['ring-size', '64MB', 64],
  ['ring-size', '64 MiB', 64],
  ['ring-size', '1GiB', 1024],
  ['packet-count', '-1', -1],
  ['packet-count', '0', -1],
  ['packet-count', '1', 1],
  ['packet-count', '9007199254740991', Number.MAX_SAFE_INTEGER],
  ['workers', '1', 1],
  ['workers', '64', 64],
  ['log-every', '0', 0],
  ['log-every', '10000', 10000],
  ['networks', '10.0.0.1', ['10.0.0.1']],
  ['networks', '10.0.0.0/8,fd00::/8', ['10.0.0.0/8', 'fd00::/8']],
  ['networks', ' 10.0.0.1  ::1 , 10.0.0.2', ['10.0.0.1', '::1', '10.0.0.2']],
  ['networks', '0.0.0.0/0', ['0.0.0.0/0']],
  ['networks', '10.0.0.1/32', ['10.0.0.1/32']],
  ['networks', '::1/128', ['::1/128']],
  ['engine', 'afpacket', 'afpacket'],
  ['engine', 'libpcap', 'libpcap'],
  ['timezone', 'local', 'local'],
  ['timezone', 'utc', 'UTC'],
  ['timezone', 'Asia/Seoul', 'Asia/Seoul'],
  ['timezone', '+02:00', '+02:00'],
  ['timezone', '-3', '-03:00'],
  ['timezone', '+0530', '+05:30'],
  ['timezone', 'UTC+2', '+02:00'],
  ['milliseconds', '500', 500],
  ['milliseconds', '0.5', 0.5],
  ['milliseconds', '500ms', 500],
  ['milliseconds', '1.5 s', 1500],
  ['milliseconds', '2min', 120_000],
  ['milliseconds', '1h', 3_600_000],
  ['milliseconds', '250us', 0.25],
  ['milliseconds', '250\u00b5s', 0.25],
  ['size', '100MiB', 100 * 1024 * 1024],
  ...['true', '1', 'yes', 'on', 'ON'].map((text): [SpellingName, string, unknown] => [
    'switch',
    text,
    true,
  ]),
  ...['false', '0', 'no', 'off', 'Off'].map((text): [SpellingName, string, unknown] => [
    'switch',
    text,
    false,
  ]),
];

const REFUSED: [SpellingName, string][] = [
  ['interface', 'br-0123456789abc'], // 16 bytes
  ['interface', 'éééééééé'], // 8 characters, 16 bytes
  ['interface', 'eth 0'],
  ['interface', 'eth/0'],
  ['interface', 'eth0:1'],
  ['interface', '..'],
  ['ports', '0'],
  ['ports', '65536'],
  ['ports', '080'],
  ['ports', '-1'],
  ['ports', '80,'],
  ['ports', '80-'],
  ['ports', '90-80'],
  ['ports', '1-2-3'],
  ['ports', '80,any'],
  ['ports', 'https'],
  ['ports', 'http-81'],
  ['text', ''],
  ['text', 'a\0b'],
  ['path', '-'],
  ['path', ''],
  ['output', ''],
  ['snaplen', '65536'],
  ['snaplen', '64KB'],
  ['timezone', '+25:00'],
  ['timezone', '+2:7'],
  ['milliseconds', '5 days'],
  ['milliseconds', 's'],
  ['milliseconds', '-1ms'],
  ['snaplen', '1.5'],
  ['snaplen', '1e3'],
  ['snaplen', '0x'],
  ['snaplen', '010'],
  ['snaplen', ''],
  ['ring-size', '0'],
  ['ring-size', '4097'],
  ['ring-size', '512KB'],
  ['ring-size', '1536KB'],
  ['ring-size', '5GB'],
  ['packet-count', '-2'],
  ['packet-count', '9007199254740992'],
  ['workers', '0'],
  ['workers', '65'],
  ['log-every', '-1'],
  ['networks', ','],
  ['networks', '10.0.0'],
  ['networks', '10.0.0.1/33'],
  ['networks', '::1/129'],
  ['methods', ''],
  ['methods', 'GET,'],
  ['methods', 'GET POST'],
  ['methods', 'GE(T)'],
  ['methods', 'G\u00c9T'],
  ['methods', 'M'.repeat(33)],
  ['udp-ports', ''],
  ['udp-ports', '0'],
  ['udp-ports', '65536'],
  ['udp-ports', 'any'],
  ['udp-ports', '4790,x'],
  ['networks', '10.0.0.1/'],
  ['networks', '10.0.0.1/8/8'],
  ['networks', '10.0.0.1/-1'],
  ['networks', 'fe80::1%eth0'],
  ['networks', 'example.com'],
  ['networks', '10.0.0.1,nonsense'],
  ['engine', 'pcap'],
  ['engine', 'AFPACKET'],
  ['timezone', 'Mars/Olympus'],
  ['timezone', ''],
  ['switch', 'maybe'],
  ['switch', '2'],
  ['switch', ''],
];

test.each(ALLOWED)('%s takes %j as %j', (name, text, value) => {
  expect(findSpelling(name).parse(text)).toEqual(value);
});

test.each(REFUSED)('%s refuses %j', (name, text) => {
  expect(findSpelling(name).parse(text)).toBeNull();
});

describe('lists are bounded', () => {
  test('a port list may have as many ranges as the limit, and not one more', () => {
    expect(SPELLINGS.ports.parse(listPorts(PORT_RANGES_MAX))).toHaveLength(PORT_RANGES_MAX);
    expect(SPELLINGS.ports.parse(listPorts(PORT_RANGES_MAX + 1))).toBeNull();
  });

  test('methods and ports of VXLAN may be as many as the limits, and not one more', () => {
    const methods = Array.from({ length: METHODS_MAX + 1 }, (_, index) => `M${index}`);
    expect(SPELLINGS.methods.parse(methods.slice(1).join())).toHaveLength(METHODS_MAX);
    expect(SPELLINGS.methods.parse(methods.join())).toBeNull();
    const ports = Array.from({ length: VXLAN_PORTS_MAX + 1 }, (_, index) => 5_000 + index);
    expect(SPELLINGS['udp-ports'].parse(ports.slice(1).join())).toHaveLength(VXLAN_PORTS_MAX);
    expect(SPELLINGS['udp-ports'].parse(ports.join())).toBeNull();
  });

  test('a list of networks may have as many as the limit, and not one more', () => {
    const most = listAddresses(LOCAL_NETWORKS_MAX);
    expect(SPELLINGS.networks.parse(most.join(' '))).toEqual(most);
    expect(SPELLINGS.networks.parse(listAddresses(LOCAL_NETWORKS_MAX + 1).join(' '))).toBeNull();
  });
});

test('what is printed can be read again', () => {
  for (const [name, text] of ALLOWED) {
    const spelling = findSpelling(name);
    const value = spelling.parse(text);
    expect(spelling.parse(spelling.print(value))).toEqual(value);
  }
});
