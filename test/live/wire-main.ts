/**
 * A wire in user space, run as a process of its own by `wire.ts`.
 *
 * It opens one tun or tap device in each of two network namespaces and carries every frame from one
 * to the other. It can lose and repeat frames, and it can show the traffic VLAN-tagged on a trunk
 * device, as a switch shows it on a mirror port: kernels without 802.1Q or netem serve for such
 * tests then.
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import koffi from 'koffi';

export interface WireSpec {
  /** `tap` carries Ethernet frames, `tun` IP packets. */
  kind: 'tap' | 'tun';
  ends: [WireEndSpec, WireEndSpec];
  /** Outer tag first; tagged copies of all frames go to the trunks. Taps only. */
  tags: { protocol: number; id: number }[];
  /** Every n-th frame that carries TCP payload is lost, 0 none; counted for each direction. */
  loseEvery: number;
  /**
   * Every n-th frame that carries TCP payload is sent twice, 0 none; counted for each direction.
   */
  repeatEvery: number;
}

export interface WireEndSpec {
  namespace: string;
  device: string;
  /** Device in the same namespace that receives the tagged copies, or an empty string. */
  trunk: string;
}

const CLONE_NEWNET = 0x40000000;
const TUNSETIFF = 0x400454ca;
const IFF_TUN = 0x1;
const IFF_TAP = 0x2;
/** Frames come bare, without the 4 bytes of packet information. */
const IFF_NO_PI = 0x1000;
const IFREQ_BYTES = 40;
const IFREQ_FLAGS_AT = 16;
const POLLIN = 1;
const POLLFD_BYTES = 8;
const POLL_REVENTS_AT = 6;
/** Milliseconds; SIGTERM's default action ends the process in the wait too. */
const POLL_TIMEOUT_MS = 1000;
/** Frames read from one device before the other has its turn. */
const FRAMES_PER_TURN = 64;
const FRAME_BYTES_MAX = 65536;
const MAC_ADDRESSES_LENGTH = 12;
const VLAN_TAG_LENGTH = 4;

const libc = koffi.load('libc.so.6');
const setns = libc.func('int setns(int fd, int nstype)');
const ioctl = libc.func('int ioctl(int fd, unsigned long request, void *argument)');
const poll = libc.func('int poll(void *fds, unsigned long nfds, int timeout)');
const read = libc.func('long read(int fd, void *bytes, unsigned long count)');
const write = libc.func('long write(int fd, void *bytes, unsigned long count)');

interface WireEnd {
  fd: number;
  trunkFd: number;
  payloadFrames: number;
}

function openDevice(namespace: string, device: string, kind: WireSpec['kind']): number {
  const namespaceFd = openSync(`/var/run/netns/${namespace}`, constants.O_RDONLY);
  const entered = setns(namespaceFd, CLONE_NEWNET);
  closeSync(namespaceFd);
  if (entered !== 0) {
    throw new Error(`Cannot enter the namespace ${namespace}`);
  }
  const fd = openSync('/dev/net/tun', constants.O_RDWR | constants.O_NONBLOCK);
  const request = Buffer.alloc(IFREQ_BYTES);
  request.write(device, 'latin1');
  request.writeUInt16LE((kind === 'tap' ? IFF_TAP : IFF_TUN) | IFF_NO_PI, IFREQ_FLAGS_AT);
  if (ioctl(fd, TUNSETIFF, request) !== 0) {
    throw new Error(`Cannot make the ${kind} device ${device} in ${namespace}`);
  }
  return fd;
}

/** Whether this is IPv4 or IPv6 without extension headers, with TCP that carries bytes. */
function hasTcpPayload(frame: Buffer, kind: WireSpec['kind']): boolean {
  const ipAt = kind === 'tap' ? 14 : 0;
  if (frame.length < ipAt + 40) {
    return false;
  }
  const isIpv6 = frame[ipAt] >> 4 === 6;
  const protocol = isIpv6 ? frame[ipAt + 6] : frame[ipAt + 9];
  const tcpAt = ipAt + (isIpv6 ? 40 : (frame[ipAt] & 0x0f) * 4);
  const end = ipAt + (isIpv6 ? 40 + frame.readUInt16BE(ipAt + 4) : frame.readUInt16BE(ipAt + 2));
  return protocol === 6 && frame.length > tcpAt + 12 && end > tcpAt + (frame[tcpAt + 12] >> 4) * 4;
}

function tagFrame(frame: Buffer, tags: WireSpec['tags']): Buffer {
  const tagged = Buffer.alloc(frame.length + tags.length * VLAN_TAG_LENGTH);
  frame.copy(tagged, 0, 0, MAC_ADDRESSES_LENGTH);
  let offset = MAC_ADDRESSES_LENGTH;
  for (const { protocol, id } of tags) {
    tagged.writeUInt16BE(protocol, offset);
    tagged.writeUInt16BE(id, offset + 2);
    offset += VLAN_TAG_LENGTH;
  }
  frame.copy(tagged, offset, MAC_ADDRESSES_LENGTH);
  return tagged;
}

function carryFrame(frame: Buffer, from: WireEnd, to: WireEnd, ends: WireEnd[], spec: WireSpec) {
  let copies = 1;
  if (hasTcpPayload(frame, spec.kind)) {
    from.payloadFrames += 1;
    if (spec.loseEvery > 0 && from.payloadFrames % spec.loseEvery === 0) {
      copies = 0;
    } else if (spec.repeatEvery > 0 && from.payloadFrames % spec.repeatEvery === 0) {
      copies = 2;
    }
  }
  // A device that is down refuses the frame, as an unplugged cable would lose it.
  for (let index = 0; index < copies; index += 1) {
    write(to.fd, frame, frame.length);
  }
  for (const { trunkFd } of ends) {
    if (trunkFd >= 0) {
      const tagged = tagFrame(frame, spec.tags);
      write(trunkFd, tagged, tagged.length);
    }
  }
}

function carryTurn(from: WireEnd, to: WireEnd, ends: WireEnd[], spec: WireSpec, buffer: Buffer) {
  for (let count = 0; count < FRAMES_PER_TURN; count += 1) {
    const byteLength = Number(read(from.fd, buffer, buffer.length));
    if (byteLength <= 0) {
      return;
    }
    carryFrame(buffer.subarray(0, byteLength), from, to, ends, spec);
  }
}

function runWire(spec: WireSpec): never {
  const ends = spec.ends.map(({ namespace, device, trunk }) => ({
    fd: openDevice(namespace, device, spec.kind),
    trunkFd: trunk === '' ? -1 : openDevice(namespace, trunk, 'tap'),
    payloadFrames: 0,
  }));
  const waits = Buffer.alloc(ends.length * POLLFD_BYTES);
  for (const [index, { fd }] of ends.entries()) {
    waits.writeInt32LE(fd, index * POLLFD_BYTES);
    waits.writeInt16LE(POLLIN, index * POLLFD_BYTES + 4);
  }
  writeSync(1, 'ready\n');
  const parent = process.ppid;
  const buffer = Buffer.alloc(FRAME_BYTES_MAX);
  for (;;) {
    poll(waits, ends.length, POLL_TIMEOUT_MS);
    if (process.ppid !== parent) {
      process.exit(1);
    }
    for (const [index, end] of ends.entries()) {
      if (waits.readInt16LE(index * POLLFD_BYTES + POLL_REVENTS_AT) !== 0) {
        carryTurn(end, ends[1 - index], ends, spec, buffer);
      }
    }
  }
}

runWire(JSON.parse(process.argv[2]) as WireSpec);
