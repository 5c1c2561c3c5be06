const ETHER_TYPE_AT = 12;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const TPID_8021Q = 0x8100;
const TAG_BYTES = 4;
const ETHERNET_BYTES = 14;
/** Bytes of the addresses that the bench may change: `192.X.2.1`, `2001:dbX:...`. */
const IPV4_SOURCE_AT = 13;
const IPV4_TARGET_AT = 17;
const IPV6_SOURCE_AT = 11;
const IPV6_TARGET_AT = 27;

/** One 802.1Q tag behind the MAC addresses. */
export function tagFrame(frame: Buffer, vlanId: number): Buffer {
  const tag = Buffer.alloc(TAG_BYTES);
  tag.writeUInt16BE(TPID_8021Q, 0);
  tag.writeUInt16BE(vlanId, 2);
  return Buffer.concat([frame.subarray(0, ETHER_TYPE_AT), tag, frame.subarray(ETHER_TYPE_AT)]);
}

/**
 * Where one byte of the source's and of the target's address lies, behind at most one tag; undefined where
 * the frame has none. The same number in both makes another pair of hosts out of each, and every flow another
 * one, whatever its direction.
 */
export function findHostBytes(bytes: Buffer, frameAt: number): [number, number] | undefined {
  const isTagged = bytes.readUInt16BE(frameAt + ETHER_TYPE_AT) === TPID_8021Q;
  const ipAt = frameAt + ETHERNET_BYTES + (isTagged ? TAG_BYTES : 0);
  switch (bytes.readUInt16BE(ipAt - 2)) {
    case ETHERTYPE_IPV4:
      return [ipAt + IPV4_SOURCE_AT, ipAt + IPV4_TARGET_AT];
    case ETHERTYPE_IPV6:
      return [ipAt + IPV6_SOURCE_AT, ipAt + IPV6_TARGET_AT];
    default:
      return undefined;
  }
}

/** Without IP options and VLAN tags, as nginx and its clients send. */
const TCP_AT = 34;
const SERVER_PORT = 80;
const REQUEST = Buffer.from('GET ');

/**
 * Gives each request of a connection, with its response, to the next of `hostPairs` pairs of hosts, in turn:
 * the traffic stays as it is, and has so many times its flows.
 */
export function spreadFlows(hostPairs: number): (frame: Buffer) => Buffer {
  const requests = new Map<number, number>();
  return (frame) => {
    const hosts = findHostBytes(frame, 0);
    if (hosts !== undefined) {
      const sourcePort = frame.readUInt16BE(TCP_AT);
      const clientPort = sourcePort === SERVER_PORT ? frame.readUInt16BE(TCP_AT + 2) : sourcePort;
      const payloadAt = TCP_AT + (frame[TCP_AT + 12] >> 4) * 4;
      const isRequest = frame.subarray(payloadAt, payloadAt + REQUEST.length).equals(REQUEST);
      const count = (requests.get(clientPort) ?? 0) + (isRequest ? 1 : 0);
      requests.set(clientPort, count);
      for (const at of hosts) {
        frame.writeUInt16BE(count % hostPairs, at);
      }
    }
    return frame;
  };
}
