import koffi from 'koffi';
import { closeDescriptor, errorNumber, socket } from './libc.ts';

/** The C library's call for datagrams over Unix sockets, which Node does not have. */
const libc = koffi.load('libc.so.6');

const sendto = libc.func(
  'long sendto(int fd, const void *data, size_t length, int flags, const void *address, uint32_t addressLength)',
);

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0x80000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** struct sockaddr_un: sun_family, then sun_path. */
const SUN_PATH_OFFSET = 2;
/** sun_path has 108 bytes, one of them for the zero that ends a path or begins an abstract name. */
export const UNIX_ADDRESS_BYTES_MAX = 107;

/**
 * Sends one datagram, without waiting for a receiver that does not keep up.
 *
 * @param address path of a socket, or `@` and an abstract name; **caller has checked its length**
 * @returns the error number, 0 when it was sent
 * @see unix(7)
 */
export function sendDatagram(address: string, text: string): number {
  const descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) {
    return errorNumber();
  }
  const data = Buffer.from(text);
  const target = encodeUnixAddress(address);
  const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  const sent = sendto(descriptor, data, data.length, flags, target, target.length);
  const error = sent < 0 ? errorNumber() : 0;
  closeDescriptor(descriptor);
  return error;
}

/** A struct sockaddr_un that ends with the name: of an abstract one every byte counts, zeros too. */
export function encodeUnixAddress(address: string): Buffer {
  const encoded = Buffer.from(`\0\0${address}`);
  encoded.writeUInt16LE(AF_UNIX, 0);
  if (address.startsWith('@')) {
    encoded[SUN_PATH_OFFSET] = 0;
  }
  return encoded;
}
