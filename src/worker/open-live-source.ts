import type { FrameSource } from '../capture/frame.ts';
import { takeUpNetRaw } from '../capture/libc-privileges.ts';
import type { RingRegistry } from '../capture/ring-registry.ts';
import type { LiveCapture } from './live-protocol.ts';

const clockMs = (): number => performance.now();

/**
 * Opens the engine that was asked for, or goes on with the ring of a thread that died. libpcap is loaded only for
 * `--engine libpcap` and for an expression that needs its compiler.
 *
 * @param registry where a packet ring is found as long as it is open
 * @throws HttplogError of the engine or the filter
 */
export async function openLiveSource(
  capture: LiveCapture,
  registry: RingRegistry,
): Promise<FrameSource> {
  const { interfaceName, ringBytes, isPromiscuous, snaplenBytes: snaplen } = capture;
  const { ports, tunnels, headMethods, filterExpression: expression } = capture;
  // The thread that started this one has laid it down, so that no other has it.
  takeUpNetRaw();
  if (capture.engine === 'libpcap') {
    const { openLibpcapEngine } = await import('../capture/libpcap-engine.ts');
    const filter = expression === undefined ? { ports, tunnels, headMethods } : { expression };
    return openLibpcapEngine({ interfaceName, snaplen, ringBytes, isPromiscuous, filter });
  }
  const { openAfPacketEngine, takeOverAfPacketEngine } = await import(
    '../capture/af-packet-engine.ts'
  );
  const left = takeOverAfPacketEngine(registry, clockMs);
  if (left !== undefined) {
    return left;
  }
  const { interfaceLinkLayer } = await import('../capture/network-device.ts');
  const linkLayer = interfaceLinkLayer(interfaceName);
  const filter =
    expression === undefined
      ? (await import('../capture/default-filter.ts')).buildDefaultFilter({
          ports,
          linkLayer,
          snaplen,
          tunnels,
          headMethods,
        })
      : (await import('../capture/compile-filter.ts')).compileLiveFilter({
          expression,
          interfaceName,
          linkLayer,
          snaplen,
        });
  return openAfPacketEngine({
    interfaceName,
    ringBytes,
    isPromiscuous,
    filter,
    fanoutGroup: capture.fanoutGroup,
    registry,
    clockMs,
  });
}
