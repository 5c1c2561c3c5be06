import { parseIntegerBetween } from './integer-spellings.ts';

/** Units of sizes, the smallest first; each is 1024 times the one before. */
const UNITS = ['', 'KB', 'MB', 'GB', 'TB'];
const UNIT_FACTOR = 1024;
/** The B may be left out, letters may be small, and KiB is KB. */
const SIZE = /^([0-9]+)\s*(?:([KMGT])(?:i?B)?|B)?$/i;

/** Bytes of a size such as `500000`, `64KB` or `2G`; 0, or at least `lowest`. */
export function parseSize(text: string, lowest: number): number | null {
  const match = SIZE.exec(text.trim());
  if (match === null) {
    return null;
  }
  const count = parseIntegerBetween(match[1], 0, Number.MAX_SAFE_INTEGER);
  const letter = (match[2] ?? '').toUpperCase();
  const power = letter === '' ? 0 : UNITS.indexOf(`${letter}B`);
  const bytes = (count ?? Number.NaN) * UNIT_FACTOR ** power;
  return Number.isSafeInteger(bytes) && (bytes === 0 || bytes >= lowest) ? bytes : null;
}

/** In the largest unit that has it whole. */
export function printSize(bytes: number): string {
  let power = 0;
  let count = bytes;
  while (count > 0 && count % UNIT_FACTOR === 0 && power < UNITS.length - 1) {
    count /= UNIT_FACTOR;
    power += 1;
  }
  return `${count}${UNITS[power]}`;
}
