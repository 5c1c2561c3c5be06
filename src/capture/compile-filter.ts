/**
 * tcpdump expressions (`-f`) as programs, by the machine's libpcap.
 *
 * @see https://www.tcpdump.org/manpages/pcap-filter.7.html
 */
import { EXIT_USAGE, HttplogError } from '../errors.ts';
import { BPF_INSTRUCTION_BYTES, BPF_RET, type BpfProgram } from './bpf-assembler.ts';
import { buildDefaultFilter, type FilterLinkLayer } from './default-filter.ts';
import {
  createBpfStruct,
  type Libpcap,
  loadLibpcap,
  PCAP_NETMASK_UNKNOWN,
  type Pointer,
  takeBpfStruct,
} from './libpcap.ts';
import { openLiveHandle } from './libpcap-handle.ts';
import { RING_BLOCK_BYTES } from './limits.ts';
import {
  LINKTYPE_ETHERNET,
  LINKTYPE_LINUX_SLL,
  LINKTYPE_LINUX_SLL2,
  LINKTYPE_NETWORK,
  LINKTYPE_RAW,
  LINKTYPE_RAW_OPENBSD,
} from './link-types.ts';
import type { PortRange } from './port-range.ts';
import { describeTunnels, type TunnelFilter } from './tunnel-filter.ts';

export interface CompileFilterOptions {
  expression: string;
  /** What the packets' first byte belongs to, one of `link-types.ts`. */
  linkType: number;
  /** Bytes of a packet that are kept: the filter's return value. */
  snaplen: number;
}

export interface CompileLiveFilterOptions {
  expression: string;
  interfaceName: string;
  /** `ethernet` for a packet socket of type SOCK_RAW, `network` for SOCK_DGRAM. */
  linkLayer: 'ethernet' | 'network';
  snaplen: number;
}

/** What Linux's libpcap calls raw IP; in files the number is `LINKTYPE_RAW`. */
const DLT_RAW = 12;
const DLT_EN10MB = 1;

/**
 * Compiles an expression for packets of a file.
 *
 * @throws HttplogError HTTPLOG_FILTER with libpcap's own words, or HTTPLOG_LIBPCAP_MISSING
 */
export function compileFilter({ expression, linkType, snaplen }: CompileFilterOptions): BpfProgram {
  const libpcap = loadLibpcap();
  const handle = libpcap.open_dead(toDataLink(linkType), snaplen);
  if (handle === null) {
    throw new Error('pcap_open_dead gave no handle');
  }
  try {
    return compileOnHandle(libpcap, handle, expression, snaplen);
  } finally {
    libpcap.close(handle);
  }
}

/**
 * Compiles an expression for a packet socket.
 *
 * On Ethernet the kernel has taken a frame's outer VLAN tag out of its bytes, and only for an open interface does
 * libpcap make `vlan` look where the kernel keeps it. Where none can be opened, `vlan` looks in the bytes. On
 * SOCK_DGRAM an expression sees the packet from the network layer on: `vlan` and `ether` are mistakes there.
 *
 * @throws HttplogError HTTPLOG_FILTER with libpcap's own words, or HTTPLOG_LIBPCAP_MISSING
 */
export function compileLiveFilter({
  expression,
  interfaceName,
  linkLayer,
  snaplen,
}: CompileLiveFilterOptions): BpfProgram {
  if (linkLayer === 'network') {
    return compileFilter({ expression, linkType: LINKTYPE_NETWORK, snaplen });
  }
  const libpcap = loadLibpcap();
  const handle = tryOpenLiveHandle(libpcap, interfaceName, snaplen);
  if (handle === null) {
    return compileFilter({ expression, linkType: LINKTYPE_ETHERNET, snaplen });
  }
  try {
    if (libpcap.datalink(handle) !== DLT_EN10MB) {
      return compileFilter({ expression, linkType: LINKTYPE_ETHERNET, snaplen });
    }
    return compileOnHandle(libpcap, handle, expression, snaplen);
  } finally {
    libpcap.close(handle);
  }
}

