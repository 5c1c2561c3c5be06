import { readFileSync } from 'node:fs';
import { HttplogError } from '../errors.ts';
import { POLL_TIMEOUT_MS, RING_BLOCK_BYTES, RING_RETIRE_TIMEOUT_MS } from '../limits.ts';
import type { BpfProgram } from './bpf-assembler.ts';
import {
  type CaptureStatistics,
  FILL_END,
  FILL_FRAMES,
  FILL_IDLE,
  type FillState,
  type Frame,
  type FrameSource,
} from './frame.ts';
import {
  addressOf,
  bind,
  closeDescriptor,
  EACCES,
  EINTR,
  ENETDOWN,
  ENOMEM,
  EPERM,
  errorNumber,
  getsockopt,
  ifNameToIndex,
  isMapFailed,
  mmap,
  munmap,
  poll,
  setsockopt,
  socket,
  viewMemory,
} from './libc.ts';
import { LINKTYPE_ETHERNET, LINKTYPE_NETWORK } from './link-types.ts';
import { beginRingFill, createRingWalk, nextRingFrame, type RingWalk } from './tpacket-v3.ts';

export interface AfPacketOptions {
  /** A device's name, or `any`. */
  interfaceName: string;
  ringBytes: number;
  isPromiscuous: boolean;
  /** Made for `linkLayer` as `interfaceLinkLayer` tells it; its return value is the snap length. */
  filter: BpfProgram;
  /** Sockets of the same group share the packets by flow; undefined when there is one socket only. */
  fanoutGroup: number | undefined;
}

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_DGRAM = 2;
const ETH_P_ALL = 3;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_ATTACH_FILTER = 26;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_RX_RING = 5;
const PACKET_STATISTICS = 6;
const PACKET_VERSION = 10;
const PACKET_FANOUT = 18;
const PACKET_IGNORE_OUTGOING = 23;
const TPACKET_V3 = 2;
const PACKET_MR_PROMISC = 1;
const PACKET_FANOUT_HASH = 0;
const PACKET_FANOUT_FLAG_IGNORE_OUTGOING = 0x4000;
const PACKET_FANOUT_FLAG_DEFRAG = 0x8000;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const POLLIN = 1;
const POLLERR = 8;
const BPF_RET_K = 0x06;

const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;

const RING_BLOCKS_MIN = 4;
/** Blocks that a ring has before its blocks grow to RING_BLOCK_BYTES. */
const RING_BLOCKS_TARGET = 32;
const RING_BLOCK_BYTES_MIN = 128 * 1024;
/** The kernel checks it and TPACKET_V3 does not use it: frames lie one behind the other. */
const RING_FRAME_BYTES = 2048;

/**
 * What the first byte of a device's frames belongs to. Devices without an Ethernet header (tun, ppp, and
 * `any`, which mixes them) are read from the network layer on.
 */
export function interfaceLinkLayer(interfaceName: string): 'ethernet' | 'network' {
  if (interfaceName === 'any') {
    return 'network';
  }
  const hardwareType = readHardwareType(interfaceName);
  return hardwareType === ARPHRD_ETHER || hardwareType === ARPHRD_LOOPBACK ? 'ethernet' : 'network';
}

/**
 * Opens the kernel's packet ring on a device.
 *
 * The order matters: a socket with protocol 0 receives nothing, so ring and filter are in place before
 * `bind` starts the flow, and no frame that the filter refuses is ever seen.
 *
 * Errors: HTTPLOG_CAPTURE_PERMISSION (4), HTTPLOG_INTERFACE_NOT_FOUND (3), HTTPLOG_RING_MEMORY (1),
 * HTTPLOG_CAPTURE (1).
 */
export function openAfPacketEngine(options: AfPacketOptions): FrameSource {
  const interfaceIndex = findInterfaceIndex(options.interfaceName);
  const linkLayer = interfaceLinkLayer(options.interfaceName);
  const descriptor = openSocket(linkLayer === 'ethernet' ? SOCK_RAW : SOCK_DGRAM);
  try {
    const ring = setUpRing(descriptor, options.ringBytes);
    attachFilter(descriptor, options.filter);
    const isLoopback = isLoopbackInterface(options.interfaceName);
    if (isLoopback && options.fanoutGroup === undefined) {
      setOption(descriptor, PACKET_IGNORE_OUTGOING, int32(1), 'PACKET_IGNORE_OUTGOING');
    }
    bindToInterface(descriptor, interfaceIndex);
    if (options.isPromiscuous && interfaceIndex !== 0) {
      const request = packetMembership(interfaceIndex);
      setOption(descriptor, PACKET_ADD_MEMBERSHIP, request, 'PACKET_ADD_MEMBERSHIP');
    }
    if (options.fanoutGroup !== undefined) {
      joinFanout(descriptor, options.fanoutGroup, isLoopback);
    }
    // Last, so that no failure above leaves a mapping behind.
    const address = mapRing(descriptor, ring.byteLength);
    const walk = createRingWalk(viewMemory(address, ring.byteLength), {
      blockBytes: ring.blockBytes,
      linkType: linkLayer === 'ethernet' ? LINKTYPE_ETHERNET : LINKTYPE_NETWORK,
      loopbackIndex: isLoopback || interfaceIndex === 0 ? ifNameToIndex('lo') : 0,
    });
    return new AfPacketEngine(descriptor, address, walk);
  } catch (error) {
    closeDescriptor(descriptor);
    throw error;
  }
}

