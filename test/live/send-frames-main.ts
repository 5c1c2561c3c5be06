/**
 * Puts frames on a device as they are, run by `hostile.test.ts` inside a namespace: every frame of the named
 * captures, then mutants of them. JSON on the command line and out.
 */
import koffi from 'koffi';
import { allFrames } from '../fuzz/known-frames.ts';
import { createRandom, mutate } from '../fuzz/random-bytes.ts';

interface Spec {
  device: string;
  captures: string[];
  framesPerCapture: number;
  mutants: number;
  seed: number;
  /** Frames after which it lets the device empty its queue. */
  framesPerTurn: number;
}

const AF_PACKET = 17;
const SOCK_RAW = 3;
/** `struct sockaddr_ll`. @see packet(7) */
const ADDRESS_BYTES = 20;
const IFINDEX_AT = 4;
/** The device takes what fits its MTU of 1,500 and an Ethernet header. */
const FRAME_BYTES_MIN = 14;
const FRAME_BYTES_MAX = 1514;

const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, const void *address, uint32_t length)');
const send = libc.func('long send(int fd, const void *data, size_t length, int flags)');
const ifNameToIndex = libc.func('unsigned int if_nametoindex(const char *name)');

const spec: Spec = JSON.parse(process.argv[2]);
const fd: number = socket(AF_PACKET, SOCK_RAW, 0);
const address = Buffer.alloc(ADDRESS_BYTES);
address.writeUInt16LE(AF_PACKET, 0);
address.writeInt32LE(ifNameToIndex(spec.device), IFINDEX_AT);
if (fd < 0 || bind(fd, address, ADDRESS_BYTES) !== 0) {
  throw new Error(`Cannot send on ${spec.device}: error ${koffi.errno()}`);
}

const random = createRandom(spec.seed);
const known: Uint8Array[] = [];
let sent = 0;
let refused = 0;

async function sendFrame(bytes: Uint8Array): Promise<void> {
  if (bytes.length < FRAME_BYTES_MIN) {
    return;
  }
  const byteLength = Math.min(bytes.length, FRAME_BYTES_MAX);
  if (Number(send(fd, bytes, byteLength, 0)) === byteLength) {
    sent++;
  } else {
    refused++;
  }
  if ((sent + refused) % spec.framesPerTurn === 0) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

for (const capture of spec.captures) {
  const frames = await allFrames(capture, spec.framesPerCapture);
  for (const { bytes } of frames) {
    await sendFrame(bytes);
  }
  known.push(...frames.slice(0, 20).map(({ bytes }) => bytes));
}
for (let count = 0; count < spec.mutants; count++) {
  await sendFrame(mutate(random.pick(known), random.pick(known), random));
}
process.stdout.write(JSON.stringify({ sent, refused }));
