import { existsSync, readdirSync } from 'node:fs';
import { INTERFACES_LISTED_MAX } from './limits.ts';

const INTERFACES_PATH = '/sys/class/net';

/**
 * What to tell who listens to a bridge's own device: it sees what the host itself sends and receives through the
 * bridge, and nothing of what the bridge passes from one of its ports to another. Undefined: it is no bridge.
 *
 * @param interfacesPath where the kernel tells of interfaces; tests have one of their own
 */
export function describeBridge(
  interfaceName: string,
  interfacesPath = INTERFACES_PATH,
): string | undefined {
  const path = `${interfacesPath}/${interfaceName}`;
  if (!existsSync(`${path}/bridge`)) {
    return undefined;
  }
  const ports = listPorts(path);
  const listed = ports.slice(0, INTERFACES_LISTED_MAX);
  const left = ports.length - listed.length;
  const names = [...listed, ...(left > 0 ? [`${left} more`] : [])].join(', ');
  const ways = ports.length === 0 ? '-i any' : `-i any, or one of its ports (${names}),`;
  return (
    `${interfaceName} is a bridge: what goes from one of its ports to another does not pass its own device; ` +
    `${ways} shows it`
  );
}

function listPorts(path: string): string[] {
  try {
    return readdirSync(`${path}/brif`).toSorted();
  } catch {
    return [];
  }
}
