/**
 * Puts the frames of a capture on a device, at a rate, as often as is asked for. Each pass changes one byte of
 * both addresses, so that none repeats a flow. JSON on the command line and out.
 */
import koffi from 'koffi';
import {
  addressOf,
  bind,
  errorNumber,
  ifNameToIndex,
  setsockopt,
  socket,
} from '../../src/system/libc.ts';
import { findHostBytes } from '../workloads/change-frames.ts';
import { readFrames } from '../workloads/pcap-file.ts';

export interface SendSpec {
  device: string;
  capture: string;
  /** Each pass has addresses of its own; no two of one listener should have the same number. */
  firstPass: number;
  passes: number;
  packetsPerSecond: number;
}

export interface SendReport {
  sent: number;
  /** How often the other end had no room: its softirq is behind. */
  refusals: number;
  elapsedSec: number;
}

const ENOBUFS = 105;
const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOL_PACKET = 263;
const PACKET_QDISC_BYPASS = 20;
/** `struct sockaddr_ll`. @see packet(7) */
const ADDRESS_BYTES = 20;
const IFINDEX_AT = 4;
/** `struct mmsghdr` and `struct iovec` of 64-bit Linux, in words of 8 bytes. @see sendmmsg(2) */
const WORD_BYTES = 8;
const MESSAGE_WORDS = 8;
const IOV_AT = 2;
const IOV_LENGTH_AT = 3;
const IOVEC_WORDS = 2;
/** Few enough that a burst is not what fills a ring. */
const FRAMES_PER_CALL = 32;

/** Ten seconds without a frame taken: the device is gone. */
const REFUSED_WAIT_US = 20;
const REFUSALS_MAX = 500_000;

const libc = koffi.load('libc.so.6');
const sendmmsg = libc.func('int sendmmsg(int fd, void *messages, unsigned int count, int flags)');
const sleepMicroseconds = libc.func('int usleep(unsigned int microseconds)');

const spec: SendSpec = JSON.parse(process.argv[2]);
const { bytes, offsets, lengths } = readFrames(spec.capture);
const framesCount = offsets.length;
const hostBytes = Array.from(offsets, (offset) => findHostBytes(bytes, offset) ?? [0, 0]).flat();
const firstHosts = hostBytes.map((at) => bytes[at]);

// One table for messages and vectors: it is passed to each call, so it stays while the kernel reads of it.
const table = new BigUint64Array(framesCount * (MESSAGE_WORDS + IOVEC_WORDS));
const vectorsAt = framesCount * MESSAGE_WORDS;
const bytesAddress = addressOf(bytes);
const tableAddress = addressOf(new Uint8Array(table.buffer));
for (let index = 0; index < framesCount; index++) {
  const messageAt = index * MESSAGE_WORDS;
  const vectorAt = vectorsAt + index * IOVEC_WORDS;
  table[messageAt + IOV_AT] = tableAddress + BigInt(vectorAt * WORD_BYTES);
  table[messageAt + IOV_LENGTH_AT] = 1n;
  table[vectorAt] = bytesAddress + BigInt(offsets[index]);
  table[vectorAt + 1] = BigInt(lengths[index]);
}

function openSocket(): number {
  const descriptor: number = socket(AF_PACKET, SOCK_RAW, 0);
  const address = Buffer.alloc(ADDRESS_BYTES);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeInt32LE(ifNameToIndex(spec.device), IFINDEX_AT);
  const enabled = Int32Array.of(1);
  if (
    descriptor < 0 ||
    setsockopt(descriptor, SOL_PACKET, PACKET_QDISC_BYPASS, enabled, enabled.byteLength) !== 0 ||
    bind(descriptor, address, ADDRESS_BYTES) !== 0
  ) {
    throw new Error(`Cannot send on ${spec.device}: error ${errorNumber()}`);
  }
  return descriptor;
}

/** Another network for each pass. Byte 0 of the capture stands for frames without addresses. */
function moveFrame(index: number, pass: number): void {
  for (let host = index * 2; host < index * 2 + 2; host++) {
    if (hostBytes[host] !== 0) {
      bytes[hostBytes[host]] = firstHosts[host] + pass;
    }
  }
}

const descriptor = openSocket();
const intervalMs = (FRAMES_PER_CALL * 1000) / spec.packetsPerSecond;
const report: SendReport = { sent: 0, refusals: 0, elapsedSec: 0 };
const startMs = performance.now();
let dueMs = startMs;
for (let pass = spec.firstPass; pass < spec.firstPass + spec.passes; pass++) {
  for (let first = 0; first < framesCount; first += FRAMES_PER_CALL) {
    const count = Math.min(FRAMES_PER_CALL, framesCount - first);
    for (let index = first; index < first + count; index++) {
      moveFrame(index, pass);
    }
    while (performance.now() < dueMs) {
      // A timer is too coarse: this thread has a core of its own.
    }
    dueMs += intervalMs;
    sendBatch(first, count);
  }
}
report.elapsedSec = (performance.now() - startMs) / 1000;
process.stdout.write(JSON.stringify(report));

/** A full backlog of the other end refuses a frame: it is offered again when that had time to empty. */
function sendBatch(first: number, count: number): void {
  let done = 0;
  let refusals = 0;
  while (done < count) {
    const messages = table.subarray((first + done) * MESSAGE_WORDS, vectorsAt);
    const sent: number = sendmmsg(descriptor, messages, count - done, 0);
    if (sent > 0) {
      done += sent;
      refusals = 0;
    } else if (errorNumber() !== ENOBUFS || ++refusals > REFUSALS_MAX) {
      throw new Error(`${spec.device} takes no more frames: error ${errorNumber()}`);
    } else {
      report.refusals++;
      sleepMicroseconds(REFUSED_WAIT_US);
    }
  }
  report.sent += count;
}
