import { isIPv4, isIPv6 } from '../ip-address.ts';
import type { AdminAddress } from './admin-address.ts';
import { ADMIN_HOSTS_MAX } from './limits.ts';

/**
 * By which names the admin server lets itself be asked. A page that a browser shows may have its own name point to this
 * host (DNS rebinding), and would then read what only this host may; but the request says that name.
 */

export const ADMIN_HOSTS_ALLOWED = `up to ${ADMIN_HOSTS_MAX} names or addresses without a port as in monitor.example,192.0.2.7`;

/** Says whether a Host field's value is a name of the server, on a connection to this address of it. */
export type HostCheck = (host: string, localAddress: string | undefined) => boolean;

/** `name`, `192.0.2.7` or `[2001:db8::7]`. */
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]{1,253})$/;
const PORT = /:[0-9]{0,5}$/;
const WILDCARDS: readonly string[] = ['0.0.0.0', '::'];

/**
 * The address listened on, loopback's names and addresses, and the names that the operator has added, with any port: it
 * may be forwarded. Of a wildcard it is the address that a connection came to.
 */
export function createHostCheck(address: AdminAddress, names: readonly string[]): HostCheck {
  if (address.kind === 'socket') {
    // No page gets there, and clients make a name up.
    return () => true;
  }
  const isWildcard = WILDCARDS.includes(address.host);
  const own = isWildcard ? [] : [canonicalAddress(address.host)];
  const known = new Set([...own, ...names]);
  return (text, localAddress) => {
    const host = canonicalHost(text.replace(PORT, ''));
    if (host === null) {
      return false;
    }
    const isReached =
      isWildcard && localAddress !== undefined && host === canonicalAddress(localAddress);
    return isReached || isLoopback(host) || known.has(host);
  };
}

/** Names of the list in the form in which hosts are compared, or null when one is none. */
export function parseAdminHosts(text: string): string[] | null {
  const hosts = text
    .split(/[\s,]+/)
    .map((part) => (isIPv6(part) ? canonicalAddress(part) : canonicalHost(part)));
  const isAllowed = hosts.length <= ADMIN_HOSTS_MAX && hosts.every((host) => host !== null);
  return isAllowed ? [...new Set(hosts)] : null;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}

/** Small letters, addresses in their one form; null for what is no host. */
function canonicalHost(text: string): string | null {
  return HOST.test(text) ? readHostname(text) : null;
}

/** An address as it stands in a URL, without the zone of a link-local one, which no client sends. */
function canonicalAddress(address: string): string {
  const [plain] = address.split('%');
  return readHostname(isIPv6(plain) ? `[${plain}]` : plain) ?? plain;
}

function readHostname(host: string): string | null {
  // A dot at the end says that nothing is to be added to the name.
  return URL.parse(`http://${host}`)?.hostname.replace(/\.$/, '') ?? null;
}
