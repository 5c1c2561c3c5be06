import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Capability bits of `CapEff` in `/proc/self/status`. @see capabilities(7) */
const CAPABILITY_BITS = { CAP_NET_ADMIN: 12n, CAP_NET_RAW: 13n, CAP_SYS_ADMIN: 21n } as const;
const PROBE_TIMEOUT_MS = 15_000;
/** Programs that Debian keeps here, which a plain user's PATH may lack. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin'];

type Capability = keyof typeof CAPABILITY_BITS;

/** Why this process cannot listen to an interface, or undefined when it can. */
export function canCaptureLive(): string | undefined {
  return missingCapability('CAP_NET_RAW');
}

/** Why this process cannot make network namespaces and interfaces, or undefined when it can. */
export function canMakeNamespaces(): string | undefined {
  return (
    missingCapability('CAP_SYS_ADMIN', 'CAP_NET_ADMIN') ?? missingTool('ip') ?? probeNamespace()
  );
}

/** Why no tap device can be made, or undefined when it can. */
export function canMakeTapDevices(): string | undefined {
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return 'no /dev/net/tun';
  }
}

/**
 * Why the kernel makes no VLAN interface (it may be built without 802.1Q), or undefined when it
 * does.
 */
export function canMakeVlanInterfaces(): string | undefined {
  return canMakeNamespaces() ?? probeVlan();
}

/** Why the kernel translates no addresses by nftables between the ports of a bridge, or undefined when it does. */
export function canTranslateAddresses(): string | undefined {
  return canMakeNamespaces() ?? missingTool('nft', 'sysctl') ?? probeTranslation();
}

/** The first of these programs that is not installed, as a reason, or undefined. */
export function missingTool(...names: string[]): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  for (const name of names) {
    if (!folders.some((folder) => isExecutable(join(folder, name)))) {
      return `no ${name} installed`;
    }
  }
  return undefined;
}

/** A test's title with the reason why it is skipped, so that the report shows it. */
export function titleWithReason(title: string, reason: string | undefined): string {
  return reason === undefined ? title : `${title} [skipped: ${reason}]`;
}

function missingCapability(...capabilities: Capability[]): string | undefined {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readStatus())?.[1] ?? '0'}`);
  for (const capability of capabilities) {
    if (((effective >> CAPABILITY_BITS[capability]) & 1n) === 0n) {
      return `no ${capability}`;
    }
  }
  return undefined;
}

function readStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return '';
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// Capabilities do not tell all: a container may forbid the mount that a named namespace needs.
const probeNamespace = once(() => {
  const name = `hlt-${process.pid}-probe`;
  const reason = tryCommand('ip', ['netns', 'add', name]);
  tryCommand('ip', ['netns', 'del', name]);
  return reason === undefined ? undefined : `no network namespaces (${reason})`;
});

const probeVlan = once(() => {
  const name = `hlt-${process.pid}-vlan`;
  tryCommand('ip', ['netns', 'add', name]);
  tryCommand('ip', ['-n', name, 'link', 'add', 'va', 'type', 'veth', 'peer', 'name', 'vb']);
  const vlan = ['link', 'add', 'link', 'va', 'name', 'va.1', 'type', 'vlan', 'id', '1'];
  const reason = tryCommand('ip', ['-n', name, ...vlan]);
  tryCommand('ip', ['netns', 'del', name]);
  return reason === undefined ? undefined : `no VLAN interfaces in this kernel (${reason})`;
});

const probeTranslation = once(() => {
  const name = `hlt-${process.pid}-nat`;
  tryCommand('ip', ['netns', 'add', name]);
  const bridge = tryCommand('ip', ['-n', name, 'link', 'add', 'br0', 'type', 'bridge']);
  const rules =
    'add table ip nat; ' +
    'add chain ip nat pre { type nat hook prerouting priority -100; }; ' +
    'add rule ip nat pre dnat to 192.0.2.1; ' +
    'add chain ip nat post { type nat hook postrouting priority 100; }; ' +
    'add rule ip nat post masquerade';
  const reason = bridge ?? tryCommand('ip', ['netns', 'exec', name, 'nft', rules]);
  tryCommand('ip', ['netns', 'del', name]);
  return reason === undefined ? undefined : `no bridge or no nat in this kernel (${reason})`;
});

function tryCommand(command: string, args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: PROBE_TIMEOUT_MS,
  });
  return status === 0 ? undefined : (error?.message ?? stderr.trim().split('\n')[0]);
}

function once(probe: () => string | undefined): () => string | undefined {
  let answer: { reason: string | undefined } | undefined;
  return () => {
    answer ??= { reason: probe() };
    return answer.reason;
  };
}
