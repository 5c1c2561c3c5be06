import { rmSync } from 'node:fs';
import koffi from 'koffi';
import { encodeUnixAddress } from '../../src/system/datagram.ts';
import { bind, closeDescriptor, socket } from '../../src/system/libc.ts';

const libc = koffi.load('libc.so.6');
const recv = libc.func('long recv(int fd, void *data, size_t length, int flags)');

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;
const DATAGRAM_BYTES_MAX = 4096;

/** The receiver of what a service tells systemd. */
export interface NotifySocket {
  /** All datagrams so far, in their order. */
  datagrams(): string[];
  close(): void;
}

/** @param address path of the socket that is made, or `@` and an abstract name of this network namespace */
export function openNotifySocket(address: string): NotifySocket {
  const descriptor = socket(AF_UNIX, SOCK_DGRAM, 0);
  const encoded = encodeUnixAddress(address);
  if (descriptor < 0 || bind(descriptor, encoded, encoded.length) !== 0) {
    throw new Error(`Cannot listen at ${address}: error ${koffi.errno()}`);
  }
  const received: string[] = [];
  const data = Buffer.alloc(DATAGRAM_BYTES_MAX);
  return {
    datagrams() {
      for (;;) {
        const byteLength = Number(recv(descriptor, data, data.length, MSG_DONTWAIT));
        if (byteLength < 0) {
          return received;
        }
        received.push(data.toString('utf8', 0, byteLength));
      }
    },
    close() {
      closeDescriptor(descriptor);
      if (address.startsWith('/')) {
        rmSync(address, { force: true });
      }
    },
  };
}
