import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { PATIENCE_MS } from '../patience.ts';
import {
  type ProcessExit,
  type ProcessOptions,
  type RunningProcess,
  runChecked,
  runCommand,
  startProcess,
  waitUntil,
} from './child-process.ts';

/**
 * All namespaces of ours are named `hlt-PID-ID-SIDE`, so that a later run knows whose they were.
 */
export const NAMESPACE_PREFIX = 'hlt-';
const NAMESPACE_NAME = /^hlt-(\d+)-/;
const DEVICE_UP_TIMEOUT_MS = PATIENCE_MS;

/** One end of a link: where to run things, what to listen to, and how the other end calls it. */
export interface LinkEnd {
  namespace: string;
  /** Interface that carries the addresses. */
  device: string;
  ipv4: string;
  ipv6: string;
  /** VLAN interface on the same device and its addresses, where one was asked for. */
  vlan?: { device: string; ipv4: string; ipv6: string };
}

/** Two hosts: servers are meant to run in `server`, clients in `client`. */
export interface LinkedHosts {
  client: LinkEnd;
  server: LinkEnd;
  /**
   * Ends what still runs in the namespaces and removes them with their devices. Safe to call twice.
   */
  stop(): Promise<void>;
}

export interface VethPairOptions {
  /** Adds an interface with this VLAN id on both ends; needs the kernel's 802.1Q. */
  vlanId?: number;
  /** Ethertype of that tag, 802.1Q unless told otherwise. */
  vlanProtocol?: '802.1Q' | '802.1ad';
}

/** Addresses for documentation only. @see RFC 5737, RFC 3849 */
const VETH_ADDRESSES = {
  client: { ipv4: '192.0.2.2', ipv6: '2001:db8:1::2' },
  server: { ipv4: '192.0.2.1', ipv6: '2001:db8:1::1' },
} as const;
const VLAN_ADDRESSES = {
  client: { ipv4: '198.51.100.2', ipv6: '2001:db8:2::2' },
  server: { ipv4: '198.51.100.1', ipv6: '2001:db8:2::1' },
} as const;

/**
 * Makes two namespaces joined by a veth pair: `client0` in one, `server0` in the other. Offloads
 * stay as the kernel sets them, so captured TCP segments can be longer than the MTU.
 */
