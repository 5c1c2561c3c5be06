import { fileURLToPath } from 'node:url';
import { PATIENCE_MS } from '../patience.ts';
import { type RunningProcess, startProcess } from './child-process.ts';
import {
  bringUp,
  createNamespacePair,
  ip,
  type LinkEnd,
  type LinkedHosts,
} from './network-namespaces.ts';
import type { WireSpec } from './wire-main.ts';

const WIRE_PROGRAM = fileURLToPath(new URL('wire-main.ts', import.meta.url));
const READY_TIMEOUT_MS = PATIENCE_MS;

/** Name of the device that shows the tagged frames, in both namespaces. */
export const TRUNK_DEVICE = 'trunk0';

const WIRE_ADDRESSES = {
  client: { ipv4: '203.0.113.2', ipv6: '2001:db8:3::2' },
  server: { ipv4: '203.0.113.1', ipv6: '2001:db8:3::1' },
} as const;

export interface WireOptions {
  /** `tun` gives devices without a link header; `tap`, the default, Ethernet. */
  kind?: WireSpec['kind'];
  /**
   * VLAN tags, outer first. Where there are any, `TRUNK_DEVICE` in both namespaces receives every
   * frame of both directions with these tags; hosts themselves talk untagged on `device`.
   */
  tags?: WireSpec['tags'];
  /** Every n-th frame with TCP payload of a direction is lost. */
  loseEvery?: number;
  /** Every n-th frame with TCP payload of a direction arrives twice. */
  repeatEvery?: number;
}

/**
 * Makes two namespaces joined by a wire in user space, for what kernels may lack: VLAN tags, loss,
 * repeated frames, tun devices. Frames are no longer than the MTU and their checksums are complete.
 */
export async function createWire(options: WireOptions = {}): Promise<LinkedHosts> {
  const namespaces = await createNamespacePair();
  const kind = options.kind ?? 'tap';
  const tags = options.tags ?? [];
  const client: LinkEnd = {
    namespace: namespaces.clientNamespace,
    device: 'client0',
    ...WIRE_ADDRESSES.client,
  };
  const server: LinkEnd = {
    namespace: namespaces.serverNamespace,
    device: 'server0',
    ...WIRE_ADDRESSES.server,
  };
  const trunk = tags.length === 0 ? '' : TRUNK_DEVICE;
  const spec: WireSpec = {
    kind,
    ends: [
      { namespace: client.namespace, device: client.device, trunk },
      { namespace: server.namespace, device: server.device, trunk },
    ],
    tags,
    loseEvery: options.loseEvery ?? 0,
    repeatEvery: options.repeatEvery ?? 0,
  };
  let wire: RunningProcess | undefined;
  const stop = async () => {
    await wire?.stop();
    await namespaces.stop();
  };
  try {
    wire = await startProcess(process.execPath, [WIRE_PROGRAM, JSON.stringify(spec)]);
    await wire.waitForOutput('stdout', /^ready$/m, READY_TIMEOUT_MS);
    for (const end of [client, server]) {
      await bringUp(end.namespace, end.device, end.ipv4, end.ipv6);
      if (trunk !== '') {
        await bringTrunkUp(end.namespace);
      }
    }
    return { client, server, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

// A trunk only shows traffic: without an address the kernel has nothing of its own to send there.
async function bringTrunkUp(namespace: string): Promise<void> {
  await ip(namespace, 'link', 'set', TRUNK_DEVICE, 'addrgenmode', 'none');
  await ip(namespace, 'link', 'set', TRUNK_DEVICE, 'up');
}
