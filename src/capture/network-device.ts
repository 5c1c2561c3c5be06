import { readFileSync } from 'node:fs';

const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;

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

/** ARPHRD_* number of a device; 0 when the kernel does not tell, which reads it from the network layer on. */
function readHardwareType(interfaceName: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${interfaceName}/type`, 'latin1'));
  } catch {
    return 0;
  }
}