export async function createVethPair(options: VethPairOptions = {}): Promise<LinkedHosts> {
  const { clientNamespace, serverNamespace, stop } = await createNamespacePair();
  const client: LinkEnd = {
    namespace: clientNamespace,
    device: 'client0',
    ...VETH_ADDRESSES.client,
  };
  const server: LinkEnd = {
    namespace: serverNamespace,
    device: 'server0',
    ...VETH_ADDRESSES.server,
  };
  try {
    const peer = ['type', 'veth', 'peer', 'name', server.device, 'netns', server.namespace];
    await ip(client.namespace, 'link', 'add', client.device, ...peer);
    for (const [name, end] of [['client', client] as const, ['server', server] as const]) {
      await bringUp(end.namespace, end.device, end.ipv4, end.ipv6);
      if (options.vlanId !== undefined) {
        end.vlan = { device: `${end.device}.${options.vlanId}`, ...VLAN_ADDRESSES[name] };
        await addVlan(end, options.vlanId, options.vlanProtocol ?? '802.1Q');
      }
    }
    await waitUntilUp(client);
    await waitUntilUp(server);
    return { client, server, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Makes the link again where an end of it was deleted: the same names and addresses, other devices. */
export async function makeLinkAgain({ client, server }: LinkedHosts): Promise<void> {
  const peer = ['type', 'veth', 'peer', 'name', server.device, 'netns', server.namespace];
  await ip(client.namespace, 'link', 'add', client.device, ...peer);
  for (const end of [client, server]) {
    await bringUp(end.namespace, end.device, end.ipv4, end.ipv6);
  }
}

/** Makes two empty namespaces whose `lo` is up, and removes what dead runs have left. */
export async function createNamespacePair(): Promise<{
  clientNamespace: string;
  serverNamespace: string;
  stop(): Promise<void>;
}> {
  await removeLeftovers();
  // Threads of one process share its pid, so a counter would not do.
  const id = randomBytes(3).toString('hex');
  const clientNamespace = `${NAMESPACE_PREFIX}${process.pid}-${id}-client`;
  const serverNamespace = `${NAMESPACE_PREFIX}${process.pid}-${id}-server`;
  const stop = async () => {
    await removeNamespace(clientNamespace);
    await removeNamespace(serverNamespace);
  };
  try {
    for (const namespace of [clientNamespace, serverNamespace]) {
      await runChecked('ip', ['netns', 'add', namespace]);
      await ip(namespace, 'link', 'set', 'lo', 'up');
    }
    return { clientNamespace, serverNamespace, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Gives a device its addresses and sets it up; IPv6 is usable at once (no duplicate detection). */
export async function bringUp(
  namespace: string,
  device: string,
  ipv4: string,
  ipv6: string,
): Promise<void> {
  await ip(namespace, 'addr', 'add', `${ipv4}/24`, 'dev', device);
  await ip(namespace, '-6', 'addr', 'add', `${ipv6}/64`, 'dev', device, 'nodad');
  await ip(namespace, 'link', 'set', device, 'up');
}

/** `ip -n NAMESPACE ARGS...`, rejects with what it said when it fails. */
export async function ip(namespace: string, ...args: string[]): Promise<string> {
  return runChecked('ip', ['-n', namespace, ...args]);
}

/** Runs a command to its end inside a namespace. */
export async function runInNamespace(
  namespace: string,
  command: string,
  args: readonly string[],
  options: ProcessOptions & { timeoutMs?: number } = {},
): Promise<ProcessExit> {
  return runCommand(command, args, { ...options, namespace });
}

/** Starts a command inside a namespace; the caller stops it. */
export async function startInNamespace(
  namespace: string,
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<RunningProcess> {
  return startProcess(command, args, { ...options, namespace });
}

/** Removes the namespaces of runs whose process is gone. Gives their names. */
export async function removeLeftovers(): Promise<string[]> {
  const names = (await listNamespaces()).filter((name) => {
    const owner = NAMESPACE_NAME.exec(name)?.[1];
    return owner !== undefined && !isAlive(Number(owner));
  });
  for (const name of names) {
    await removeNamespace(name);
  }
  return names;
}

/** Names of all network namespaces of this machine. */
export async function listNamespaces(): Promise<string[]> {
  const lines = (await runChecked('ip', ['netns', 'list'])).split('\n');
  return lines.map((line) => line.split(' ')[0]).filter((name) => name !== '');
}

// Never rejects: a teardown that stops half-way leaves more behind than one that goes on.
export async function removeNamespace(name: string): Promise<void> {
  const { stdout } = await runCommand('ip', ['netns', 'pids', name]).catch(() => ({ stdout: '' }));
  for (const pid of stdout.split('\n').filter((line) => line !== '')) {
    kill(Number(pid));
  }
  await runCommand('ip', ['netns', 'del', name]).catch(() => undefined);
}

async function addVlan(end: LinkEnd, id: number, protocol: string): Promise<void> {
  if (end.vlan !== undefined) {
    const type = ['type', 'vlan', 'proto', protocol, 'id', `${id}`];
    await ip(end.namespace, 'link', 'add', 'link', end.device, 'name', end.vlan.device, ...type);
    await bringUp(end.namespace, end.vlan.device, end.vlan.ipv4, end.vlan.ipv6);
  }
}

// The kernel drops what is sent between the carrier's coming and its own notice of it, up to a
// second.
async function waitUntilUp({ namespace, device }: LinkEnd): Promise<void> {
  const isUp = async () => (await ip(namespace, '-o', 'link', 'show', device)).includes('state UP');
  await waitUntil(`${device} is up`, isUp, DEVICE_UP_TIMEOUT_MS);
}

function isAlive(pid: number): boolean {
  try {
    // A dead parent's zombie keeps its number, and owns nothing any more.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}
