/**
 * Where a capture of several devices has seen a packet, as one number: DEVICE_* bits, and above them the interface index,
 * or 0 where the capture does not tell it. 0: the capture is one of a single device.
 */

/** It left the host there. */
export const DEVICE_OUTGOING = 1;
/** Other devices are captured with it, and may show the same packet. */
export const DEVICE_OF_SEVERAL = 2;
const DEVICE_INDEX_SHIFT = 2;

/** The packet type of what a host sends, in the kernel and in captures. @see linux/if_packet.h */
export const PACKET_OUTGOING = 4;

export function packDevice(interfaceIndex: number, packetType: number): number {
  const direction = packetType === PACKET_OUTGOING ? DEVICE_OUTGOING : 0;
  return (interfaceIndex << DEVICE_INDEX_SHIFT) | DEVICE_OF_SEVERAL | direction;
}
