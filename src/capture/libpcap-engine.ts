/**
 * The second capture engine: the machine's libpcap, where the kernel's ring is not to be had.
 *
 * A call into C costs a microsecond, more than decoding a packet. So packets do not come one a call:
 * `pcap_dispatch` is given libpcap's own `pcap_dump` as callback and a stdio stream over one of our
 * buffers, and so writes hundreds of them into it in the format of a capture file.
 */
import koffi from 'koffi';
import { addressOf, ENETDOWN, getsockopt, poll, setsockopt } from '../system/libc.ts';
import { assembleBpf, BPF_RET, statement } from './bpf-assembler.ts';
import { compileOnHandle, compilePorts, type PortsAndTunnels } from './compile-filter.ts';
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
  type Libpcap,
  loadLibpcap,
  PCAP_ERROR_BYTES,
  PCAP_TSTAMP_PRECISION_NANO,
  type Pointer,
  readErrorBuffer,
  toBpfStruct,
} from './libpcap.ts';
import { libpcapFailure, openLiveHandle } from './libpcap-handle.ts';
import { LIBPCAP_BATCH_BYTES, POLL_TIMEOUT_MS, RING_RETIRE_TIMEOUT_MS } from './limits.ts';
import { LINKTYPE_RAW, LINKTYPE_RAW_BSD } from './link-types.ts';
import { interfaceLost } from './network-device.ts';

export interface LibpcapEngineOptions {
  /** A device's name, or `any`. */
  interfaceName: string;
  /** Bytes of a packet that are kept; libpcap's cooked headers and a VLAN tag that it puts back come on top. */
  snaplen: number;
  ringBytes: number;
  isPromiscuous: boolean;
  filter: PortsAndTunnels | { expression: string };
  /** How long one `fill` waits at most. */
  pollTimeoutMs?: number;
}

/** Bytes that libpcap may put before or into a packet: a cooked header (20 at most) and a VLAN tag. */
const ADDED_BYTES_MAX = 24;

/** Header of a packet in a capture file: seconds, fraction, captured length, length; 4 bytes each. */
const RECORD_HEADER_BYTES = 16;
const FRACTION_AT = 4;
const CAPTURED_LENGTH_AT = 8;
const WIRE_LENGTH_AT = 12;

/** A partly filled block is handed over within one retire timeout; thrice, for a machine under load. */
const DRAIN_WAIT_MS = 3 * RING_RETIRE_TIMEOUT_MS;

const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_ATTACH_FILTER = 26;
const SOL_PACKET = 263;
const PACKET_IGNORE_OUTGOING = 23;
const POLLIN = 1;
const POLLERR = 8;

// The C library's streams over memory, here because nothing but this engine uses them.
const libc = koffi.load('libc.so.6');
const fmemopen = libc.func('fmemopen', 'void *', ['void *', 'size_t', 'str']);
const rewind = libc.func('rewind', 'void', ['void *']);
const fflush = libc.func('fflush', 'int', ['void *']);
const fclose = libc.func('fclose', 'int', ['void *']);

/**
 * Opens libpcap on a device. VLAN tags are in the bytes, `any` gives LINKTYPE_LINUX_SLL.
 *
 * @throws HttplogError HTTPLOG_LIBPCAP_MISSING, HTTPLOG_CAPTURE_PERMISSION, HTTPLOG_INTERFACE_NOT_FOUND,
 * HTTPLOG_INTERFACE_LOST (it is down), HTTPLOG_FILTER or HTTPLOG_LIBPCAP_FAILED
 */
