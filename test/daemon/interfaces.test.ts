import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  describeInterfaces,
  findIpv4DefaultRoute,
  findIpv6DefaultRoute,
  hardwareTypeName,
  type InterfaceInfo,
  listInterfaces,
  parseInterfaceNames,
  unknownInterfaceError,
} from '../../src/daemon/interfaces.ts';
import { INTERFACES_LISTED_MAX } from '../../src/daemon/limits.ts';

const modulePath = fileURLToPath(new URL('../../src/daemon/interfaces.ts', import.meta.url));
const canUnshare = spawnSync('unshare', ['--net', '--mount', 'true']).status === 0;

const DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets
    lo:    4040      40    0    0    0     0          0         0     4040      40
eth0.100:12345678    40    0    0    0     0          0         0     4040      40
`;
const IPV4_HEADING =
  'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';
const ZERO = '0'.repeat(32);

function ipv4Route(name: string, destination: string, flags: string, metric: number, mask: string) {
  return `${name}\t${destination}\t010200C0\t${flags}\t0\t0\t${metric}\t${mask}\t0\t0\t0   \n`;
}

function ipv6Route(name: string, prefix: string, metric: string, flags: string) {
  return `${ZERO} ${prefix} ${ZERO} 00 ${ZERO} ${metric} 00000001 00000000 ${flags} ${name}\n`;
}

function makeInterface(index: number): InterfaceInfo {
  const name = `veth${index}`;
  return { name, index, state: 'up', linkType: 1, addresses: [], isDefault: false };
}

describe('this host', () => {
  test('has a loopback interface with its address, its type and its state', () => {
    const loopback = listInterfaces().find(({ name }) => name === 'lo');
    expect(loopback).toMatchObject({ index: 1, linkType: 772, state: 'up', isDefault: false });
    expect(loopback?.addresses).toContain('127.0.0.1');
  });

  test('has all interfaces of /sys listed, those without an address too', () => {
    const names = listInterfaces().map(({ name }) => name);
    const others = ['bonding_masters'];
    expect(names.toSorted()).toEqual(
      readdirSync('/sys/class/net')
        .filter((name) => !others.includes(name))
        .toSorted(),
    );
  });
});

describe.skipIf(!canUnshare)('in a network namespace of its own (needs root)', () => {
  function listIn(commands: string): InterfaceInfo[] {
    const script = `import { listInterfaces } from '${modulePath}';
      process.stdout.write(JSON.stringify(listInterfaces()));`;
    const prepare = `mount -t sysfs sysfs /sys && ${commands}`;
    const line = `${prepare} && exec "$0" --input-type=module-typescript -e "$1"`;
    const argv = ['--net', '--mount', 'sh', '-ec', line, process.execPath, script];
    return JSON.parse(execFileSync('unshare', argv, { encoding: 'utf8' }));
  }

  test('a loopback that is down is listed as down, without addresses and default', () => {
    expect(listIn('true').find(({ name }) => name === 'lo')).toMatchObject({
      state: 'down',
      addresses: [],
      isDefault: false,
    });
  });

  test('a labelled address belongs to its interface, and the default route marks it', () => {
    const interfaces = listIn(
      'ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up && ' +
        'ip addr add 10.9.0.1/24 dev v0 && ip addr add 10.9.0.2/24 dev v0 label v0:1 && ' +
        'ip route add default via 10.9.0.9',
    );
    const named = interfaces.find(({ name }) => name === 'v0');
    expect(named).toMatchObject({ linkType: 1, state: 'up', isDefault: true });
    expect(named?.addresses).toEqual(expect.arrayContaining(['10.9.0.1', '10.9.0.2']));
    expect(interfaces.filter(({ isDefault }) => isDefault)).toHaveLength(1);
    expect(interfaces.some(({ name }) => name.includes(':'))).toBe(false);
  });
});

test('interface names are read from the form of /proc/net/dev', () => {
  expect(parseInterfaceNames(DEV)).toEqual(['lo', 'eth0.100']);
  expect(parseInterfaceNames('')).toEqual([]);
});

describe('the IPv4 default route', () => {
  test('is the one with the lowest metric', () => {
    const text =
      IPV4_HEADING +
      ipv4Route('eth2', '000200C0', '0001', 0, '00FFFFFF') +
      ipv4Route('eth1', '00000000', '0003', 1024, '00000000') +
      ipv4Route('eth0', '00000000', '0003', 100, '00000000');
    expect(findIpv4DefaultRoute(text)).toBe('eth0');
  });

  test('is none that is down, rejected or for a part of the addresses', () => {
    const text =
      IPV4_HEADING +
      ipv4Route('eth0', '00000000', '0002', 0, '00000000') + // not up
      ipv4Route('eth1', '00000000', '0201', 0, '00000000') + // unreachable
      ipv4Route('eth2', '00000000', '0001', 0, '00000080'); // 0.0.0.0/1
    expect(findIpv4DefaultRoute(text)).toBeUndefined();
    expect(findIpv4DefaultRoute(IPV4_HEADING)).toBeUndefined();
    expect(findIpv4DefaultRoute('')).toBeUndefined();
  });
});

describe('the IPv6 default route', () => {
  test('is the one with the lowest metric, which is hexadecimal', () => {
    const text =
      ipv6Route('eth1', '00', '00000400', '00000003') +
      ipv6Route('eth0', '00', '000000ff', '00000003');
    expect(findIpv6DefaultRoute(text)).toBe('eth0');
  });

  test('is none that is unreachable or for a part of the addresses', () => {
    const text =
      ipv6Route('lo', '00', 'ffffffff', '00200200') +
      ipv6Route('eth0', '80', '00000100', '00000001');
    expect(findIpv6DefaultRoute(text)).toBeUndefined();
    expect(findIpv6DefaultRoute('')).toBeUndefined();
  });
});

test('hardware types have names, unknown ones their number', () => {
  expect(hardwareTypeName(1)).toBe('Ethernet');
  expect(hardwareTypeName(65534)).toBe('no link header');
  expect(hardwareTypeName(9999)).toBe('type 9999');
  expect(hardwareTypeName(-1)).toBe('unknown');
});

test('a message names as many interfaces as the limit and counts the rest', () => {
  const most = Array.from({ length: INTERFACES_LISTED_MAX }, (_, index) => makeInterface(index));
  expect(describeInterfaces(most)).not.toContain('more');
  expect(describeInterfaces(most)).toMatch(/^veth0 \(up\), .*, any$/);
  expect(describeInterfaces([...most, makeInterface(99)])).toMatch(/, 1 more, any$/);
});

test('an interface that is not there is exit code 3, with those there are', () => {
  const error = unknownInterfaceError('eth77');
  expect(error).toMatchObject({ code: 'HTTPLOG_INTERFACE_UNKNOWN', exitCode: 3 });
  expect(error.message).toMatch(/^Interface eth77 is not there; there are .*\blo \(\w+\).*, any$/);
});
