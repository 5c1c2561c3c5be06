import { loadLibpcap } from '../../src/capture/libpcap.ts';

/** Why tests that compile tcpdump expressions cannot run, or undefined when they can. */
export function missingLibpcap(): string | undefined {
  try {
    loadLibpcap();
    return undefined;
  } catch {
    return 'no libpcap';
  }
}
