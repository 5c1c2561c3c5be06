import koffi from 'koffi';
import { afterEach, describe, expect, it } from 'vitest';
import type { BpfProgram } from '../../src/capture/bpf-assembler.ts';
import { compileLiveFilter } from '../../src/capture/compile-filter.ts';
import { buildDefaultFilter } from '../../src/capture/default-filter.ts';
import type { PortRange } from '../../src/capture/port-range.ts';
import { PORT_RANGES_MAX } from '../../src/limits.ts';
import {
  addressOf,
  bind,
  closeDescriptor,
  ifNameToIndex,
  poll,
  setsockopt,
  socket,
} from '../../src/system/libc.ts';
import {
  bytesOf,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ethernet,
  ipv4,
  ipv6,
  joinBytes,
  TPID_8021AD,
  TPID_8021Q,
  taggedEthernet,
  tcp,
} from '../fixtures/build-packets.ts';
import { canCaptureLive, titleWithReason } from '../live/requirements.ts';
import { missingLibpcap } from './missing-libpcap.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_DGRAM = 2;
const ETH_P_ALL = 3;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SOL_PACKET = 263;
const PACKET_IGNORE_OUTGOING = 23;
const MSG_DONTWAIT = 0x40;
const POLLIN = 1;

const SNAPLEN = 1560;
/** Ports that no other test uses: loopback is everyone's. */
const PORTS: PortRange[] = [
  { first: 417, last: 417 },
  { first: 612, last: 614 },
];

const libc = koffi.load('libc.so.6');
const send = libc.func('int send(int fd, const void *bytes, size_t length, int flags)');
const receive = libc.func('int recv(int fd, void *bytes, size_t length, int flags)');

const descriptors: number[] = [];
afterEach(() => {
  for (const descriptor of descriptors.splice(0)) {
    closeDescriptor(descriptor);
  }
});

function attachFilter(descriptor: number, program: BpfProgram): number {
  const request = new Uint8Array(16); // struct sock_fprog
  new Uint16Array(request.buffer)[0] = program.length;
  new BigUint64Array(request.buffer)[1] = addressOf(program.instructions);
  return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, request, request.length);
}

/** A packet socket on `lo`, with the filter in place before it is bound. */
function openSocket(type: number, program: BpfProgram | undefined): number {
  const descriptor = socket(AF_PACKET, type, 0);
  descriptors.push(descriptor);
  setsockopt(descriptor, SOL_PACKET, PACKET_IGNORE_OUTGOING, Int32Array.of(1), 4);
  if (program !== undefined) {
    expect(attachFilter(descriptor, program)).toBe(0);
  }
  const address = Buffer.alloc(20); // struct sockaddr_ll
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(program === undefined ? 0 : ETH_P_ALL, 2);
  address.writeInt32LE(ifNameToIndex('lo'), 4);
  expect(bind(descriptor, address, address.length)).toBe(0);
  return descriptor;
}

/** Everything that came, as the last byte of each packet. */
function receiveMarks(descriptor: number): number[] {
  const marks: number[] = [];
  const bytes = new Uint8Array(65536);
  const request = new Int16Array(4);
  new Int32Array(request.buffer)[0] = descriptor;
  request[2] = POLLIN;
  while (poll(request, 1, 100) > 0) {
    marks.push(bytes[receive(descriptor, bytes, bytes.length, MSG_DONTWAIT) - 1]);
  }
  return marks;
}

function segment(port: number, mark: number, protocol = 6): Uint8Array {
  const [source, target] = ['192.0.2.1', '192.0.2.2'];
  const ends = { source: { address: source, port: 700 }, target: { address: target, port } };
  return ipv4({ source, target, protocol }, tcp(ends, Uint8Array.of(mark)));
}

function segmentV6(port: number, mark: number, nextHeader = 6): Uint8Array {
  const [source, target] = ['2001:db8::1', '2001:db8::2'];
  const ends = { source: { address: source, port: 700 }, target: { address: target, port } };
  return ipv6({ source, target, nextHeader }, tcp(ends, Uint8Array.of(mark)));
}

const tags = [
  { tpid: TPID_8021AD, id: 1 },
  { tpid: TPID_8021Q, id: 2 },
  { tpid: TPID_8021Q, id: 3 },
  { tpid: TPID_8021Q, id: 4 },
];

