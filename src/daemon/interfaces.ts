import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { EXIT_NOT_FOUND, HttplogError } from '../errors.ts';
import { INTERFACES_LISTED_MAX } from './limits.ts';

export type InterfaceState = 'up' | 'down' | 'unknown';

/** One network interface of this host, as far as files and addresses tell without a privilege. */
export interface InterfaceInfo {
  name: string;
  /** The kernel's number of the interface; 0 if it is not told. */
  index: number;
  state: InterfaceState;
  /** Hardware type, an ARPHRD_ number of the kernel; -1 if it is not told. */
  linkType: number;
  /** IPv4 and IPv6 in text form; none while the interface is down. */
  addresses: string[];
  /** It carries the default route, and so is what httplog captures if no name is given. */
  isDefault: boolean;
}

/** @see include/uapi/linux/if.h */
const IFF_UP = 0x1;

/** @see include/uapi/linux/route.h */
const RTF_UP = 0x1;
const RTF_REJECT = 0x200;

/** @see include/uapi/linux/if_arp.h */
const HARDWARE_TYPE_NAMES: Readonly<Record<number, string>> = {
  1: 'Ethernet',
  32: 'InfiniBand',
  280: 'CAN',
  512: 'PPP',
  519: 'raw IP',
  768: 'IPIP tunnel',
  769: 'IPv6 tunnel',
  772: 'loopback',
  776: 'SIT tunnel',
  778: 'GRE tunnel',
  801: '802.11',
  803: '802.11 radiotap',
  823: 'GRE tunnel over IPv6',
  824: 'netlink',
  65534: 'no link header',
};

/** The hardware type in words, or its number. */
export function hardwareTypeName(linkType: number): string {
  return HARDWARE_TYPE_NAMES[linkType] ?? (linkType < 0 ? 'unknown' : `type ${linkType}`);
}

/**
 * The interfaces of this host, in the kernel's order.
 *
 * The names are those of the process's own network namespace (/proc/net/dev); the rest comes from /sys,
 * which belongs to the namespace that it was mounted in.
 */
export function listInterfaces(): InterfaceInfo[] {
  const addresses = collectAddresses();
  const defaultName = defaultInterfaceName();
  return parseInterfaceNames(readText('/proc/net/dev')).map((name) => ({
    name,
    index: readNumber(name, 'ifindex') ?? 0,
    state: readState(name),
    linkType: readNumber(name, 'type') ?? -1,
    addresses: addresses.get(name) ?? [],
    isDefault: name === defaultName,
  }));
}

/** The interface of the default route with the lowest metric, IPv4 before IPv6. */
export function defaultInterfaceName(): string | undefined {
  return (
    findIpv4DefaultRoute(readText('/proc/net/route')) ??
    findIpv6DefaultRoute(readText('/proc/net/ipv6_route'))
  );
}

/** The names in a text of the form of /proc/net/dev. */
export function parseInterfaceNames(text: string): string[] {
  return [...text.matchAll(/^ *([^\s:]+):/gm)].map(([, name]) => name);
}

/** The interface of the best default route in a text of the form of /proc/net/route. */
export function findIpv4DefaultRoute(text: string): string | undefined {
  const routes = splitRows(text)
    .filter(([, destination, , , , , , mask]) => /^0{8}$/.test(destination) && /^0{8}$/.test(mask))
    .map(([name, , , flags, , , metric]) => ({ name, flags, metric: Number(metric) }));
  return findBestRoute(routes);
}

/** The interface of the best default route in a text of the form of /proc/net/ipv6_route. */
export function findIpv6DefaultRoute(text: string): string | undefined {
  const routes = splitRows(text)
    .filter(([destination, prefix]) => /^0{32}$/.test(destination) && prefix === '00')
    .map((row) => ({ name: row[9], flags: row[8], metric: Number.parseInt(row[5], 16) }));
  return findBestRoute(routes);
}

/** For messages: the names with their states, in one line. */
export function describeInterfaces(interfaces: readonly InterfaceInfo[]): string {
  const named = interfaces
    .slice(0, INTERFACES_LISTED_MAX)
    .map(({ name, state }) => `${name} (${state})`);
  const left = interfaces.length - named.length;
  return [...named, ...(left > 0 ? [`${left} more`] : []), 'any'].join(', ');
}

/** What to throw if a named interface is not there: exit code 3, and the list of those there are. */
export function unknownInterfaceError(name: string): HttplogError {
  return new HttplogError(
    `Interface ${name} is not there; there are ${describeInterfaces(listInterfaces())}`,
    {
      code: 'HTTPLOG_INTERFACE_UNKNOWN',
      exitCode: EXIT_NOT_FOUND,
      hint: 'Name one of them with -i, httplog interfaces tells more about each',
    },
  );
}

interface Route {
  name: string;
  /** Hexadecimal. */
  flags: string;
  metric: number;
}

function findBestRoute(routes: readonly Route[]): string | undefined {
  const usable = routes.filter(
    ({ flags }) => (Number.parseInt(flags, 16) & (RTF_UP | RTF_REJECT)) === RTF_UP,
  );
  return usable.toSorted((left, right) => left.metric - right.metric).at(0)?.name;
}

function splitRows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.trim().split(/\s+/));
}

/** Old-style alias names (`eth0:1`) are labels of addresses, not interfaces. */
function collectAddresses(): Map<string, string[]> {
  const byName = new Map<string, string[]>();
  for (const [label, addresses] of Object.entries(networkInterfaces())) {
    const name = label.split(':')[0];
    const texts = (addresses ?? []).map(({ address }) => address);
    byName.set(name, [...(byName.get(name) ?? []), ...texts]);
  }
  return byName;
}

/** RFC 2863's "unknown", which loopback and tunnels report, counts as up, as it does in the kernel. */
function readState(name: string): InterfaceState {
  const flags = readNumber(name, 'flags');
  const operationalState = readText(`/sys/class/net/${name}/operstate`).trim();
  if (flags === undefined || operationalState === '') {
    return 'unknown';
  }
  const isUp = operationalState === 'up' || operationalState === 'unknown';
  return isUp && (flags & IFF_UP) !== 0 ? 'up' : 'down';
}

function readNumber(name: string, file: string): number | undefined {
  const text = readText(`/sys/class/net/${name}/${file}`).trim();
  return text === '' ? undefined : Number(text);
}

/** Empty if the file is not there: an interface may vanish at any time, and IPv6 be switched off. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