export function openLibpcapEngine(options: LibpcapEngineOptions): FrameSource {
  const { interfaceName, snaplen, filter } = options;
  const libpcap = loadLibpcap();
  const handle = openLiveHandle(libpcap, { ...options, snaplen: snaplen + ADDED_BYTES_MAX });
  try {
    const linkType = toLinkType(libpcap.datalink(handle));
    const program =
      'expression' in filter
        ? compileOnHandle(libpcap, handle, filter.expression, snaplen)
        : compilePorts(libpcap, handle, filter, linkType, snaplen);
    const errorBuffer = new Uint8Array(PCAP_ERROR_BYTES);
    if (
      libpcap.setfilter(handle, toBpfStruct(program)) !== 0 ||
      libpcap.setnonblock(handle, 1, errorBuffer) !== 0
    ) {
      throw libpcapFailure(interfaceName, libpcap.geterr(handle) || readErrorBuffer(errorBuffer));
    }
    return new LibpcapEngine(libpcap, handle, linkType, options);
  } catch (error) {
    libpcap.close(handle);
    throw error;
  }
}

class LibpcapEngine implements FrameSource {
  readonly #libpcap: Libpcap;
  readonly #handle: Pointer;
  readonly #interfaceName: string;
  readonly #linkType: number;
  readonly #descriptor: number;
  readonly #pollTimeoutMs: number;
  readonly #fractionNs: number;
  readonly #pollRequest = new Int16Array(4);
  readonly #counters = new Uint32Array(3);
  /** Counts at the last reading; they wrap at 32 bits. */
  #packetsRead: number;
  #dropsRead: number;
  readonly #statistics: CaptureStatistics = { packets: 0, drops: 0, freezes: 0 };
  /** What `#stream` writes into: **it must outlive the stream**. */
  readonly #batch: Uint8Array;
  readonly #stream: Pointer;
  readonly #packetsPerBatch: number;
  #packetsLeft = 0;
  #recordAt = 0;
  #isStopping = false;
  #isLost = false;
  #isClosed = false;

