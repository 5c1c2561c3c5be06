import { findLeaks, OUTPUT_NAMES, WAYS, type Way } from './secret-outputs.ts';
import { SECRET_PLACES } from './secret-places.ts';

/** How many outputs show the secret of each place, by the way of hiding. */
export type LeakTable = Readonly<Record<Way, readonly (readonly string[])[]>>;

export const TABLE_URL = new URL('../../docs/secret-places.md', import.meta.url);

export async function measureLeaks(): Promise<LeakTable> {
  const leaks: Partial<Record<Way, string[][]>> = {};
  for (const way of Object.keys(WAYS) as Way[]) {
    leaks[way] = await findLeaks(way);
  }
  return leaks as LeakTable;
}

export function renderTable(leaks: LeakTable): string {
  const ways = Object.keys(WAYS) as Way[];
  const head = [
    '# Places for secrets, and which outputs show them',
    '',
    `How many of ${OUTPUT_NAMES.length} outputs (${OUTPUT_NAMES.join('; ')})`,
    'show what stands there. Checked by test/redact/secret-table.test.ts, and written by it with WRITE_SECRET_TABLE=1.',
    '',
    ...ways.map(
      (way) => `- ${way}: ${WAYS[way].length === 0 ? 'no option' : `\`${WAYS[way].join(' ')}\``}`,
    ),
    '',
    `| | place | credential | ${ways.join(' | ')} | why still |`,
    `|---|---|---|${ways.map(() => '---|').join('')}---|`,
  ];
  const rows = SECRET_PLACES.map(({ name, isCredential, why }, index) => {
    const counts = ways.map((way) => leaks[way][index].length);
    const cells = [index + 1, name, isCredential ? 'yes' : '', ...counts, why ?? ''];
    return `| ${cells.join(' | ')} |`;
  });
  return `${[...head, ...rows].join('\n')}\n`;
}
