import type { Spread } from '../measure/statistics.ts';

/** A cell: text as it is, or nothing to tell. */
export type Cell = string | undefined;

const NOTHING = '-';

/** A figure, however it goes on. */
const FIGURE = /^\d/;

/** A table of GitHub's Markdown; columns of figures are aligned to the right. */
export function markdownTable(headings: readonly string[], rows: readonly Cell[][]): string {
  const line = (cells: readonly Cell[]) =>
    `| ${cells.map((cell) => cell ?? NOTHING).join(' | ')} |`;
  const isFigures = (column: number) =>
    rows.every((row) => row[column] === undefined || FIGURE.test(row[column]));
  const rule = headings.map((_, column) => (isFigures(column) ? '---:' : '---'));
  return [line(headings), line(rule), ...rows.map(line)].join('\n');
}

/** `1.24 (1.20..1.31)`: the median and how far the rounds lie apart. */
export function showSpread(spread: Spread | undefined, digits: number): Cell {
  if (spread === undefined) {
    return undefined;
  }
  const { median, min, max } = spread;
  return `${showNumber(median, digits)} (${showNumber(min, digits)}..${showNumber(max, digits)})`;
}

export function showNumber(number: number, digits = 0): string {
  return number.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
