import { isIP, isIPv6 } from '../ip-address.ts';
import { PORT_MAX } from './port-spellings.ts';

/** Where the admin server listens. */
export type AdminAddress =
  | { kind: 'tcp'; host: string; port: number }
  /** A Unix socket; the path is absolute, or begins with `./`. */
  | { kind: 'socket'; path: string };

export const ADMIN_ADDRESS_ALLOWED =
  'a port of 127.0.0.1 as in 9090, ADDRESS:PORT as in [::1]:9090, or a path as in /run/httplog.sock';

/** Of a port alone: nobody else can reach it. Any other address has to be written in full. */
const LOOPBACK = '127.0.0.1';

/** Bytes of a Unix socket's path with its final zero: `sun_path`. @see unix(7) */
const SOCKET_PATH_BYTES = 108;

/** An address as it is written, or null if it is not one. Names are not looked up. */
export function parseAdminAddress(text: string): AdminAddress | null {
  if (text.startsWith('/') || text.startsWith('./')) {
    const isPath = !text.includes('\0') && Buffer.byteLength(text) < SOCKET_PATH_BYTES;
    return isPath ? { kind: 'socket', path: text } : null;
  }
  const match = /^(?:\[([^\]]+)\]:|([^:]+):)?([1-9][0-9]{0,4})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > PORT_MAX) {
    return null;
  }
  const [, inBrackets, plain] = match;
  const host = inBrackets ?? plain ?? LOOPBACK;
  const isAddress = inBrackets === undefined ? isIP(host) === 4 : isIPv6(host);
  return isAddress ? { kind: 'tcp', host, port } : null;
}

/** As it would be typed, a lone port with its address. */
export function printAdminAddress(address: AdminAddress): string {
  switch (address.kind) {
    case 'tcp':
      return isIPv6(address.host)
        ? `[${address.host}]:${address.port}`
        : `${address.host}:${address.port}`;
    case 'socket':
      return address.path;
    default:
      return address satisfies never;
  }
}
