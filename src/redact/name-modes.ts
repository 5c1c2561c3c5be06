import { BYTE_PLUS, BYTE_SPACE, ESCAPE_BYTES, lowerByte, readEscape } from './byte-classes.ts';
import type { FieldModes, RedactionMode } from './redaction-settings.ts';

export const MODE_KEEP = 0;
export const MODE_DROP = 1;
export const MODE_REDACT = 2;

export type Mode = typeof MODE_KEEP | typeof MODE_DROP | typeof MODE_REDACT;

const MODES: Readonly<Record<RedactionMode, Mode>> = {
  keep: MODE_KEEP,
  drop: MODE_DROP,
  redact: MODE_REDACT,
};

/** What stands in the place of a value. */
export const REDACTED = new Uint8Array(Buffer.from('REDACTED', 'latin1'));
export const NOTHING = new Uint8Array(0);

/** Before a name whose case means nothing, as in patterns. */
export const IGNORES_CASE = /^\(\?i\)/;

export interface NameMode {
  /** In lower case when case means nothing. */
  readonly bytes: Uint8Array;
  readonly ignoresCase: boolean;
  readonly mode: Mode;
}

/** The modes of a class, ready to be asked for. */
export interface NameModes {
  readonly defaultMode: Mode;
  readonly names: readonly NameMode[];
  /** Every value is kept: there is nothing to look at. */
  readonly isKept: boolean;
}

/** @param classDefault of the class, where the operator has not said one */
export function createNameModes(fields: FieldModes, classDefault: RedactionMode): NameModes {
  const defaultMode = MODES[fields.default ?? classDefault];
  // The last word about a name counts.
  const names = [...new Map(fields.byName)].map(([name, mode]) => {
    const ignoresCase = IGNORES_CASE.test(name);
    const bytes = new Uint8Array(Buffer.from(name.replace(IGNORES_CASE, ''), 'utf8'));
    return { bytes: ignoresCase ? bytes.map(lowerByte) : bytes, ignoresCase, mode: MODES[mode] };
  });
  const isKept = defaultMode === MODE_KEEP && names.every(({ mode }) => mode === MODE_KEEP);
  return { defaultMode, names, isKept };
}

/** Whether a byte of a value is this one of the name. */
export function isNameByte(name: NameMode, index: number, byte: number): boolean {
  return (name.ignoresCase ? lowerByte(byte) : byte) === name.bytes[index];
}

/** The name's own mode, or -1. Byte for byte. */
export function findMode(
  modes: NameModes,
  bytes: Uint8Array,
  offset: number,
  end: number,
): Mode | -1 {
  for (let index = 0; index < modes.names.length; index++) {
    const name = modes.names[index];
    if (name.bytes.length === end - offset && isNameAt(bytes, offset, name)) {
      return name.mode;
    }
  }
  return -1;
}

function isNameAt(bytes: Uint8Array, offset: number, name: NameMode): boolean {
  for (let index = 0; index < name.bytes.length; index++) {
    if (!isNameByte(name, index, bytes[offset + index])) {
      return false;
    }
  }
  return true;
}

/** The same for a name as it stands in a query, where `%XX` is a byte and `+` a space. */
export function findEncodedMode(
  modes: NameModes,
  bytes: Uint8Array,
  offset: number,
  end: number,
): Mode | -1 {
  for (let index = 0; index < modes.names.length; index++) {
    const name = modes.names[index];
    if (isEncodedName(bytes, offset, end, name)) {
      return name.mode;
    }
  }
  return -1;
}

function isEncodedName(bytes: Uint8Array, at: number, end: number, name: NameMode): boolean {
  for (let index = 0; index < name.bytes.length; index++) {
    if (at >= end) {
      return false;
    }
    const decoded = readEscape(bytes, at, end);
    const byte = decoded !== -1 ? decoded : bytes[at] === BYTE_PLUS ? BYTE_SPACE : bytes[at];
    if (!isNameByte(name, index, byte)) {
      return false;
    }
    at += decoded === -1 ? 1 : ESCAPE_BYTES;
  }
  return at === end;
}
