import { HttplogError } from '../errors.ts';
import {
  addressOf,
  bind,
  EACCES,
  EINVAL,
  ENODEV,
  ENOMEM,
  EPERM,
  errorNumber,
  getsockopt,
  ifNameToIndex,
  isMapFailed,
  mmap,
  setsockopt,
  socket,
} from '../system/libc.ts';
import type { BpfProgram } from './bpf-assembler.ts';
import { RING_BLOCK_BYTES, RING_RETIRE_TIMEOUT_MS } from './limits.ts';
import { interfaceLost, isDeviceUp } from './network-device.ts';

/** What the kernel offers on a packet socket, one function an option. Structures as in linux/if_packet.h. */

const AF_PACKET = 17;
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

const RING_BLOCKS_MIN = 4;
/** Blocks that a ring has before its blocks grow to RING_BLOCK_BYTES. */
const RING_BLOCKS_TARGET = 8;
const RING_BLOCK_BYTES_MIN = 128 * 1024;
/** The kernel checks it and TPACKET_V3 does not use it: frames lie one behind the other. */
const RING_FRAME_BYTES = 2048;

/** Packets, drops and freezes since the last call: the kernel sets its counters to zero with each reading. */
export function readPacketStatistics(descriptor: number): Uint32Array {
  // struct tpacket_stats_v3
  const counters = new Uint32Array(3);
  const length = Uint32Array.of(counters.byteLength);
  getsockopt(descriptor, SOL_PACKET, PACKET_STATISTICS, counters, length);
  return counters;
}

/** The socket's pending error number, or 0. Reading it clears it. */
export function readSocketError(descriptor: number): number {
  const error = int32(0);
  getsockopt(descriptor, SOL_SOCKET, SO_ERROR, error, Uint32Array.of(4));
  return error[0];
}

export function ignoreOutgoing(descriptor: number): void {
  setOption(descriptor, PACKET_IGNORE_OUTGOING, int32(1), 'PACKET_IGNORE_OUTGOING');
}

/** The device that a socket is bound to: its name may be another one's by now. */
export interface BoundDevice {
  /** `any` is all of them. */
  interfaceName: string;
  /** 0 for `any`. */
  interfaceIndex: number;
}

export function makePromiscuous(descriptor: number, device: BoundDevice): void {
  // struct packet_mreq: int mr_ifindex, unsigned short mr_type, unsigned short mr_alen, 8 address bytes.
  const request = Buffer.alloc(16);
  request.writeInt32LE(device.interfaceIndex, 0);
  request.writeUInt16LE(PACKET_MR_PROMISC, 4);
  if (setsockopt(descriptor, SOL_PACKET, PACKET_ADD_MEMBERSHIP, request, request.length) !== 0) {
    throw deviceError('PACKET_ADD_MEMBERSHIP', device);
  }
}

export function openSocket(type: number): number {
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

export function findInterfaceIndex(interfaceName: string): number {
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

export function setUpRing(
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

export function mapRing(descriptor: number, byteLength: number): unknown {
  const address = mmap(null, byteLength, PROT_READ_WRITE, MAP_SHARED, descriptor, 0);
  if (isMapFailed(address)) {
    throw captureError('mmap of the packet ring');
  }
  return address;
}

export function attachFilter(descriptor: number, program: BpfProgram): void {
  // struct sock_fprog: unsigned short len, padding, struct sock_filter *filter.
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(program.length, 0);
  bytes.writeBigUInt64LE(addressOf(program.instructions), 8);
  if (setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, bytes, bytes.length) === 0) {
    return;
  }
  // While one takes the place of another, the kernel counts both.
  if (errorNumber() === ENOMEM) {
    throw new HttplogError('The kernel has no memory for a filter of this size', {
      code: 'HTTPLOG_FILTER_MEMORY',
      exitCode: 1,
      hint: 'Name fewer ranges of ports, or raise the sysctl net.core.optmem_max',
    });
  }
  throw captureError('SO_ATTACH_FILTER');
}

export function bindToInterface(descriptor: number, device: BoundDevice): void {
  // struct sockaddr_ll; the protocol is in network byte order.
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(ETH_P_ALL, 2);
  address.writeInt32LE(device.interfaceIndex, 4);
  if (bind(descriptor, address, address.length) !== 0) {
    throw deviceError('bind', device);
  }
}

/**
 * Joins sockets that share the packets of a device. A group ignores outgoing copies by its own flag only: the
 * socket option has no effect in it.
 *
 * @throws HttplogError HTTPLOG_INTERFACE_LOST where the device is gone or, to kernels before 6.13, down
 */
export function joinFanout(
  descriptor: number,
  group: number,
  isLoopback: boolean,
  device: BoundDevice,
): void {
  const flags = PACKET_FANOUT_FLAG_DEFRAG | (isLoopback ? PACKET_FANOUT_FLAG_IGNORE_OUTGOING : 0);
  const argument = int32(group | ((PACKET_FANOUT_HASH | flags) << 16));
  const join = () => setsockopt(descriptor, SOL_PACKET, PACKET_FANOUT, argument, 4);
  if (join() === 0) {
    return;
  }
  if (errorNumber() === EINVAL) {
    refuseLostDevice(device);
  }
  // A device that was down may be up again since.
  if (join() !== 0) {
    throw captureError('PACKET_FANOUT');
  }
}

function refuseLostDevice({ interfaceName, interfaceIndex }: BoundDevice): void {
  if (interfaceIndex === 0) {
    return;
  }
  if (ifNameToIndex(interfaceName) !== interfaceIndex) {
    throw interfaceLost(interfaceName, 'has vanished');
  }
  if (!isDeviceUp(interfaceName)) {
    throw interfaceLost(interfaceName, 'is down');
  }
}

/** Of a call that the device may have gone away under. */
function deviceError(call: string, { interfaceName }: BoundDevice): HttplogError {
  return errorNumber() === ENODEV
    ? interfaceLost(interfaceName, 'has vanished')
    : captureError(call);
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

export function captureError(call: string): HttplogError {
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
