/** Captures whose packets make it hard to decode them in parts, every choice drawn from a seed. */

import { createRandom } from '../decode/seeded-random.ts';
import {
  type CapturedPacket,
  captureRequests,
  frameOf,
  type PcapOptions,
  pcap,
  request,
} from '../fixtures/build-captures.ts';
import {
  bytesOf,
  type Endpoint,
  ETHERTYPE_IPV4,
  ethernet,
  ipv4,
  ipv6,
  TPID_8021Q,
  taggedEthernet,
  tcp,
} from '../fixtures/build-packets.ts';

type Random = ReturnType<typeof createRandom>;

/** 2019-09-01 23:59:50 UTC: a day ends on the way. */
const FIRST_SEC = 1567382390;
const SECONDS_OF_ALL = 20;
const CLIENTS = 12;
/** Of a hundred packets. */
const REPEATED = 12;
const SWAPPED = 5;

/** A pcap of so many packets: retransmitted near and far, out of order, fragmented, tagged, over midnight. */
export function randomCapture(
  seed: number,
  packetsCount: number,
  options: PcapOptions = {},
): Uint8Array {
  const random = createRandom(seed);
  const frames: Uint8Array[] = [];
  while (frames.length < packetsCount) {
    if (frames.length > 0 && random(100) < REPEATED) {
      frames.push(frames[random(2) === 0 ? random(frames.length) : frames.length - 1]);
    } else {
      frames.push(...randomFrames(random));
    }
  }
  for (let index = 1; index < frames.length; index++) {
    if (random(100) < SWAPPED) {
      [frames[index - 1], frames[index]] = [frames[index], frames[index - 1]];
    }
  }
  const packets = frames.map((bytes, index): CapturedPacket => {
    const sec = FIRST_SEC + Math.floor((index * SECONDS_OF_ALL) / frames.length);
    // Some clocks go back at times.
    const time = { sec: sec - (random(50) === 0 ? 1 : 0), subsecNs: random(1e6) * 1000 };
    const isCut = bytes.length > 80 && random(20) === 0;
    return isCut
      ? { bytes: bytes.subarray(0, 60 + random(bytes.length - 60)), wireLength: bytes.length, time }
      : { bytes, time };
  });
  return pcap(packets, options);
}

/** The frames of one segment: two of them when IP cuts it. */
function randomFrames(random: Random): Uint8Array[] {
  const index = random(CLIENTS);
  const isIpv6 = index % 4 === 0;
  const client: Endpoint = {
    address: isIpv6 ? `2001:db8::${index}` : `192.0.2.${index}`,
    port: 40_000,
  };
  const server: Endpoint = { address: isIpv6 ? '2001:db8:1::1' : '198.51.100.1', port: 80 };
  const [source, target] = random(2) === 0 ? [client, server] : [server, client];
  const sequence = random(2 ** 31) * 2;
  const segment = tcp({ source, target, sequence }, randomPayload(random));
  const addresses = { source: source.address, target: target.address };
  if (isIpv6) {
    return [frameOf(ipv6(addresses, segment))];
  }
  if (random(10) === 0 && segment.length > 80) {
    return [
      ethernet(
        ETHERTYPE_IPV4,
        ipv4({ ...addresses, moreFragments: true }, segment.subarray(0, 64)),
      ),
      ethernet(ETHERTYPE_IPV4, ipv4({ ...addresses, fragmentOffset: 8 }, segment.subarray(64))),
    ];
  }
  const packet = ipv4(addresses, segment);
  return random(6) === 0
    ? [taggedEthernet([{ tpid: TPID_8021Q, id: 1 + random(4094) }], ETHERTYPE_IPV4, packet)]
    : [frameOf(packet)];
}

function randomPayload(random: Random): Uint8Array {
  switch (random(9)) {
    case 0:
      return new Uint8Array(0);
    case 1:
      // Bytes that begin no message, zeros among them: no record header either.
      return Uint8Array.from({ length: 1 + random(1400) }, () => random(4) * random(64));
    case 2:
      // A capture within a packet: its record headers are as good as the real ones.
      return captureRequests(['/inner', '/capture'].map((path) => request(`GET ${path} HTTP/1.1`)));
    case 3:
      return bytesOf(requests(random, 2 + random(4)));
    case 4:
      // A head that does not end.
      return bytesOf(`GET /${random(1000)} HTTP/1.1\r\nHost: cut`);
    case 5:
      return bytesOf(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbodyHTTP/1.1 304 Same\r\n\r\n`);
    case 6:
      return bytesOf(`HTTP/1.1 404 \x01\\\xff\r\nContent-Type: text/html\r\n\r\n`);
    default:
      return bytesOf(requests(random, 1));
  }
}

function requests(random: Random, count: number): string {
  return Array.from({ length: count }, () => {
    // Some have what lines hide without being asked for.
    const target = `${random(5) === 0 ? 'http://ann:secret@random.example' : ''}/${random(10_000)}`;
    const agent = `seeded/1.0${random(5) === 0 ? '\rCookie: sid=secret' : ''}`;
    const fields = ['Host: random.example', `User-Agent: ${agent}`];
    return request(`GET ${target}${random(5) === 0 ? ';sid=secret' : ''} HTTP/1.1`, ...fields);
  }).join('');
}