class AfPacketEngine implements FrameSource {
  readonly #descriptor: number;
  readonly #address: unknown;
  readonly #walk: RingWalk;
  readonly #pollRequest: Int16Array;
  readonly #statistics: CaptureStatistics = { packets: 0, drops: 0, freezes: 0 };
  #isStopping = false;
  #isClosed = false;

  constructor(descriptor: number, address: unknown, walk: RingWalk) {
    this.#descriptor = descriptor;
    this.#address = address;
    this.#walk = walk;
    const pollRequest = new Int32Array(2); // struct pollfd: int fd, short events, short revents
    pollRequest[0] = descriptor;
    this.#pollRequest = new Int16Array(pollRequest.buffer);
  }

  async fill(): Promise<FillState> {
    // One turn of the event loop a fill: written buffers come back and a stop is heard, at any load.
    await new Promise(setImmediate);
    if (beginRingFill(this.#walk)) {
      return FILL_FRAMES;
    }
    this.#waitForBlock();
    if (beginRingFill(this.#walk)) {
      return FILL_FRAMES;
    }
    // A wait lasts longer than the kernel holds a block back, so nothing can be left behind it.
    return this.#isStopping ? FILL_END : FILL_IDLE;
  }

  next(frame: Frame): boolean {
    return nextRingFrame(this.#walk, frame);
  }

  statistics(): CaptureStatistics {
    if (!this.#isClosed) {
      // struct tpacket_stats_v3; the kernel sets its counters to zero with each reading.
      const counters = new Uint32Array(3);
      const length = Uint32Array.of(counters.byteLength);
      getsockopt(this.#descriptor, SOL_PACKET, PACKET_STATISTICS, counters, length);
      this.#statistics.packets += counters[0];
      this.#statistics.drops += counters[1];
      this.#statistics.freezes += counters[2];
    }
    return this.#statistics;
  }

  stop(): void {
    attachFilter(this.#descriptor, rejectAllProgram());
    this.#isStopping = true;
  }

  close(): void {
    this.statistics();
    this.#isClosed = true;
    munmap(this.#address, this.#walk.bytes.byteLength);
    closeDescriptor(this.#descriptor);
  }

  #waitForBlock(): void {
    const pollRequest = this.#pollRequest;
    pollRequest[2] = POLLIN | POLLERR;
    pollRequest[3] = 0;
    const ready = poll(pollRequest, 1, POLL_TIMEOUT_MS);
    if (ready < 0 && errorNumber() !== EINTR) {
      throw captureError('poll');
    }
    if (ready > 0 && (pollRequest[3] & POLLERR) !== 0) {
      this.#readSocketError();
    }
  }

  /** Reading the error clears it, so the next wait waits. A device that is down is waited for. */
  #readSocketError(): void {
    const error = int32(0);
    getsockopt(this.#descriptor, SOL_SOCKET, SO_ERROR, error, Uint32Array.of(4));
    if (error[0] !== 0 && error[0] !== ENETDOWN) {
      throw new HttplogError(`The packet socket failed with error number ${error[0]}`, {
        code: 'HTTPLOG_CAPTURE',
        exitCode: 1,
      });
    }
  }
}

function openSocket(type: number): number {
  const descriptor = socket(AF_PACKET, type, 0);
  if (descriptor >= 0) {
    return descriptor;
  }
  const error = errorNumber();
  if (error === EPERM || error === EACCES) {
    throw new HttplogError('Capturing packets is not permitted to this user', {
      code: 'HTTPLOG_CAPTURE_PERMISSION',
      exitCode: 4,
      hint: 'Run as root, or give the process CAP_NET_RAW: no other capability is needed',
    });
  }
  throw captureError('socket(AF_PACKET)');
}

function findInterfaceIndex(interfaceName: string): number {
  if (interfaceName === 'any') {
    return 0;
  }
  const index = ifNameToIndex(interfaceName);
  if (index === 0) {
    throw new HttplogError(`There is no interface ${interfaceName}`, {
      code: 'HTTPLOG_INTERFACE_NOT_FOUND',
      exitCode: 3,
      hint: 'Run httplog interfaces to see those there are',
    });
  }
  return index;
}

function setUpRing(
  descriptor: number,
  ringBytes: number,
): { byteLength: number; blockBytes: number } {
  setOption(descriptor, PACKET_VERSION, int32(TPACKET_V3), 'PACKET_VERSION');
  const blockBytes = ringBlockBytes(ringBytes);
  const blocksCount = Math.max(RING_BLOCKS_MIN, Math.floor(ringBytes / blockBytes));
  const request = Uint32Array.of(
    blockBytes,
    blocksCount,
    RING_FRAME_BYTES,
    (blockBytes / RING_FRAME_BYTES) * blocksCount,
    RING_RETIRE_TIMEOUT_MS,
    0, // tp_sizeof_priv
    0, // tp_feature_req_word
  );
  setOption(descriptor, PACKET_RX_RING, request, 'PACKET_RX_RING');
  return { byteLength: blockBytes * blocksCount, blockBytes };
}

/** Blocks of RING_BLOCK_BYTES; halved for a small ring, so that some are ours while others are filled. */
export function ringBlockBytes(ringBytes: number): number {
  let blockBytes = RING_BLOCK_BYTES;
  while (blockBytes > RING_BLOCK_BYTES_MIN && ringBytes / blockBytes < RING_BLOCKS_TARGET) {
    blockBytes /= 2;
  }
  return blockBytes;
}

function mapRing(descriptor: number, byteLength: number): unknown {
  const address = mmap(null, byteLength, PROT_READ_WRITE, MAP_SHARED, descriptor, 0);
  if (isMapFailed(address)) {
    throw captureError('mmap of the packet ring');
  }
  return address;
}

function attachFilter(descriptor: number, program: BpfProgram): void {
  // struct sock_fprog: unsigned short len, padding, struct sock_filter *filter.
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(program.length, 0);
  bytes.writeBigUInt64LE(addressOf(program.instructions), 8);
  if (setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, bytes, bytes.length) !== 0) {
    throw captureError('SO_ATTACH_FILTER');
  }
}

function rejectAllProgram(): BpfProgram {
  const instructions = Buffer.alloc(8);
  instructions.writeUInt16LE(BPF_RET_K, 0);
  return { instructions, length: 1 };
}

function bindToInterface(descriptor: number, interfaceIndex: number): void {
  // struct sockaddr_ll; the protocol is in network byte order.
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(ETH_P_ALL, 2);
  address.writeInt32LE(interfaceIndex, 4);
  if (bind(descriptor, address, address.length) !== 0) {
    throw captureError('bind');
  }
}

function packetMembership(interfaceIndex: number): Uint8Array {
  // struct packet_mreq: int mr_ifindex, unsigned short mr_type, unsigned short mr_alen, 8 address bytes.
  const request = Buffer.alloc(16);
  request.writeInt32LE(interfaceIndex, 0);
  request.writeUInt16LE(PACKET_MR_PROMISC, 4);
  return request;
}

/** A group ignores outgoing copies by its own flag only: the socket option has no effect in it. */
function joinFanout(descriptor: number, group: number, isLoopback: boolean): void {
  const flags = PACKET_FANOUT_FLAG_DEFRAG | (isLoopback ? PACKET_FANOUT_FLAG_IGNORE_OUTGOING : 0);
  const argument = group | ((PACKET_FANOUT_HASH | flags) << 16);
  setOption(descriptor, PACKET_FANOUT, int32(argument), 'PACKET_FANOUT');
}

function isLoopbackInterface(interfaceName: string): boolean {
  return interfaceName !== 'any' && readHardwareType(interfaceName) === ARPHRD_LOOPBACK;
}

/** ARPHRD_* number of a device; 0 when the kernel does not tell, which reads it from the network layer on. */
function readHardwareType(interfaceName: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${interfaceName}/type`, 'latin1'));
  } catch {
    return 0;
  }
}

function setOption(
  descriptor: number,
  option: number,
  value: Int32Array | Uint32Array | Uint8Array,
  optionName: string,
): void {
  if (setsockopt(descriptor, SOL_PACKET, option, value, value.byteLength) !== 0) {
    throw captureError(optionName);
  }
}

function captureError(call: string): HttplogError {
  const error = errorNumber();
  if (error === ENOMEM) {
    return new HttplogError('The kernel has no memory for a packet ring of this size', {
      code: 'HTTPLOG_RING_MEMORY',
      exitCode: 1,
      hint: 'Choose a smaller ring with -b, or fewer workers with -cpu',
    });
  }
  if (error === EPERM || error === EACCES) {
    return new HttplogError(`${call} is not permitted to this user`, {
      code: 'HTTPLOG_CAPTURE_PERMISSION',
      exitCode: 4,
      hint: 'Run as root, or give the process CAP_NET_RAW: no other capability is needed',
    });
  }
  return new HttplogError(`${call} failed with error number ${error}`, {
    code: 'HTTPLOG_CAPTURE',
    exitCode: 1,
    hint: 'This kernel may not offer packet rings; try --engine libpcap',
  });
}

function int32(value: number): Int32Array {
  return Int32Array.of(value);
}
