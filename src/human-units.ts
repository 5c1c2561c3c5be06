/**
 * Durations and sizes as people say them: `12 ms`, `1.4 s`, `12.3 kB`. Cut and not rounded, at most eight ASCII
 * characters: for looking at, not for sums.
 */

/** Bytes of a text at most: `9007 TB`, `850 us`. */
export const HUMAN_BYTES_MAX = 8;

const BYTE_0 = 0x30;
const BYTE_SPACE = 0x20;
const BYTE_DOT = 0x2e;

interface Unit {
  readonly name: Uint8Array;
  /** Nanoseconds or bytes of one. */
  readonly size: number;
  /** Numbers below this have one decimal. */
  readonly decimalBelow: number;
}

const DURATION_UNITS: readonly Unit[] = [
  unit('h', 3600e9, 10),
  unit('min', 60e9, 10),
  unit('s', 1e9, 100),
  unit('ms', 1e6, 10),
  unit('us', 1e3, 0),
];

const SIZE_UNITS: readonly Unit[] = [
  unit('TB', 1e12, 100),
  unit('GB', 1e9, 100),
  unit('MB', 1e6, 100),
  unit('kB', 1e3, 100),
  unit('B', 1, 0),
];

const scratch = new Uint8Array(HUMAN_BYTES_MAX);

/**
 * Writes nanoseconds of 0 to 2^53: `850 us`, `1.2 ms`, `12 ms`, `1.4 s`, `3.5 min`, `12 h`.
 *
 * @returns where the next byte goes; **the caller has made room for HUMAN_BYTES_MAX**
 */
export function writeHumanDuration(target: Uint8Array, at: number, durationNs: number): number {
  return writeInUnits(target, at, durationNs, DURATION_UNITS);
}

/**
 * Writes bytes of 0 to 2^53, a kilobyte of 1000: `512 B`, `12.3 kB`, `123 MB`.
 *
 * @returns where the next byte goes; **the caller has made room for HUMAN_BYTES_MAX**
 */
export function writeHumanSize(target: Uint8Array, at: number, byteCount: number): number {
  return writeInUnits(target, at, byteCount, SIZE_UNITS);
}

export function describeDuration(durationNs: number): string {
  return readScratch(writeHumanDuration(scratch, 0, durationNs));
}

export function describeSize(byteCount: number): string {
  return readScratch(writeHumanSize(scratch, 0, byteCount));
}

function readScratch(end: number): string {
  return String.fromCharCode(...scratch.subarray(0, end));
}

function unit(name: string, size: number, decimalBelow: number): Unit {
  return { name: Uint8Array.from(name, (letter) => letter.charCodeAt(0)), size, decimalBelow };
}

function writeInUnits(
  target: Uint8Array,
  at: number,
  value: number,
  units: readonly Unit[],
): number {
  let index = 0;
  while (index < units.length - 1 && value < units[index].size) {
    index++;
  }
  const { name, size, decimalBelow } = units[index];
  const whole = Math.floor(value / size);
  at = writeWhole(target, at, whole);
  if (whole < decimalBelow) {
    target[at++] = BYTE_DOT;
    target[at++] = BYTE_0 + Math.floor((value - whole * size) / (size / 10));
  }
  target[at++] = BYTE_SPACE;
  for (let letter = 0; letter < name.length; letter++) {
    target[at++] = name[letter];
  }
  return at;
}

/** At most four digits: 2^53 of the smallest unit are no more of the largest. */
function writeWhole(target: Uint8Array, at: number, value: number): number {
  for (let power = 1000; power > 1; power /= 10) {
    if (value >= power) {
      target[at++] = BYTE_0 + (Math.floor(value / power) % 10);
    }
  }
  target[at++] = BYTE_0 + (value % 10);
  return at;
}
