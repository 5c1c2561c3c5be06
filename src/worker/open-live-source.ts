import type { FrameSource } from '../capture/frame.ts';
import type { LiveCapture } from './live-protocol.ts';

/**
 * Opens the engine that was asked for. libpcap is loaded only for `--engine libpcap` and for an expression
 * that needs its compiler.
 *
 * @throws HttplogError of the engine or the filter
 */
export async function openLiveSource(capture: LiveCapture): Promise<FrameSource> {
  const { interfaceName, ringBytes, isPromiscuous, snaplenBytes: snaplen } = capture;
  const { ports, tunnels, filterExpression: expression } = capture;
  if (capture.engine === 'libpcap') {
    const { openLibpcapEngine } = await import('../capture/libpcap-engine.ts');
    const filter = expression === undefined ? { ports, tunnels } : { expression };
    return openLibpcapEngine({ interfaceName, snaplen, ringBytes, isPromiscuous, filter });
  }
  const { openAfPacketEngine } = await import('../capture/af-packet-engine.ts');
  const { interfaceLinkLayer } = await import('../capture/network-device.ts');
  const linkLayer = interfaceLinkLayer(interfaceName);
  const filter =
    expression === undefined
      ? (await import('../capture/default-filter.ts')).buildDefaultFilter({
          ports,
          linkLayer,
          snaplen,
          tunnels,
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
  });
}
