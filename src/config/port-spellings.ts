import type { PortRange } from '../capture/port-range.ts';
import { isIP } from '../ip-address.ts';
import { PORT_RANGES_MAX, VXLAN_PORTS_MAX } from '../limits.ts';
import { parseIntegerBetween } from './integer-spellings.ts';
import { LOCAL_NETWORKS_MAX } from './limits.ts';

/** How ports and networks are written. */

export const PORT_MAX = 65535;

/** As `/etc/services` has them, which is not everywhere. */
const PORT_NAMES: ReadonlyMap<string, number> = new Map([
  ['http', 80],
  ['http-alt', 8080],
  ['http-proxy', 8080],
]);

const ADDRESS_BITS: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

export function parsePorts(text: string): PortRange[] | 'any' | null {
  if (text.trim() === 'any') {
    return 'any';
  }
  const parts = text.split(',');
  if (parts.length > PORT_RANGES_MAX) {
    return null;
  }
  const ranges: PortRange[] = [];
  for (const part of parts) {
    const range = parsePortRange(part);
    if (range === null) {
      return null;
    }
    ranges.push(range);
  }
  return mergeRanges(ranges);
}

function parsePortRange(text: string): PortRange | null {
  const named = PORT_NAMES.get(text.trim().toLowerCase());
  if (named !== undefined) {
    return { first: named, last: named };
  }
  const ends = text.split('-');
  const first = parseIntegerBetween(ends[0], 1, PORT_MAX);
  const last = ends.length === 1 ? first : parseIntegerBetween(ends[1], 1, PORT_MAX);
  return ends.length > 2 || first === null || last === null || first > last
    ? null
    : { first, last };
}

/** Each range becomes filter instructions: those that overlap or touch are made one. */
function mergeRanges(ranges: PortRange[]): PortRange[] {
  const merged: PortRange[] = [];
  for (const range of ranges.toSorted((left, right) => left.first - right.first)) {
    const previous = merged.at(-1);
    if (previous !== undefined && range.first <= previous.last + 1) {
      previous.last = Math.max(previous.last, range.last);
    } else {
      merged.push({ ...range });
    }
  }
  return merged;
}

export function printPorts(ports: PortRange[] | 'any'): string {
  if (ports === 'any') {
    return ports;
  }
  return ports.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(',');
}

/** Single ports only: a table of them is what the decoder looks in. */
export function parseUdpPorts(text: string): number[] | null {
  const parts = text.split(',');
  const ports = parts.map((part) => parseIntegerBetween(part, 1, PORT_MAX));
  const isAllowed = parts.length <= VXLAN_PORTS_MAX && ports.every((port) => port !== null);
  return isAllowed ? ports : null;
}

export function parseNetworks(text: string): string[] | null {
  const networks = text.split(/[\s,]+/).filter((part) => part !== '');
  const isAllowed = networks.length > 0 && networks.length <= LOCAL_NETWORKS_MAX;
  return isAllowed && networks.every(isNetwork) ? networks : null;
}

/** A zone such as `%eth0` passes `isIP`, but no packet carries one. */
function isNetwork(text: string): boolean {
  const [address, prefix, ...rest] = text.split('/');
  const bits = address.includes('%') ? undefined : ADDRESS_BITS[isIP(address)];
  if (bits === undefined || rest.length > 0) {
    return false;
  }
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
}
