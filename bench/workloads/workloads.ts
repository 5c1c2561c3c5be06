import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { spreadFlows, tagFrame } from './change-frames.ts';
import { measureCapture, rewriteCapture } from './pcap-file.ts';
import { recordTraffic } from './record.ts';
import { headerTraffic, TRAFFICS } from './traffics.ts';

/** A capture that candidates are measured on. */
export interface Workload {
  name: string;
  path: string;
  packets: number;
  /** Of the frames, without the file's headers. */
  bytes: number;
  /** tcpdump's expression for the packets of the server's port. */
  filter: string;
}

/** Where workloads are kept between runs, and how many packets each has. */
export interface WorkloadPlace {
  folder: string;
  packets: number;
}

/** What each workload is, in the order of the report. */
export const WORKLOADS: Readonly<Record<string, string>> = {
  site: 'pages of 270 to 8,100 bytes from nginx, a browser’s headers, 32 connections',
  'site-ipv6': 'the same over IPv6',
  'site-vlan': 'the frames of `site` with an 802.1Q tag each',
  api: 'small JSON, three GET to one POST, 32 connections that stay open',
  bulk: 'files of 190,000 bytes: 1 % of the packets begin a message',
  flood: 'frames of 60 bytes on port 80 that are no HTTP',
  wide: '100,000 connections of one request each',
  elephant: '`bulk` over one connection',
};

/** Of the named workloads, and of those that carry a number. */
export function describeWorkload(name: string): string {
  const [kind, argument] = splitName(name);
  switch (kind) {
    case 'flows':
      return `the frames of \`site\` given to ${argument} flows`;
    case 'header':
      return `requests with a head of ${argument} bytes`;
    default:
      return WORKLOADS[name];
  }
}

const VLAN_ID = 42;
const CONNECTIONS = 32;

/** Of the kept workload, or of one that is recorded now. */
export async function provideWorkload(name: string, place: WorkloadPlace): Promise<Workload> {
  mkdirSync(place.folder, { recursive: true });
  const path = join(place.folder, `${name}-${place.packets}.pcap`);
  if (!existsSync(path)) {
    console.log(`Making the workload ${name}, ${place.packets} packets`);
    await makeWorkload(name, path, place);
  }
  const { packets, bytes } = measureCapture(path);
  const filter = name === 'site-vlan' ? 'vlan and tcp port 80' : 'tcp port 80';
  return { name, path, packets, bytes, filter };
}

async function makeWorkload(name: string, path: string, place: WorkloadPlace): Promise<void> {
  const [kind, argument] = splitName(name);
  if (kind === 'site-vlan') {
    await changeSite(path, place, (frame) => tagFrame(frame, VLAN_ID));
  } else if (kind === 'flows') {
    await changeSite(path, place, spreadFlows(Math.max(1, Math.round(argument / CONNECTIONS))));
  } else if (kind === 'header') {
    await recordTraffic(path, place.packets, headerTraffic(argument));
  } else if (Object.hasOwn(TRAFFICS, kind)) {
    await recordTraffic(path, place.packets, TRAFFICS[kind as keyof typeof TRAFFICS]);
  } else {
    throw new Error(`There is no workload ${name}: choose of ${Object.keys(WORKLOADS).join(', ')}`);
  }
}

/** `flows-1000` and `header-500` carry a number. */
function splitName(name: string): [kind: string, argument: number] {
  const match = /^(flows|header)-(\d+)$/.exec(name);
  return match === null ? [name, 0] : [match[1], Number(match[2])];
}

async function changeSite(
  path: string,
  place: WorkloadPlace,
  change: (frame: Buffer) => Buffer,
): Promise<void> {
  const site = await provideWorkload('site', place);
  rewriteCapture(site.path, `${path}.part`, change);
  renameSync(`${path}.part`, path);
}
