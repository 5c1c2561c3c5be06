import type { Frame } from './frame.ts';
import { PCAPNG_OPTIONS_MAX } from './limits.ts';

/** What an interface description says about the packets of its interface. */
export interface PcapngInterface {
  linkType: number;
  /** Bytes; Infinity where the file sets no limit. */
  snaplen: number;
  /** Ticks of a timestamp in one second, or 0 where they take the slow path of `slowTicksPerSec`. */
  ticksPerSec: number;
  /** Nanoseconds of one tick; exact, and so are its products with the ticks of less than a second. */
  tickNs: number;
  slowTicksPerSec: bigint;
  /** Seconds to add to every timestamp. */
  offsetSec: number;
  /** Bytes of frame check sequence at the end of each packet. */
  fcsBytes: number;
}

const LINK_TYPE_AT = 8;
const SNAPLEN_AT = 12;
const OPTIONS_AT = 16;

const OPTION_HEADER_BYTES = 4;
const OPTION_END = 0;
const OPTION_TSRESOL = 9;
const OPTION_FCSLEN = 13;
const OPTION_TSOFFSET = 14;

const NS_PER_SEC = 1_000_000_000;
const TWO_TO_16 = 0x10000;
const TWO_TO_32 = 0x1_0000_0000;
/** Up to these exponents a second has at most 2^30 ticks, and doubles are exact. */
const DECIMAL_EXPONENT_FAST_MAX = 9;
const BINARY_EXPONENT_FAST_MAX = 30;
/** Past these one second of ticks does not fit into the 64 bits of a timestamp. */
const DECIMAL_EXPONENT_MAX = 19;
const BINARY_EXPONENT_MAX = 63;

/** The interface of a description block, or what is wrong with the block. */
export function readInterface(
  view: DataView,
  block: number,
  trailer: number,
  littleEndian: boolean,
): PcapngInterface | string {
  if (trailer - block < OPTIONS_AT) {
    return `its block of ${trailer + 4 - block} bytes is shorter than its type needs`;
  }
  const snaplen = view.getUint32(block + SNAPLEN_AT, littleEndian);
  const device: PcapngInterface = {
    linkType: view.getUint16(block + LINK_TYPE_AT, littleEndian),
    snaplen: snaplen === 0 ? Number.POSITIVE_INFINITY : snaplen,
    ticksPerSec: 1_000_000,
    tickNs: 1000,
    slowTicksPerSec: 0n,
    offsetSec: 0,
    fcsBytes: 0,
  };
  let option = block + OPTIONS_AT;
  for (let count = 0; count < PCAPNG_OPTIONS_MAX; count += 1) {
    if (trailer - option < OPTION_HEADER_BYTES) {
      return option === trailer ? device : 'an option of its interface runs past its block';
    }
    const code = view.getUint16(option, littleEndian);
    const length = view.getUint16(option + 2, littleEndian);
    const value = option + OPTION_HEADER_BYTES;
    if (code === OPTION_END) {
      return device;
    }
    // The padding of the last option may be missing, its value may not.
    if (length > trailer - value) {
      return 'an option of its interface runs past its block';
    }
    const wrong = applyOption(device, view, code, value, length, littleEndian);
    if (wrong !== '') {
      return wrong;
    }
    option = Math.min(trailer, value + length + (-length & 3));
  }
  return `its interface has more than ${PCAPNG_OPTIONS_MAX} options`;
}

function applyOption(
  device: PcapngInterface,
  view: DataView,
  code: number,
  value: number,
  length: number,
  littleEndian: boolean,
): string {
  switch (code) {
    case OPTION_TSRESOL:
      return length === 1
        ? setResolution(device, view.getUint8(value))
        : `its if_tsresol option has ${length} bytes, not 1`;
    case OPTION_TSOFFSET:
      if (length !== 8) {
        return `its if_tsoffset option has ${length} bytes, not 8`;
      }
      device.offsetSec = Number(view.getBigInt64(value, littleEndian));
      return '';
    case OPTION_FCSLEN:
      if (length !== 1) {
        return `its if_fcslen option has ${length} bytes, not 1`;
      }
      device.fcsBytes = fcsBytes(view.getUint8(value));
      return '';
    default:
      return '';
  }
}

/** The draft counts bits, its example and most writers count bytes: no FCS has 16 bytes or more. */
function fcsBytes(value: number): number {
  return value < 16 ? value : value >> 3;
}

function setResolution(device: PcapngInterface, resolution: number): string {
  const isBinary = (resolution & 0x80) !== 0;
  const exponent = resolution & 0x7f;
  const base = isBinary ? 2 : 10;
  if (exponent > (isBinary ? BINARY_EXPONENT_MAX : DECIMAL_EXPONENT_MAX)) {
    return `its if_tsresol of ${base}^-${exponent} seconds is too fine`;
  }
  const isFast = exponent <= (isBinary ? BINARY_EXPONENT_FAST_MAX : DECIMAL_EXPONENT_FAST_MAX);
  device.ticksPerSec = isFast ? base ** exponent : 0;
  device.tickNs = isFast ? NS_PER_SEC / base ** exponent : 0;
  device.slowTicksPerSec = isFast ? 0n : BigInt(base) ** BigInt(exponent);
  return '';
}

/**
 * Hot. Writes the time of a timestamp of two unsigned words into `frame`, exact to the nanosecond below.
 *
 * Long division by the ticks of a second, 16 bits at a time: remainders stay below 2^30, so every
 * dividend stays below 2^46 and every quotient is exact in a double.
 */
export function setTimestamp(
  frame: Frame,
  device: PcapngInterface,
  high: number,
  low: number,
): void {
  const ticksPerSec = device.ticksPerSec;
  if (ticksPerSec === 0) {
    setFineTimestamp(frame, device, high, low);
    return;
  }
  const quotientHigh = Math.floor(high / ticksPerSec);
  const middle = (high - quotientHigh * ticksPerSec) * TWO_TO_16 + (low >>> 16);
  const quotientMiddle = Math.floor(middle / ticksPerSec);
  const rest = (middle - quotientMiddle * ticksPerSec) * TWO_TO_16 + (low & 0xffff);
  const quotientLow = Math.floor(rest / ticksPerSec);
  const seconds = quotientHigh * TWO_TO_32 + quotientMiddle * TWO_TO_16 + quotientLow;
  frame.timestampSec = seconds + device.offsetSec;
  frame.timestampSubsecNs = Math.floor((rest - quotientLow * ticksPerSec) * device.tickNs);
}

/** Resolutions that no double holds: BigInt, some 200 ns a packet. Writers of such files are rare. */
function setFineTimestamp(frame: Frame, device: PcapngInterface, high: number, low: number): void {
  const ticks = (BigInt(high) << 32n) | BigInt(low);
  const ticksPerSec = device.slowTicksPerSec;
  frame.timestampSec = Number(ticks / ticksPerSec) + device.offsetSec;
  frame.timestampSubsecNs = Number(((ticks % ticksPerSec) * BigInt(NS_PER_SEC)) / ticksPerSec);
}
