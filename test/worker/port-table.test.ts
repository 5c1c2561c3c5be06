import { describe, expect, it } from 'vitest';
import { createPortTable } from '../../src/worker/port-table.ts';

/** The ports of a table, as ranges. */
function rangesOf(table: Uint8Array): string[] {
  const ranges: string[] = [];
  for (let port = 0; port < table.length; port++) {
    if (table[port] === 1 && table[port - 1] !== 1) {
      let last = port;
      while (table[last + 1] === 1) {
        last++;
      }
      ranges.push(`${port}-${last}`);
    }
  }
  return ranges;
}

describe('createPortTable', () => {
  it('has a place for every port, and none is set without a range', () => {
    const table = createPortTable([]);
    expect([table.length, rangesOf(table)]).toEqual([65536, []]);
  });

  it('a range includes both its ends', () => {
    const table = createPortTable([
      { first: 80, last: 80 },
      { first: 8000, last: 8010 },
    ]);
    expect(rangesOf(table)).toEqual(['80-80', '8000-8010']);
  });

  it('goes from the lowest port to the highest', () => {
    const ends = [
      { first: 0, last: 0 },
      { first: 65535, last: 65535 },
    ];
    expect(rangesOf(createPortTable(ends))).toEqual(['0-0', '65535-65535']);
    expect(rangesOf(createPortTable([{ first: 0, last: 65535 }]))).toEqual(['0-65535']);
  });

  it('ranges may overlap and come in any order', () => {
    const ranges = [
      { first: 90, last: 100 },
      { first: 80, last: 95 },
    ];
    expect(rangesOf(createPortTable(ranges))).toEqual(['80-100']);
  });
});
