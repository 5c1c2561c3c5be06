import type { FilterBuilder, FrameSource } from '../capture/frame.ts';
import type { RingRegistry } from '../capture/ring-registry.ts';
import { takeUpNetRaw } from '../system/privileges.ts';
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
  const { interfaceName, ringBytes, isPromiscuous } = capture;
  // The thread that started this one has laid it down, so that no other has it.
  takeUpNetRaw();
  if (capture.engine === 'libpcap') {
    const { openLibpcapEngine } = await import('../capture/libpcap-engine.ts');
    const { ports, tunnels, headMethods, filterExpression: expression } = capture;
    const filter = expression === undefined ? { ports, tunnels, headMethods } : { expression };
    const snaplen = capture.snaplenBytes;
    return openLibpcapEngine({ interfaceName, snaplen, ringBytes, isPromiscuous, filter });
  }
  const { openAfPacketEngine, takeOverAfPacketEngine } = await import(
    '../capture/af-packet-engine.ts'
  );
  const buildFilter = await loadFilterBuilder(capture);
  const left = takeOverAfPacketEngine(registry, clockMs);
  if (left !== undefined) {
    // The thread that has left it may not have heard of the last change.
    left.replaceFilter?.(buildFilter);
    return left;
  }
  const { interfaceLinkLayer } = await import('../capture/network-device.ts');
  return openAfPacketEngine({
    interfaceName,
    ringBytes,
    isPromiscuous,
    filter: buildFilter(interfaceLinkLayer(interfaceName)),
    fanoutGroup: capture.fanoutGroup,
    registry,
    clockMs,
  });
}

/** What makes the kernel's filter of a packet ring; it throws HttplogError where the expression is wrong. */
export async function loadFilterBuilder(capture: LiveCapture): Promise<FilterBuilder> {
  const { interfaceName, ports, tunnels, headMethods, filterExpression: expression } = capture;
  const snaplen = capture.snaplenBytes;
  if (expression === undefined) {
    const { buildDefaultFilter } = await import('../capture/default-filter.ts');
    return (linkLayer) => buildDefaultFilter({ ports, linkLayer, snaplen, tunnels, headMethods });
  }
  const { compileLiveFilter } = await import('../capture/compile-filter.ts');
  return (linkLayer) => compileLiveFilter({ expression, interfaceName, linkLayer, snaplen });
}
