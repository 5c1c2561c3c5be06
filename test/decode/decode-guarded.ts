/** Runs decoders over frames in such a way that a read outside the frame shows. */
import { createSegment, type Segment } from '../../src/decode/segment.ts';
import { VERDICT_NAMES, VERDICT_SEGMENT } from '../../src/decode/verdicts.ts';

export type Decoder = (bytes: Uint8Array, offset: number, end: number, segment: Segment) => number;

/** A segment with offsets counted from the frame's first byte. */
export interface DecodedSegment {
  addressLength: number;
  sourceAddressOffset: number;
  targetAddressOffset: number;
  sourcePort: number;
  targetPort: number;
  sequenceNumber: number;
  payloadOffset: number;
  payloadEnd: number;
  vlanIds: number[];
}

export interface Decoded {
  /** Name of the verdict. */
  verdict: string;
  /** Only when the verdict is VERDICT_SEGMENT. */
  segment: DecodedSegment | undefined;
}

/** Where frames begin in the buffer, so that no offset is right by being counted from 0. */
const FRAME_OFFSET = 7;
const BYTES_BEHIND = 80;
/** What stands behind the frame's end: nothing, all bits, IPv4 with IHL 5, IPv6. */
const FILL_BYTES = [0x00, 0xff, 0x45, 0x60];

/** Bytes written as hex, one field a line; what follows `#` says which field it is. */
export function hexBytes(text: string): Uint8Array {
  const hex = text
    .split('\n')
    .map((line) => line.split('#')[0])
    .join('')
    .replaceAll(' ', '');
  if (hex.length % 2 === 1 || !/^[0-9a-f]*$/.test(hex)) {
    throw new Error(`No hex bytes: ${hex}`);
  }
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/**
 * Decodes the first `byteLength` bytes of a frame.
 *
 * @throws when a byte outside them is read, or when what stands behind them changes the result
 */
export function decodeGuarded(
  decode: Decoder,
  frame: Uint8Array,
  byteLength: number = frame.length,
): Decoded {
  const end = FRAME_OFFSET + byteLength;
  const buffer = new Uint8Array(FRAME_OFFSET + frame.length + BYTES_BEHIND).fill(0x45);
  buffer.set(frame, FRAME_OFFSET);
  const decoded = decodeIn(decode, guardBytes(buffer, FRAME_OFFSET, end), end);
  for (const fill of FILL_BYTES) {
    buffer.fill(fill, end);
    const again = decodeIn(decode, buffer, end);
    if (JSON.stringify(again) !== JSON.stringify(decoded)) {
      throw new Error(`Bytes ${fill} behind the end change ${JSON.stringify(decoded)}`);
    }
  }
  return decoded;
}

/** The verdict's name alone. */
export function verdictOf(decode: Decoder, frame: Uint8Array, byteLength?: number): string {
  return decodeGuarded(decode, frame, byteLength).verdict;
}

/** Verdicts of a frame that is cut at each byte, as runs of captured lengths: `0-13 link_truncated`. */
export function verdictsByCut(decode: Decoder, frame: Uint8Array): string[] {
  const runs: { first: number; last: number; verdict: string }[] = [];
  for (let byteLength = 0; byteLength <= frame.length; byteLength++) {
    const verdict = verdictOf(decode, frame, byteLength);
    const run = runs.at(-1);
    if (run?.verdict === verdict) {
      run.last = byteLength;
    } else {
      runs.push({ first: byteLength, last: byteLength, verdict });
    }
  }
  return runs.map(({ first, last, verdict }) => `${first}-${last} ${verdict}`);
}

/**
 * The bytes up to `end`, of which those before `offset` and behind `end` cannot be read: a read through a
 * DataView of the buffer throws behind `end`, because the buffer ends there.
 */
export function guardBytes(bytes: Uint8Array, offset: number, end: number): Uint8Array {
  return new Proxy(bytes.slice(0, end), {
    get(target, key) {
      if (key === 'buffer' || key === 'byteOffset' || key === 'byteLength') {
        return target[key];
      }
      const index = Number(key);
      if (!(index >= offset && index < end)) {
        throw new Error(`Read at ${String(key)}, outside ${offset} to ${end}`);
      }
      return target[index];
    },
  });
}

/** A frame with one byte changed. */
export function withByte(frame: Uint8Array, offset: number, value: number): Uint8Array {
  const bytes = Uint8Array.from(frame);
  bytes[offset] = value;
  return bytes;
}

/** One for all: its table of UDP tunnels has an entry a port. */
const segment = createSegment();

function decodeIn(decode: Decoder, bytes: Uint8Array, end: number): Decoded {
  segment.vlanTagsCount = 0;
  segment.tunnelsCount = 0;
  const verdict = decode(bytes, FRAME_OFFSET, end, segment);
  if (!(verdict in VERDICT_NAMES)) {
    throw new Error(`No verdict: ${verdict}`);
  }
  return {
    verdict: VERDICT_NAMES[verdict],
    segment: verdict === VERDICT_SEGMENT ? relativeSegment(segment) : undefined,
  };
}

function relativeSegment(decoded: Segment): DecodedSegment {
  const { vlanTagsCount, vlanIds, tunnelsCount, udpTunnels, isPayloadCut, ...others } = decoded;
  const { fragments, isReassembled, unreadKind, device, translation, ...fields } = others;
  return {
    ...fields,
    sourceAddressOffset: decoded.sourceAddressOffset - FRAME_OFFSET,
    targetAddressOffset: decoded.targetAddressOffset - FRAME_OFFSET,
    payloadOffset: decoded.payloadOffset - FRAME_OFFSET,
    payloadEnd: decoded.payloadEnd - FRAME_OFFSET,
    vlanIds: [...vlanIds.subarray(0, vlanTagsCount)],
  };
}
