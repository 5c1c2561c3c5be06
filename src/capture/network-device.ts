import { readFileSync } from 'node:fs';
import { EXIT_RUNTIME, HttplogError } from '../errors.ts';

const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;
/** @see include/uapi/linux/if.h */
const IFF_UP = 0x1;

/**
 * What the first byte of a device's frames belongs to. Devices without an Ethernet header (tun, ppp, and
 * `any`, which mixes them) are read from the network layer on.
 */
export function interfaceLinkLayer(interfaceName: string): 'ethernet' | 'network' {
  if (interfaceName === 'any') {
    return 'network';
  }
  const hardwareType = readHardwareType(interfaceName);
  return hardwareType === ARPHRD_ETHER || hardwareType === ARPHRD_LOOPBACK ? 'ethernet' : 'network';
}

export function isLoopbackInterface(interfaceName: string): boolean {
  return interfaceName !== 'any' && readHardwareType(interfaceName) === ARPHRD_LOOPBACK;
}

/** True when the device is administratively up; false when there is none of that name. */
export function isDeviceUp(interfaceName: string): boolean {
  try {
    const flags = Number(readFileSync(`/sys/class/net/${interfaceName}/flags`, 'latin1'));
    return (flags & IFF_UP) !== 0;
  } catch {
    return false;
  }
}

/** The interface went down or away: whoever captures can wait for it and open it again. */
export function interfaceLost(interfaceName: string, what: string): HttplogError {
  return new HttplogError(`Interface ${interfaceName} ${what}`, {
    code: 'HTTPLOG_INTERFACE_LOST',
    exitCode: EXIT_RUNTIME,
    hint: `Bring it up with "ip link set ${interfaceName} up"`,
  });
}

/** ARPHRD_* number of a device; 0 when the kernel does not tell, which reads it from the network layer on. */
function readHardwareType(interfaceName: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${interfaceName}/type`, 'latin1'));
  } catch {
    return 0;
  }
}