/** Marked 1 and up are those to be seen, 100 and up those not. */
const frames = [
  ethernet(ETHERTYPE_IPV4, segment(417, 1)),
  ethernet(ETHERTYPE_IPV4, segment(418, 100)),
  ethernet(ETHERTYPE_IPV6, segmentV6(613, 2)),
  ethernet(ETHERTYPE_IPV6, segmentV6(615, 101)),
  ethernet(ETHERTYPE_IPV4, segment(417, 102, 17)),
  taggedEthernet(tags.slice(0, 1), ETHERTYPE_IPV4, segment(612, 3)),
  taggedEthernet(tags.slice(0, 2), ETHERTYPE_IPV6, segmentV6(614, 4)),
  taggedEthernet(tags.slice(0, 3), ETHERTYPE_IPV4, segment(417, 5)),
  taggedEthernet(tags, ETHERTYPE_IPV4, segment(417, 6)),
  taggedEthernet(tags, ETHERTYPE_IPV4, segment(611, 103)),
  ethernet(ETHERTYPE_IPV6, segmentV6(9, 7, 60)),
];

describe('the kernel', () => {
  const reason = canCaptureLive();

  it.skipIf(reason !== undefined).each([
    ['SOCK_RAW', SOCK_RAW, 'ethernet'],
    ['SOCK_DGRAM', SOCK_DGRAM, 'network'],
  ] as const)(
    titleWithReason('runs the default filter on a socket of type %s', reason),
    (_name, type, linkLayer) => {
      const sender = openSocket(SOCK_RAW, undefined);
      const program = buildDefaultFilter({ ports: PORTS, linkLayer, snaplen: SNAPLEN });
      const descriptor = openSocket(type, program);
      for (const frame of frames) {
        expect(send(sender, frame, frame.length, 0)).toBe(frame.length);
      }
      expect(receiveMarks(descriptor)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    },
  );

  it.skipIf(reason !== undefined)(
    titleWithReason('cuts packets at the filter’s return value', reason),
    () => {
      const sender = openSocket(SOCK_RAW, undefined);
      const program = buildDefaultFilter({ ports: PORTS, linkLayer: 'ethernet', snaplen: 60 });
      const descriptor = openSocket(SOCK_RAW, program);
      const payload = joinBytes(segment(417, 1), bytesOf('x'.repeat(100)));
      send(sender, ethernet(ETHERTYPE_IPV4, payload), payload.length + 14, 0);
      const request = Int16Array.of(0, 0, POLLIN, 0);
      new Int32Array(request.buffer)[0] = descriptor;
      expect(poll(request, 1, 1000)).toBe(1);
      expect(receive(descriptor, new Uint8Array(2048), 2048, MSG_DONTWAIT)).toBe(60);
    },
  );

  it.skipIf(reason !== undefined)(
    titleWithReason('takes a filter of as many port ranges as there may be', reason),
    () => {
      const step = Math.floor(65536 / PORT_RANGES_MAX);
      const ports = Array.from({ length: PORT_RANGES_MAX }, (_, index) => ({
        first: index * step,
        last: index * step + 1,
      }));
      const descriptor = socket(AF_PACKET, SOCK_RAW, 0);
      descriptors.push(descriptor);
      const program = buildDefaultFilter({ ports, linkLayer: 'ethernet', snaplen: SNAPLEN });
      expect(attachFilter(descriptor, program)).toBe(0);
    },
  );

  const liveReason = reason ?? missingLibpcap();
  it.skipIf(liveReason !== undefined)(
    titleWithReason('finds a VLAN id of an expression where it keeps the tag', liveReason),
    () => {
      const sender = openSocket(SOCK_RAW, undefined);
      const program = compileLiveFilter({
        expression: 'vlan 1 and not vlan 3',
        interfaceName: 'lo',
        linkLayer: 'ethernet',
        snaplen: SNAPLEN,
      });
      const descriptor = openSocket(SOCK_RAW, program);
      for (const frame of frames) {
        send(sender, frame, frame.length, 0);
      }
      const marks = receiveMarks(descriptor);
      expect(marks).toContain(3);
      expect(marks.filter((mark) => mark === 1 || mark === 100)).toEqual([]);
    },
  );
});
