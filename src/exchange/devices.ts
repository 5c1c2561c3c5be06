import { sideOf } from './flow-state.ts';
import { FLOWS_MAX } from './limits.ts';

/**
 * Which device of a capture of several has shown the newest bytes of each side first; 0: it is not known. Each device shows
 * a segment on its way through the host: what the first of them shows again was sent again, all else is a copy.
 */
export type Devices = Int32Array;

export function createDevices(): Devices {
  return new Int32Array(2 * FLOWS_MAX);
}

/** A flow begins with a segment of this direction. */
export function beginDevices(
  devices: Devices,
  flow: number,
  direction: number,
  device: number,
): void {
  devices[sideOf(flow, direction)] = device;
  devices[sideOf(flow, 1 - direction)] = 0;
}
