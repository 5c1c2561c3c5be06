import { HttplogError } from '../errors.ts';
import {
  closeDescriptor,
  EINTR,
  ENETDOWN,
  errorNumber,
  ifNameToIndex,
  munmap,
  poll,
  viewMemory,
} from '../system/libc.ts';
import type { BpfProgram } from './bpf-assembler.ts';
import {
  type CaptureStatistics,
  FILL_END,
  FILL_FRAMES,
  FILL_IDLE,
  type FillState,
  type FilterBuilder,
  type Frame,
  type FrameSource,
} from './frame.ts';
import { LOOP_TURN_INTERVAL_MS, RING_DRAIN_MS, RING_WAIT_MAX_MS } from './limits.ts';
import { LINKTYPE_ETHERNET, LINKTYPE_NETWORK } from './link-types.ts';
import { interfaceLinkLayer, isLoopbackInterface } from './network-device.ts';
import {
  attachFilter,
  bindToInterface,
  captureError,
  findInterfaceIndex,
  ignoreOutgoing,
  joinFanout,
  makePromiscuous,
  mapRing,
  openSocket,
  readPacketStatistics,
  readSocketError,
  setUpRing,
} from './packet-socket.ts';
import {
  findRing,
  type MappedRing,
  type RingRegistry,
  registerRing,
  unregisterRing,
} from './ring-registry.ts';
import {
  abandonBlock,
  beginRingFill,
  createRingWalk,
  nextRingFrame,
  type RingWalk,
  resumeRingWalk,
  takeRingFill,
} from './tpacket-v3.ts';

export interface AfPacketOptions {
  /** A device's name, or `any`. */
  interfaceName: string;
  ringBytes: number;
  isPromiscuous: boolean;
  /** Made for `linkLayer` as `interfaceLinkLayer` tells it; its return value is the snap length. */
  filter: BpfProgram;
  /** Sockets of the same group share the packets by flow; undefined when there is one socket only. */
  fanoutGroup: number | undefined;
  /** Is told where the ring lies while it is open. */
  registry?: RingRegistry | undefined;
  clockMs: ClockMs;
}

/** Milliseconds that pass whatever is done to the host's clock; a room of data has none of its own. */
export type ClockMs = () => number;

const SOCK_RAW = 3;
const SOCK_DGRAM = 2;
const POLLIN = 1;
const POLLERR = 8;
const BPF_RET_K = 0x06;

/**
 * Opens the kernel's packet ring on a device.
 *
 * The order matters: a socket with protocol 0 receives nothing, so ring and filter are in place before
 * `bind` starts the flow, and no frame that the filter refuses is ever seen.
 *
 * Errors: HTTPLOG_CAPTURE_PERMISSION (4), HTTPLOG_INTERFACE_NOT_FOUND (3), HTTPLOG_INTERFACE_LOST (1), which
 * is gone or down in the middle of this, HTTPLOG_RING_MEMORY (1), HTTPLOG_CAPTURE (1).
 */
export function openAfPacketEngine(options: AfPacketOptions): FrameSource {
  const { interfaceName } = options;
  const interfaceIndex = findInterfaceIndex(interfaceName);
  const device = { interfaceName, interfaceIndex };
  const linkLayer = interfaceLinkLayer(interfaceName);
  const descriptor = openSocket(linkLayer === 'ethernet' ? SOCK_RAW : SOCK_DGRAM);
  try {
    const ring = setUpRing(descriptor, options.ringBytes);
    attachFilter(descriptor, options.filter);
    const isLoopback = isLoopbackInterface(interfaceName);
    if (isLoopback && options.fanoutGroup === undefined) {
      ignoreOutgoing(descriptor);
    }
    bindToInterface(descriptor, device);
    if (options.isPromiscuous && interfaceIndex !== 0) {
      makePromiscuous(descriptor, device);
    }
    if (options.fanoutGroup !== undefined) {
      joinFanout(descriptor, options.fanoutGroup, isLoopback, device);
    }
    // Last, so that no failure above leaves a mapping behind.
    const address = mapRing(descriptor, ring.byteLength);
    const mapped = {
      ...ring,
      descriptor,
      address,
      linkType: linkLayer === 'ethernet' ? LINKTYPE_ETHERNET : LINKTYPE_NETWORK,
      loopbackIndex: isLoopback || interfaceIndex === 0 ? ifNameToIndex('lo') : 0,
    };
    const engine = new AfPacketEngine(mapped, createWalk(mapped), options);
    // Behind all that can fail: what is registered is open.
    if (options.registry !== undefined) {
      registerRing(options.registry, mapped);
    }
    return engine;
  } catch (error) {
    closeDescriptor(descriptor);
    throw error;
  }
}

/**
 * Goes on with the ring that a thread which died has left, or gives undefined when it left none. The packets
 * that wait in it are there; call `abandon` for the block that the thread was in the middle of.
 */
