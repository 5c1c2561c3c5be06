import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pcapHeader, pcapRecord } from '../capture/build-capture.ts';
import type { TestFrame } from './frame-oracle.ts';

/** What tshark makes of one frame; of each layer the innermost. */
export interface SharkFrame {
  number: number;
  source: string;
  target: string;
  sourcePort: number;
  targetPort: number;
  /** Bytes of TCP payload, -1 without TCP. */
  tcpLength: number;
  /** `GET`, or `200`, of the first message in the frame; empty without one. */
  message: string;
  protocols: string;
}

/** A layer that occurs twice gives its values with this between them. */
const BETWEEN = '|';
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;
const FIELDS = [
  'frame.number',
  'ip.src',
  'ip.dst',
  'ipv6.src',
  'ipv6.dst',
  'tcp.srcport',
  'tcp.dstport',
  'tcp.len',
  'http.request.method',
  'http.response.code',
  'frame.protocols',
] as const;

/** Nothing is put together from several frames, and no port says that something is or is not HTTP. */
const PREFERENCES = [
  'tcp.desegment_tcp_streams:FALSE',
  'ip.defragment:FALSE',
  'ipv6.defragment:FALSE',
  'tcp.check_checksum:FALSE',
  'http.desegment_headers:FALSE',
  'http.desegment_body:FALSE',
].flatMap((preference) => ['-o', preference]);

/** Every frame of a capture as tshark sees it. */
export function readWithTshark(path: string, extraArgs: readonly string[] = []): SharkFrame[] {
  const fields = FIELDS.flatMap((field) => ['-e', field]);
  const args = ['-n', '-r', path, ...PREFERENCES, ...extraArgs, '-T', 'fields', ...fields];
  const { stdout, error } = spawnSync('tshark', [...args, '-E', `aggregator=${BETWEEN}`], {
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  if (error !== undefined) {
    throw error;
  }
  return stdout.split('\n').filter(Boolean).map(readRow);
}

function readRow(row: string): SharkFrame {
  const columns = row.split('\t');
  const value = (name: (typeof FIELDS)[number]) => columns[FIELDS.indexOf(name)] ?? '';
  const last = (name: (typeof FIELDS)[number]) => value(name).split(BETWEEN).at(-1) ?? '';
  const first = (name: (typeof FIELDS)[number]) => value(name).split(BETWEEN)[0];
  const protocols = value('frame.protocols');
  const isIpv6 = protocols.lastIndexOf(':ipv6') > lastIpv4(protocols);
  return {
    number: Number(value('frame.number')),
    source: last(isIpv6 ? 'ipv6.src' : 'ip.src'),
    target: last(isIpv6 ? 'ipv6.dst' : 'ip.dst'),
    sourcePort: Number(last('tcp.srcport')),
    targetPort: Number(last('tcp.dstport')),
    tcpLength: last('tcp.len') === '' ? -1 : Number(last('tcp.len')),
    message: first('http.request.method') || first('http.response.code'),
    protocols,
  };
}

/** Where the last IPv4 layer stands in `eth:ethertype:ip:gre:ipv6:tcp`. */
function lastIpv4(protocols: string): number {
  return Math.max(protocols.lastIndexOf(':ip:'), protocols.endsWith(':ip') ? protocols.length : -1);
}

/** Writes frames of one link type into a capture, calls `use` with its path, and removes it. */
export function withCapture<T>(frames: readonly TestFrame[], use: (path: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'httplog-tshark-'));
  const path = join(directory, 'frames.pcap');
  const options = { linkType: frames[0].linkType };
  const records = frames.map(({ bytes }) => pcapRecord({ data: bytes }, options));
  try {
    writeFileSync(path, Buffer.concat([pcapHeader(options), ...records]));
    return use(path);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
