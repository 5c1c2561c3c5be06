import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

/**
 * The decoder of the JavaScript peers, as one writes it without a thought of speed: strings, regular
 * expressions and objects for each packet that begins a message.
 */
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const TPID_8021Q = 0x8100;
const PROTOCOL_TCP = 6;
const SERVER_PORT = 80;
const START_LINE = /^(?:(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH) |HTTP\/\d\.\d)/;
/** Characters of lines that wait for the file. */
const PENDING_CHARACTERS_MAX = 65_536;

interface Addresses {
  source: string;
  target: string;
  tcpAt: number;
  end: number;
}

/** The line of a frame, or undefined where its segment begins no message. */
export function describeFrame(bytes: Buffer, timestampMs: number): string | undefined {
  const ip = readAddresses(bytes);
  if (ip === undefined) {
    return undefined;
  }
  const sourcePort = bytes.readUInt16BE(ip.tcpAt);
  const targetPort = bytes.readUInt16BE(ip.tcpAt + 2);
  const payloadAt = ip.tcpAt + (bytes[ip.tcpAt + 12] >> 4) * 4;
  const payload = bytes.toString('latin1', payloadAt, ip.end);
  if ((sourcePort !== SERVER_PORT && targetPort !== SERVER_PORT) || !START_LINE.test(payload)) {
    return undefined;
  }
  const [startLine, ...fields] = payload.split('\r\n\r\n', 1)[0].split('\r\n');
  const names = startLine.startsWith('HTTP/')
    ? ['content-length', 'content-type']
    : ['host', 'user-agent'];
  const shown = names.map((name) => findField(fields, name)).join(' ');
  const time = new Date(timestampMs).toISOString().replace('T', ' ').slice(0, 23);
  return `${time} ${ip.source}#${sourcePort} ${ip.target}#${targetPort} ${startLine} ${shown}\n`;
}

function findField(fields: readonly string[], name: string): string {
  const field = fields.find((one) => one.toLowerCase().startsWith(`${name}:`));
  return field === undefined ? '-' : field.slice(name.length + 1).trim();
}

function readAddresses(bytes: Buffer): Addresses | undefined {
  let ipAt = 14;
  if (bytes.readUInt16BE(ipAt - 2) === TPID_8021Q) {
    ipAt += 4;
  }
  const etherType = bytes.readUInt16BE(ipAt - 2);
  if (etherType === ETHERTYPE_IPV4 && bytes[ipAt + 9] === PROTOCOL_TCP) {
    return {
      source: bytes.subarray(ipAt + 12, ipAt + 16).join('.'),
      target: bytes.subarray(ipAt + 16, ipAt + 20).join('.'),
      tcpAt: ipAt + (bytes[ipAt] & 0x0f) * 4,
      end: ipAt + bytes.readUInt16BE(ipAt + 2),
    };
  }
  if (etherType === ETHERTYPE_IPV6 && bytes[ipAt + 6] === PROTOCOL_TCP) {
    return {
      source: formatIpv6(bytes, ipAt + 8),
      target: formatIpv6(bytes, ipAt + 24),
      tcpAt: ipAt + 40,
      end: ipAt + 40 + bytes.readUInt16BE(ipAt + 4),
    };
  }
  return undefined;
}

function formatIpv6(bytes: Buffer, at: number): string {
  const words = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(at + index * 2));
  return words.map((word) => word.toString(16)).join(':');
}

/** Lines to a file, in pieces. */
export function openLines(path: string): { write(line: string): void; end(): Promise<void> } {
  const file = createWriteStream(path);
  let pending = '';
  return {
    write(line) {
      pending += line;
      if (pending.length >= PENDING_CHARACTERS_MAX) {
        file.write(pending);
        pending = '';
      }
    },
    async end() {
      file.end(pending);
      await once(file, 'finish');
    },
  };
}