/** Compiles for the link type of `handle`; the program gives `snaplen`, whatever the handle's own is. */
export function compileOnHandle(
  libpcap: Libpcap,
  handle: Pointer,
  expression: string,
  snaplen: number,
): BpfProgram {
  const struct = createBpfStruct();
  if (libpcap.compile(handle, struct, expression, 1, PCAP_NETMASK_UNKNOWN) !== 0) {
    throw new HttplogError(`Filter "${expression}" is not valid: ${libpcap.geterr(handle)}`, {
      code: 'HTTPLOG_FILTER',
      exitCode: EXIT_USAGE,
      hint: 'Write it as for tcpdump, see "man pcap-filter"',
    });
  }
  const program = takeBpfStruct(libpcap, struct);
  setReturnedLength(program, snaplen);
  return program;
}

/** What passes a filter that is not an expression. */
export interface PortsAndTunnels {
  ports: readonly PortRange[] | 'any';
  tunnels?: TunnelFilter | false;
  /** See DefaultFilterOptions; where the filter is libpcap's all segments of the ports pass. */
  headMethods?: readonly string[] | undefined;
}

/** Makes the filter of some ports: our own where it knows the link type of `handle`, else libpcap's. */
export function compilePorts(
  libpcap: Libpcap,
  handle: Pointer,
  { ports, tunnels = false, headMethods }: PortsAndTunnels,
  linkType: number,
  snaplen: number,
): BpfProgram {
  const linkLayer = LINK_LAYERS.get(linkType);
  if (linkLayer !== undefined) {
    return buildDefaultFilter({ ports, linkLayer, snaplen, tunnels, headMethods });
  }
  const tcp =
    ports === 'any'
      ? 'tcp'
      : ports.map(({ first, last }) => `tcp portrange ${first}-${last}`).join(' or ');
  const whole = tunnels === false ? tcp : `${tcp} or ${describeTunnels(tunnels)}`;
  const expression =
    headMethods === undefined ? `${whole} or ${describeFragments(tunnels !== false)}` : whole;
  return compileOnHandle(libpcap, handle, expression, snaplen);
}

/** Fragments of what is read, of which only the first has ports. */
function describeFragments(hasTunnels: boolean): string {
  const protocols = hasTunnels ? '(ip proto 6 or ip proto 17)' : 'ip proto 6';
  return `${protocols} and ip[6:2] & 0x3fff != 0 or ip6[6] = 44`;
}

const LINK_LAYERS: ReadonlyMap<number, FilterLinkLayer> = new Map([
  [LINKTYPE_ETHERNET, 'ethernet'],
  [LINKTYPE_RAW, 'ip'],
  [LINKTYPE_LINUX_SLL, 'linux-sll'],
  [LINKTYPE_LINUX_SLL2, 'linux-sll2'],
]);

/** The data link type, which programs are compiled for, of a link type, which files name. */
function toDataLink(linkType: number): number {
  switch (linkType) {
    case LINKTYPE_RAW:
    case LINKTYPE_RAW_OPENBSD:
    case LINKTYPE_NETWORK:
      return DLT_RAW;
    default:
      return linkType;
  }
}

function tryOpenLiveHandle(
  libpcap: Libpcap,
  interfaceName: string,
  snaplen: number,
): Pointer | null {
  try {
    return openLiveHandle(libpcap, {
      interfaceName,
      snaplen,
      ringBytes: RING_BLOCK_BYTES,
      isPromiscuous: false,
    });
  } catch (error) {
    if (error instanceof HttplogError) {
      return null;
    }
    throw error;
  }
}

/** A filter returns 0, or the bytes to keep. */
function setReturnedLength({ instructions, length }: BpfProgram, snaplen: number): void {
  const codes = new Uint16Array(instructions.buffer);
  const operands = new Uint32Array(instructions.buffer);
  for (let index = 0; index < length; index += 1) {
    if (codes[index * (BPF_INSTRUCTION_BYTES / 2)] === BPF_RET && operands[index * 2 + 1] !== 0) {
      operands[index * 2 + 1] = snaplen;
    }
  }
}