  constructor(
    libpcap: Libpcap,
    handle: Pointer,
    linkType: number,
    { interfaceName, snaplen, pollTimeoutMs = POLL_TIMEOUT_MS }: LibpcapEngineOptions,
  ) {
    this.#libpcap = libpcap;
    this.#handle = handle;
    this.#linkType = linkType;
    this.#interfaceName = interfaceName;
    this.#pollTimeoutMs = pollTimeoutMs;
    this.#descriptor = libpcap.get_selectable_fd(handle);
    this.#fractionNs =
      libpcap.get_tstamp_precision(handle) === PCAP_TSTAMP_PRECISION_NANO ? 1 : 1000;
    if (interfaceName === 'lo') {
      // libpcap leaves out the second sight of each packet, but it would fill half of the ring.
      setsockopt(this.#descriptor, SOL_PACKET, PACKET_IGNORE_OUTGOING, Int32Array.of(1), 4);
    }
    const recordBytesMax = RECORD_HEADER_BYTES + snaplen + ADDED_BYTES_MAX;
    this.#packetsPerBatch = Math.max(1, Math.floor(LIBPCAP_BATCH_BYTES / recordBytesMax));
    // One more: a stream over memory ends what it writes with a zero.
    this.#batch = new Uint8Array(this.#packetsPerBatch * recordBytesMax + 1);
    this.#stream = fmemopen(this.#batch, this.#batch.length, 'w');
    // What came before the filter was in place is not ours to count.
    libpcap.stats(handle, this.#counters);
    this.#packetsRead = this.#counters[0];
    this.#dropsRead = this.#counters[1];
  }

  async fill(): Promise<FillState> {
    // One turn of the event loop a fill: written buffers come back and a stop is heard, at any load.
    await new Promise(setImmediate);
    // Closed in the meantime: the handle is no more.
    if (this.#isClosed) {
      return FILL_END;
    }
    const wasLost = this.#isLost;
    this.#waitForPackets();
    if (this.#readBatch()) {
      return FILL_FRAMES;
    }
    if (this.#isStopping) {
      return FILL_END;
    }
    // Not at once: what came before lies in a block that the kernel hands over a little later.
    if (wasLost) {
      throw interfaceLost(this.#interfaceName, 'went down');
    }
    return FILL_IDLE;
  }

  next(frame: Frame): boolean {
    if (this.#packetsLeft === 0) {
      return false;
    }
    const batch = this.#batch;
    const at = this.#recordAt;
    const end = at + RECORD_HEADER_BYTES + loadUint32(batch, at + CAPTURED_LENGTH_AT);
    if (frame.bytes !== batch) {
      frame.bytes = batch;
    }
    frame.offset = at + RECORD_HEADER_BYTES;
    frame.end = end;
    frame.wireLength = loadUint32(batch, at + WIRE_LENGTH_AT);
    frame.timestampSec = loadUint32(batch, at);
    frame.timestampSubsecNs = loadUint32(batch, at + FRACTION_AT) * this.#fractionNs;
    frame.linkType = this.#linkType;
    frame.vlanTagged = 0;
    this.#recordAt = end;
    this.#packetsLeft -= 1;
    return true;
  }

  statistics(): CaptureStatistics {
    if (!this.#isClosed && this.#libpcap.stats(this.#handle, this.#counters) === 0) {
      const [packets, drops] = this.#counters;
      this.#statistics.packets += (packets - this.#packetsRead) >>> 0;
      this.#statistics.drops += (drops - this.#dropsRead) >>> 0;
      this.#packetsRead = packets;
      this.#dropsRead = drops;
    }
    return this.#statistics;
  }

  stop(): void {
    if (this.#isClosed) {
      return;
    }
    // Past libpcap: a filter that is set through it also holds for the packets in its buffer.
    const program = assembleBpf([statement(BPF_RET, 0)]);
    const request = new Uint8Array(16); // struct sock_fprog
    new Uint16Array(request.buffer)[0] = program.length;
    new BigUint64Array(request.buffer)[1] = addressOf(program.instructions);
    setsockopt(this.#descriptor, SOL_SOCKET, SO_ATTACH_FILTER, request, request.length);
    this.#isStopping = true;
  }

  close(): void {
    if (this.#isClosed) {
      return;
    }
    this.statistics();
    this.#isClosed = true;
    this.#packetsLeft = 0;
    fclose(this.#stream);
    this.#libpcap.close(this.#handle);
  }

  /** libpcap itself could wait for ever: we wait for it. */
  #waitForPackets(): void {
    const request = this.#pollRequest; // struct pollfd: int fd, short events, short revents
    new Int32Array(request.buffer)[0] = this.#descriptor;
    request[2] = POLLIN;
    request[3] = 0;
    poll(request, 1, this.#isStopping || this.#isLost ? DRAIN_WAIT_MS : this.#pollTimeoutMs);
    if ((request[3] & POLLERR) !== 0) {
      const error = new Int32Array(1);
      getsockopt(this.#descriptor, SOL_SOCKET, SO_ERROR, error, Uint32Array.of(4));
      this.#isLost ||= error[0] === ENETDOWN;
    }
  }

  #readBatch(): boolean {
    const { dispatch, dump, geterr } = this.#libpcap;
    rewind(this.#stream);
    const packetsCount = dispatch(this.#handle, this.#packetsPerBatch, dump, this.#stream);
    fflush(this.#stream);
    if (packetsCount < 0) {
      const words = geterr(this.#handle);
      if (!/went down|disappeared/.test(words)) {
        throw libpcapFailure(this.#interfaceName, words);
      }
      this.#isLost = true;
    }
    this.#recordAt = 0;
    this.#packetsLeft = Math.max(0, packetsCount);
    return packetsCount > 0;
  }
}

/** libpcap's own number of a link type as capture files number it: the same, but for raw IP. */
function toLinkType(dataLink: number): number {
  return dataLink === LINKTYPE_RAW_BSD ? LINKTYPE_RAW : dataLink;
}

/** In the byte order of the machines that Node for Linux is made for here: x64 and arm64. */
function loadUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}
