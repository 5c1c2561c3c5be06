import type { LiveCapture } from './live-protocol.ts';

/** Equal for captures whose packets pass by the same filter. */
export function describeFilter(capture: LiveCapture): string {
  const { ports, tunnels, headMethods, filterExpression, snaplenBytes } = capture;
  return JSON.stringify(
    filterExpression === undefined
      ? { ports, tunnels, headMethods, snaplenBytes }
      : { filterExpression, snaplenBytes },
  );
}
