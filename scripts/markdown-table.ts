/** A table of Markdown, its cells' backticks kept as they are. */
export function renderTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`;
  return [line(titles), `|${'---|'.repeat(titles.length)}`, ...rows.map(line)].join('\n');
}

/** A bar would end the cell, and a star or an angle bracket be read as Markdown. */
function escapeCell(text: string): string {
  const [, ...pieces] = ['', ...text.split('`')];
  return pieces
    .map((piece, index) => {
      const barred = piece.replaceAll('|', '\\|');
      return index % 2 === 1 ? barred : barred.replace(/[*<>_]/g, '\\$&');
    })
    .join('`');
}
