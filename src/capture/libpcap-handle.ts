/** Live handles of libpcap: what opening one takes, and what can go wrong with it. */
import { EXIT_NOT_FOUND, EXIT_PERMISSION, EXIT_RUNTIME, HttplogError } from '../errors.ts';
import {
  type Libpcap,
  PCAP_ERROR,
  PCAP_ERROR_BYTES,
  PCAP_ERROR_IFACE_NOT_UP,
  PCAP_ERROR_NO_SUCH_DEVICE,
  PCAP_ERROR_PERM_DENIED,
  PCAP_ERROR_PROMISC_PERM_DENIED,
  PCAP_TSTAMP_PRECISION_NANO,
  type Pointer,
  readErrorBuffer,
} from './libpcap.ts';
import { RING_RETIRE_TIMEOUT_MS } from './limits.ts';
import { interfaceLost } from './network-device.ts';

export interface LiveHandleOptions {
  /** `any` is all of them. */
  interfaceName: string;
  snaplen: number;
  ringBytes: number;
  isPromiscuous: boolean;
}

/**
 * Opens a handle that sees packets from now on, unfiltered; the caller closes it.
 *
 * @throws HttplogError HTTPLOG_CAPTURE_PERMISSION, HTTPLOG_INTERFACE_NOT_FOUND, HTTPLOG_INTERFACE_LOST (it is
 * down) or HTTPLOG_LIBPCAP_FAILED
 */
export function openLiveHandle(
  libpcap: Libpcap,
  { interfaceName, snaplen, ringBytes, isPromiscuous }: LiveHandleOptions,
): Pointer {
  const errorBuffer = new Uint8Array(PCAP_ERROR_BYTES);
  const handle = libpcap.create(interfaceName, errorBuffer);
  if (handle === null) {
    throw libpcapFailure(interfaceName, readErrorBuffer(errorBuffer));
  }
  libpcap.set_snaplen(handle, snaplen);
  libpcap.set_promisc(handle, isPromiscuous ? 1 : 0);
  libpcap.set_timeout(handle, RING_RETIRE_TIMEOUT_MS);
  libpcap.set_buffer_size(handle, ringBytes);
  libpcap.set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO);
  const status = libpcap.activate(handle);
  // Above zero are warnings, of a handle that works.
  if (status < 0) {
    const words = libpcap.geterr(handle);
    libpcap.close(handle);
    throw activationError(interfaceName, status, words, libpcap.statustostr(status));
  }
  return handle;
}

export function libpcapFailure(interfaceName: string, words: string): HttplogError {
  return new HttplogError(`libpcap failed on interface ${interfaceName}: ${words}`, {
    code: 'HTTPLOG_LIBPCAP_FAILED',
    exitCode: EXIT_RUNTIME,
  });
}

function activationError(
  interfaceName: string,
  status: number,
  words: string,
  statusWords: string,
): HttplogError {
  switch (status) {
    case PCAP_ERROR_NO_SUCH_DEVICE:
      return new HttplogError(`There is no interface ${interfaceName}`, {
        code: 'HTTPLOG_INTERFACE_NOT_FOUND',
        exitCode: EXIT_NOT_FOUND,
        hint: 'Run httplog interfaces to see those there are',
      });
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
      return new HttplogError('Capturing packets is not permitted to this user', {
        code: 'HTTPLOG_CAPTURE_PERMISSION',
        exitCode: EXIT_PERMISSION,
        hint: 'Run as root, or give the process CAP_NET_RAW: no other capability is needed',
      });
    case PCAP_ERROR_IFACE_NOT_UP:
      return interfaceLost(interfaceName, 'is down');
    case PCAP_ERROR:
      return libpcapFailure(interfaceName, words);
    default:
      return libpcapFailure(interfaceName, words === '' ? statusWords : words);
  }
}
