import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { OUTPUT_NAMES } from './secret-outputs.ts';
import { SECRET_PLACES } from './secret-places.ts';
import { type LeakTable, measureLeaks, renderTable, TABLE_URL } from './secret-table.ts';

let leaks: LeakTable;

beforeAll(async () => {
  leaks = await measureLeaks();
  if (process.env.WRITE_SECRET_TABLE === '1') {
    writeFileSync(TABLE_URL, renderTable(leaks));
  }
}, 300_000);

/** Of places that are to show nothing: those that do, and where. */
function findShown(
  way: keyof LeakTable,
  isMeant: (place: (typeof SECRET_PLACES)[number]) => boolean,
) {
  return SECRET_PLACES.flatMap((place, index) =>
    isMeant(place) && leaks[way][index].length > 0
      ? [`${place.name}: ${leaks[way][index].join(', ')}`]
      : [],
  );
}

describe('secrets', () => {
  test('are looked for in 85 places and more, and in 15 outputs', () => {
    expect(SECRET_PLACES.length).toBeGreaterThanOrEqual(85);
    expect(new Set(SECRET_PLACES.map(({ name }) => name)).size).toBe(SECRET_PLACES.length);
    expect(OUTPUT_NAMES).toHaveLength(15);
  });

  test('that nothing hides are found, so that the search finds what is there', () => {
    const shownIn = new Set(leaks.default.flat());
    expect([...shownIn].sort()).toEqual([...OUTPUT_NAMES].sort());
    const inPath = SECRET_PLACES.findIndex(({ name }) => name === 'path');
    expect(leaks.default[inPath]).toEqual(OUTPUT_NAMES);
  });

  test('that are credentials are shown by no output without being asked for', () => {
    expect(findShown('default', ({ isCredential }) => isCredential)).toEqual([]);
  });

  test('are shown by no output when everything is dropped, but where it is said why', () => {
    expect(findShown('drop', ({ why }) => why === undefined)).toEqual([]);
    const [first] = findShown('drop', ({ why }) => why !== undefined);
    expect(first).toContain('path');
  });

  test('are hidden by a pattern of their own wherever they stand as they are', () => {
    const shown = findShown('pattern', () => true);
    expect(shown.filter((line) => !/encoded|Basic/.test(line))).toEqual([]);
  });

  test('stand as the table says', () => {
    expect(renderTable(leaks)).toBe(readFileSync(TABLE_URL, 'utf8'));
  });
});
