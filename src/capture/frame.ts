import type { BpfProgram } from './bpf-assembler.ts';

/**
 * The record that crosses the door from capture to decode, and the contract of every source of it.
 *
 * One Frame is made by the pipeline and filled again for each packet: nothing is allocated a packet.
 */
export interface Frame {
  /** The buffer that the offsets refer to. It changes rarely: assign it only when it does. */
  bytes: Uint8Array;
  /** First captured byte. */
  offset: number;
  /** One past the last captured byte. */
  end: number;
  /** Length on the wire, in bytes; larger than `end - offset` where the capture cut the frame. */
  wireLength: number;
  /** Epoch seconds of the packet. */
  timestampSec: number;
  /** Nanoseconds within that second, 0 to 999,999,999. */
  timestampSubsecNs: number;
  /** What the first byte belongs to: one of `link-types.ts`. */
  linkType: number;
  /** EtherType of the payload, in network meaning; read for LINKTYPE_NETWORK only. */
  etherType: number;
  /** Where it was captured, as `Segment` has it; read for LINKTYPE_NETWORK only. */
  device: number;
  /** 1 when the kernel took the outer VLAN tag out of the bytes and kept it in `vlanTci`. */
  vlanTagged: 0 | 1;
  /** Tag control information of that tag: 3 bits priority, 1 bit DEI, 12 bits VLAN id. */
  vlanTci: number;
}

export function createFrame(): Frame {
  return {
    bytes: new Uint8Array(0),
    offset: 0,
    end: 0,
    wireLength: 0,
    timestampSec: 0,
    timestampSubsecNs: 0,
    linkType: 0,
    etherType: 0,
    device: 0,
    vlanTagged: 0,
    vlanTci: 0,
  };
}

/** `next` has frames to give. */
export const FILL_FRAMES = 0;
/** Nothing came within the bounded wait: a moment for periodic work. */
export const FILL_IDLE = 1;
/** There will be no more frames. */
export const FILL_END = 2;

export type FillState = typeof FILL_FRAMES | typeof FILL_IDLE | typeof FILL_END;

export interface CaptureStatistics {
  /** Packets that passed the filter, those that were dropped included. */
  packets: number;
  /** Packets that the kernel dropped because the ring was full. */
  drops: number;
  /** Times that the kernel froze the queue because every block was ours. */
  freezes: number;
  /**
   * Share of the ring, 0 to 1, that waited to be read at the fullest moment since this was asked last; not
   * there where no ring is to be seen.
   */
  ringFill?: number;
}

/** Makes the kernel's filter for what the first byte of a socket's packets belongs to. */
export type FilterBuilder = (linkLayer: 'ethernet' | 'network') => BpfProgram;

/**
 * Where frames come from: a ring, libpcap, a capture file.
 *
 * Call `fill`, then `next` until it gives false, then `fill` again. `fill` waits at most a bounded time
 * when live; it throws HttplogError when the source fails, but only after every frame that could be read
 * was given by `next`. A frame's bytes are valid until the next call of `next` or `fill`.
 */
export interface FrameSource {
  fill(): Promise<FillState>;
  /** Hot. Writes the next frame into `frame`, or gives false when a new `fill` is needed. */
  next(frame: Frame): boolean;
  /** Totals since the source was opened. */
  statistics(): CaptureStatistics;
  /** Live: lets no new packet in; what the source already holds can still be read. */
  stop(): void;
  /** Gives everything back. Frames must not be touched afterwards. */
  close(): void;
  /**
   * Gives up what `next` was in the middle of, and leaves the rest to the thread that follows: called in place
   * of `close` where there is such a rest. Gives the number of packets that are lost by it.
   */
  abandon?(): number;
  /**
   * Live, where it can be done without a gap: packets pass by another filter from here on. What the source holds
   * has passed the old one.
   *
   * @throws HttplogError when the kernel does not take it; the old one stays
   */
  replaceFilter?(build: FilterBuilder): void;
}
