/**
 * The machine's own libpcap, bound at run time: httplog is installed and runs without it, until a
 * tcpdump expression or the libpcap engine is asked for.
 *
 * Synchronous calls only: koffi's asynchronous ones crash in worker threads.
 *
 * @see https://www.tcpdump.org/manpages/pcap.3pcap.html
 */
import koffi from 'koffi';
import { EXIT_NOT_FOUND, HttplogError } from '../errors.ts';
import { BPF_INSTRUCTION_BYTES, type BpfProgram } from './bpf-assembler.ts';

/** Address of a `pcap_t`, or of another C object; 0 is never one. */
export type Pointer = bigint;

/** The functions, each under its C name without `pcap_`. */
export interface Libpcap {
  create(interfaceName: string, errorBuffer: Uint8Array): Pointer | null;
  set_snaplen(handle: Pointer, snaplen: number): number;
  set_promisc(handle: Pointer, promiscuous: number): number;
  set_timeout(handle: Pointer, timeoutMs: number): number;
  set_buffer_size(handle: Pointer, byteLength: number): number;
  set_tstamp_precision(handle: Pointer, precision: number): number;
  get_tstamp_precision(handle: Pointer): number;
  activate(handle: Pointer): number;
  setnonblock(handle: Pointer, nonblocking: number, errorBuffer: Uint8Array): number;
  get_selectable_fd(handle: Pointer): number;
  datalink(handle: Pointer): number;
  dispatch(handle: Pointer, packetsMax: number, callback: Pointer, user: Pointer): number;
  stats(handle: Pointer, statistics: Uint32Array): number;
  open_dead(dataLink: number, snaplen: number): Pointer | null;
  compile(
    handle: Pointer,
    program: Uint8Array,
    expression: string,
    optimize: number,
    netmask: number,
  ): number;
  setfilter(handle: Pointer, program: Uint8Array): number;
  freecode(program: Uint8Array): void;
  geterr(handle: Pointer): string;
  statustostr(status: number): string;
  close(handle: Pointer): void;
  lib_version(): string;
  /** Address of `pcap_dump`: a callback in C, that writes each packet to a stdio stream. */
  dump: Pointer;
}

/** `PCAP_ERRBUF_SIZE`. */
export const PCAP_ERROR_BYTES = 256;
export const PCAP_NETMASK_UNKNOWN = 0xffffffff;
export const PCAP_TSTAMP_PRECISION_NANO = 1;
export const PCAP_ERROR = -1;
export const PCAP_ERROR_NO_SUCH_DEVICE = -5;
export const PCAP_ERROR_PERM_DENIED = -8;
export const PCAP_ERROR_IFACE_NOT_UP = -9;
export const PCAP_ERROR_PROMISC_PERM_DENIED = -11;

/** As distributions name it: Debian's own number first, then upstream's, then the development link. */
const LIBPCAP_NAMES = ['libpcap.so.0.8', 'libpcap.so.1', 'libpcap.so'];

let loaded: Libpcap | undefined;

/**
 * Loads the library once a thread.
 *
 * @throws HttplogError HTTPLOG_LIBPCAP_MISSING
 */
export function loadLibpcap(names: readonly string[] = LIBPCAP_NAMES): Libpcap {
  if (names !== LIBPCAP_NAMES) {
    return bindLibpcap(names);
  }
  loaded ??= bindLibpcap(names);
  return loaded;
}

function bindLibpcap(names: readonly string[]): Libpcap {
  const failures: unknown[] = [];
  for (const name of names) {
    try {
      return bindFunctions(koffi.load(name));
    } catch (error) {
      failures.push(error);
    }
  }
  throw new HttplogError(`libpcap is not to be had on this machine, tried ${names.join(', ')}`, {
    code: 'HTTPLOG_LIBPCAP_MISSING',
    exitCode: EXIT_NOT_FOUND,
    hint:
      'Install it with "apt-get install libpcap0.8" (Debian, Ubuntu) or "dnf install libpcap" ' +
      '(Fedora, RHEL), or do without -f and --engine libpcap',
    cause: failures[0],
  });
}

// Types are named by their words, not defined: koffi keeps defined names for the whole thread.
function bindFunctions(library: ReturnType<typeof koffi.load>): Libpcap {
  const int = (name: string, parameters: string[]) =>
    library.func(`pcap_${name}`, 'int', ['void *', ...parameters]);
  return {
    create: library.func('pcap_create', 'void *', ['str', 'void *']),
    set_snaplen: int('set_snaplen', ['int']),
    set_promisc: int('set_promisc', ['int']),
    set_timeout: int('set_timeout', ['int']),
    set_buffer_size: int('set_buffer_size', ['int']),
    set_tstamp_precision: int('set_tstamp_precision', ['int']),
    get_tstamp_precision: int('get_tstamp_precision', []),
    activate: int('activate', []),
    setnonblock: int('setnonblock', ['int', 'void *']),
    get_selectable_fd: int('get_selectable_fd', []),
    datalink: int('datalink', []),
    dispatch: int('dispatch', ['int', 'void *', 'void *']),
    stats: int('stats', ['void *']),
    open_dead: library.func('pcap_open_dead', 'void *', ['int', 'int']),
    compile: int('compile', ['void *', 'str', 'int', 'uint32_t']),
    setfilter: int('setfilter', ['void *']),
    freecode: library.func('pcap_freecode', 'void', ['void *']),
    geterr: library.func('pcap_geterr', 'str', ['void *']),
    statustostr: library.func('pcap_statustostr', 'str', ['int']),
    close: library.func('pcap_close', 'void', ['void *']),
    lib_version: library.func('pcap_lib_version', 'str', []),
    dump: library.symbol('pcap_dump'),
  };
}

/** `struct bpf_program`: u_int length, padding, pointer to the instructions. */
const BPF_PROGRAM_BYTES = 16;
const BPF_PROGRAM_POINTER_AT = 8;

/** An empty `struct bpf_program`, for `compile` to fill. */
export function createBpfStruct(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(BPF_PROGRAM_BYTES);
}

/** A `struct bpf_program` that points into `program`, **which must live as long**. */
export function toBpfStruct(program: BpfProgram): Uint8Array<ArrayBuffer> {
  const struct = createBpfStruct();
  new Uint32Array(struct.buffer)[0] = program.length;
  new BigUint64Array(struct.buffer, BPF_PROGRAM_POINTER_AT)[0] = koffi.address(
    program.instructions,
  );
  return struct;
}

/** Copies out what `compile` made, and frees it. */
export function takeBpfStruct(libpcap: Libpcap, struct: Uint8Array<ArrayBuffer>): BpfProgram {
  const length = new Uint32Array(struct.buffer)[0];
  const address = new BigUint64Array(struct.buffer, BPF_PROGRAM_POINTER_AT)[0];
  const byteLength = length * BPF_INSTRUCTION_BYTES;
  const instructions = new Uint8Array(
    koffi.decode(address, koffi.array('uint8_t', byteLength, 'Typed')),
  );
  libpcap.freecode(struct);
  return { instructions, length };
}

/** The words that libpcap left in an error buffer. */
export function readErrorBuffer(errorBuffer: Uint8Array): string {
  const end = errorBuffer.indexOf(0);
  return new TextDecoder().decode(errorBuffer.subarray(0, end === -1 ? undefined : end));
}
