import { randomBytes } from 'node:crypto';
import { PATIENCE_MS } from '../patience.ts';
import { runChecked, runCommand, waitUntil } from './child-process.ts';
import { ip, NAMESPACE_PREFIX, removeLeftovers, removeNamespace } from './network-namespaces.ts';

/**
 * A host of containers: a namespace with a bridge and two pods on it, one more beyond its network card, and service
 * addresses that nftables translates as kube-proxy and Docker do.
 */
export interface ContainerHost {
  host: string;
  pods: readonly [string, string];
  outside: string;
  /** Removes all of it. Safe to call twice. */
  stop(): Promise<void>;
}

export const BRIDGE = 'br0';
/** The host's own address on the bridge, and those of the two pods. */
export const BRIDGE_IP = '10.244.0.1';
export const POD_IPS = ['10.244.0.2', '10.244.0.3'] as const;
export const OUTSIDE_IP = '192.0.2.2';
const HOST_IP = '192.0.2.1';
/** Services of the second pod: to one the client's own address is seen, to the other the host's. */
export const SERVICE_IP = '10.96.0.1';
export const MASQUERADED_SERVICE_IP = '10.96.0.2';

const RULES = `
table ip nat {
  chain prerouting {
    type nat hook prerouting priority -100;
    ip daddr { ${SERVICE_IP}, ${MASQUERADED_SERVICE_IP} } tcp dport 80 dnat to ${POD_IPS[1]}:80;
  }
  chain output {
    type nat hook output priority -100;
    ip daddr { ${SERVICE_IP}, ${MASQUERADED_SERVICE_IP} } tcp dport 80 dnat to ${POD_IPS[1]}:80;
  }
  chain postrouting {
    type nat hook postrouting priority 100;
    ct original ip daddr ${MASQUERADED_SERVICE_IP} masquerade fully-random;
  }
}
`;

export async function createContainerHost(): Promise<ContainerHost> {
  await removeLeftovers();
  const id = randomBytes(3).toString('hex');
  const name = (side: string) => `${NAMESPACE_PREFIX}${process.pid}-${id}-${side}`;
  const host = name('host');
  const pods = [name('pod0'), name('pod1')] as const;
  const outside = name('outside');
  const all = [host, ...pods, outside];
  const stop = async () => {
    for (const namespace of all) {
      await removeNamespace(namespace);
    }
  };
  try {
    for (const namespace of all) {
      await runChecked('ip', ['netns', 'add', namespace]);
      await ip(namespace, 'link', 'set', 'lo', 'up');
    }
    await ip(host, 'link', 'add', BRIDGE, 'type', 'bridge');
    await ip(host, 'addr', 'add', `${BRIDGE_IP}/24`, 'dev', BRIDGE);
    await ip(host, 'link', 'set', BRIDGE, 'up');
    for (const [index, pod] of pods.entries()) {
      await connect(host, `pod${index}`, pod, POD_IPS[index], BRIDGE_IP);
      await ip(host, 'link', 'set', `pod${index}`, 'master', BRIDGE);
    }
    await connect(host, 'card0', outside, OUTSIDE_IP, HOST_IP);
    await ip(host, 'addr', 'add', `${HOST_IP}/24`, 'dev', 'card0');
    await ip(host, 'route', 'add', 'default', 'via', OUTSIDE_IP);
    await runChecked('sysctl', ['-qw', 'net.ipv4.ip_forward=1'], { namespace: host });
    await runChecked('nft', ['-f', '-'], { namespace: host, input: RULES });
    for (const device of ['pod0', 'pod1', 'card0']) {
      const isUp = async () => (await ip(host, '-o', 'link', 'show', device)).includes('state UP');
      await waitUntil(`${device} is up`, isUp, PATIENCE_MS);
    }
    return { host, pods, outside, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Whether what passes from one port of the bridge to the other goes by the host's rules, as Docker and Kubernetes have it.
 *
 * @returns false where the kernel cannot (it may be built without br_netfilter)
 */
export async function filterBridge({ host }: ContainerHost, isFiltered: boolean): Promise<boolean> {
  const setting = `net.bridge.bridge-nf-call-iptables=${isFiltered ? 1 : 0}`;
  const { code } = await runCommand('sysctl', ['-qw', setting], { namespace: host });
  return code === 0;
}

async function connect(
  host: string,
  device: string,
  namespace: string,
  address: string,
  gateway: string,
): Promise<void> {
  const peer = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace];
  await ip(host, 'link', 'add', device, ...peer);
  await ip(host, 'link', 'set', device, 'up');
  await ip(namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
  await ip(namespace, 'link', 'set', 'eth0', 'up');
  await ip(namespace, 'route', 'add', 'default', 'via', gateway);
}
