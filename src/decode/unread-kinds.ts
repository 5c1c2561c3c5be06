/** What a frame carries that is not read, as one number: a kind of number, and the number. 0 is none. */
export const UNREAD_ETHERTYPE = 0x10000;
export const UNREAD_IP_PROTOCOL = 0x20000;
export const UNREAD_LINK_TYPE = 0x30000;

const KIND_MASK = 0xf0000;
const NUMBER_MASK = 0xffff;

/**
 * What never carries HTTP, and is in every network: ARP, RARP, EAPOL, LLDP, slow protocols, PPPoE discovery, precision time,
 * loop detection, configuration testing; ICMP, IGMP, EIGRP, ICMPv6, OSPF, PIM, VRRP.
 */
const ORDINARY: ReadonlySet<number> = new Set([
  ...[0x0806, 0x8035, 0x888e, 0x88cc, 0x8809, 0x8863, 0x88f7, 0x9000, 0x9003].map(
    (etherType) => UNREAD_ETHERTYPE | etherType,
  ),
  ...[1, 2, 88, 58, 89, 103, 112].map((protocol) => UNREAD_IP_PROTOCOL | protocol),
]);

/** `ethertype 0x893f`, `IP protocol 132`, `link type 105`. */
export function describeUnreadKind(kind: number): string {
  const number = kind & NUMBER_MASK;
  switch (kind & KIND_MASK) {
    case UNREAD_ETHERTYPE:
      return `ethertype 0x${number.toString(16).padStart(4, '0')}`;
    case UNREAD_IP_PROTOCOL:
      return `IP protocol ${number}`;
    default:
      return `link type ${number}`;
  }
}

/** Whether somebody who waits for HTTP is to be told of it. */
export function isTold(kind: number): boolean {
  return !ORDINARY.has(kind);
}
