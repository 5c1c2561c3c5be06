import type { PortRange } from '../capture/port-range.ts';

const PORTS_COUNT = 65_536;

/** By port: 1 when segments from or to it are read; undefined: of all. */
export function createPortsRead(ports: readonly PortRange[] | 'any'): Uint8Array | undefined {
  return ports === 'any' ? undefined : createPortTable(ports);
}

/** By port: 1 when it is in one of the ranges, both ends included. */
export function createPortTable(ranges: readonly PortRange[]): Uint8Array {
  const table = new Uint8Array(PORTS_COUNT);
  for (const { first, last } of ranges) {
    table.fill(1, first, last + 1);
  }
  return table;
}