export function takeOverAfPacketEngine(
  registry: RingRegistry,
  clockMs: ClockMs,
): FrameSource | undefined {
  const ring = findRing(registry);
  if (ring === undefined) {
    return undefined;
  }
  const walk = createWalk(ring);
  resumeRingWalk(walk);
  return new AfPacketEngine(ring, walk, { registry, clockMs });
}

function createWalk(ring: MappedRing): RingWalk {
  return createRingWalk(viewMemory(ring.address, ring.byteLength), ring);
}

class AfPacketEngine implements FrameSource {
  readonly #descriptor: number;
  readonly #address: unknown;
  readonly #walk: RingWalk;
  readonly #registry: RingRegistry | undefined;
  readonly #clockMs: ClockMs;
  readonly #pollRequest: Int16Array;
  readonly #statistics: CaptureStatistics = { packets: 0, drops: 0, freezes: 0 };
  #lastTurnMs = 0;
  /** From here on the kernel holds nothing back any more. */
  #drainEndMs = Number.POSITIVE_INFINITY;
  #isClosed = false;

  constructor(
    ring: MappedRing,
    walk: RingWalk,
    { registry, clockMs }: Pick<AfPacketOptions, 'registry' | 'clockMs'>,
  ) {
    this.#descriptor = ring.descriptor;
    this.#address = ring.address;
    this.#walk = walk;
    this.#registry = registry;
    this.#clockMs = clockMs;
    const pollRequest = new Int32Array(2); // struct pollfd: int fd, short events, short revents
    pollRequest[0] = ring.descriptor;
    this.#pollRequest = new Int16Array(pollRequest.buffer);
  }

  async fill(): Promise<FillState> {
    if (this.#clockMs() - this.#lastTurnMs >= LOOP_TURN_INTERVAL_MS) {
      await this.#giveTurn();
    }
    if (beginRingFill(this.#walk)) {
      return FILL_FRAMES;
    }
    this.#waitForBlock(Math.min(RING_WAIT_MAX_MS, this.#drainEndMs - this.#clockMs()));
    if (beginRingFill(this.#walk)) {
      return FILL_FRAMES;
    }
    return this.#clockMs() < this.#drainEndMs ? FILL_IDLE : FILL_END;
  }

  next(frame: Frame): boolean {
    return nextRingFrame(this.#walk, frame);
  }

  statistics(): CaptureStatistics {
    if (!this.#isClosed) {
      const counters = readPacketStatistics(this.#descriptor);
      this.#statistics.packets += counters[0];
      this.#statistics.drops += counters[1];
      this.#statistics.freezes += counters[2];
      this.#statistics.ringFill = takeRingFill(this.#walk);
    }
    return this.#statistics;
  }

  stop(): void {
    attachFilter(this.#descriptor, rejectAllProgram());
    this.#drainEndMs = this.#clockMs() + RING_DRAIN_MS;
  }

  /** The kernel puts one in the place of the other: no packet meets none. */
  replaceFilter(build: FilterBuilder): void {
    const isEthernet = this.#walk.linkType === LINKTYPE_ETHERNET;
    attachFilter(this.#descriptor, build(isEthernet ? 'ethernet' : 'network'));
  }

  abandon(): number {
    return abandonBlock(this.#walk);
  }

  close(): void {
    this.statistics();
    this.#isClosed = true;
    if (this.#registry !== undefined) {
      unregisterRing(this.#registry);
    }
    munmap(this.#address, this.#walk.bytes.byteLength);
    closeDescriptor(this.#descriptor);
  }

  /** A turn of the event loop: written buffers come back and a stop is heard, at any load. */
  async #giveTurn(): Promise<void> {
    await new Promise(setImmediate);
    this.#lastTurnMs = this.#clockMs();
  }

  #waitForBlock(timeoutMs: number): void {
    const pollRequest = this.#pollRequest;
    pollRequest[2] = POLLIN | POLLERR;
    pollRequest[3] = 0;
    const ready = poll(pollRequest, 1, Math.max(0, Math.ceil(timeoutMs)));
    if (ready < 0 && errorNumber() !== EINTR) {
      throw captureError('poll');
    }
    if (ready > 0 && (pollRequest[3] & POLLERR) !== 0) {
      this.#checkSocketError();
    }
  }

  /** Reading the error clears it, so the next wait waits. A device that is down is waited for. */
  #checkSocketError(): void {
    const error = readSocketError(this.#descriptor);
    if (error !== 0 && error !== ENETDOWN) {
      throw new HttplogError(`The packet socket failed with error number ${error}`, {
        code: 'HTTPLOG_CAPTURE',
        exitCode: 1,
      });
    }
  }
}

function rejectAllProgram(): BpfProgram {
  const instructions = Buffer.alloc(8);
  instructions.writeUInt16LE(BPF_RET_K, 0);
  return { instructions, length: 1 };
}
