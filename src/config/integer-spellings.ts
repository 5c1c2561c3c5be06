/** Decimal or 0x; a leading zero, octal there, is refused as ambiguous. */
export function parseInteger(text: string): number | null {
  const match = /^([+-]?)(0x[0-9a-f]+|0|[1-9][0-9]*)$/i.exec(text.trim());
  if (match === null) {
    return null;
  }
  const magnitude = Number(match[2]);
  const value = match[1] === '-' ? 0 - magnitude : magnitude;
  return Number.isSafeInteger(value) ? value : null;
}

export function parseIntegerBetween(text: string, lowest: number, highest: number): number | null {
  const value = parseInteger(text);
  return value === null || value < lowest || value > highest ? null : value;
}
