const PORTS_COUNT = 65_536;

/** By port: 1 when it is in one of the ranges, both ends included. */
export function createPortTable(ranges: readonly { first: number; last: number }[]): Uint8Array {
  const table = new Uint8Array(PORTS_COUNT);
  for (const { first, last } of ranges) {
    table.fill(1, first, last + 1);
  }
  return table;
}
