import { canMatchHeads } from '../capture/head-filter.ts';
import { SPELLINGS } from '../config/option-spellings.ts';
import type { Settings } from '../config/settings.ts';
import { EXIT_USAGE, HttplogError } from '../errors.ts';
import { type FilterSettings, hasFilter } from '../filter/filter-settings.ts';
import { lateCrypto } from '../late-modules.ts';
import { SNAPLEN_MAX } from '../limits.ts';
import type { LiveCapture } from '../worker/live-protocol.ts';
import type { PipelineSettings } from '../worker/pipeline-settings.ts';
import { TUNNEL_HEADERS_BYTES } from './limits.ts';
import { describeTarget, type RecordPlan } from './output-plan.ts';

/** What the settings mean for the workers and the writer of a live capture. */

const BYTES_PER_MEGABYTE = 1024 * 1024;
/** Fanout group ids have 16 bits; by chance, so that two daemons on one host do not share a group. */
const FANOUT_GROUPS_COUNT = 65_536;
/** Atomics work on words of 32 bits. */
const PACKET_QUOTA_MAX = 2 ** 31 - 1;

/** What live capture and replay have in common; what is the caller's to say comes beside the settings. */
export function createPipelineSettings(
  settings: Settings,
  { outputs, report: _, ...records }: RecordPlan,
  own: Pick<PipelineSettings, 'localNetworks' | 'snaplenBytes' | 'flowSeed'>,
): PipelineSettings {
  return {
    ...records,
    ...own,
    // Live, the kernel passes whole what it cannot follow (IPv6 extension headers): ports are looked at here too.
    ports: settings.filter === undefined ? settings.ports : 'any',
    methods: settings.methods,
    vxlanPorts: settings.vxlanPorts,
    // Without its whole head the size of a message is not known, and so not where the next one begins.
    isHeadCompleted: needsWholeHeads(settings, outputs, records.filter),
    isConnectHidden: settings.withinConnect === 'hide',
    isFolded: !settings.noFold,
    timezone: settings.timezone,
    outputs: outputs.map((output) => output.settings),
    framesMax: -1,
  };
}

export function createLiveCapture(
  settings: Settings,
  plan: RecordPlan,
  interfaceName: string,
): LiveCapture {
  return {
    engine: settings.engine,
    interfaceName,
    ports: settings.ports,
    tunnels: settings.tunnels && { vxlanPorts: settings.vxlanPorts },
    headMethods: areHeadsEnough(settings, plan) ? settings.methods : undefined,
    filterExpression: settings.filter,
    snaplenBytes: chooseSnaplen(settings),
    ringBytes: settings.ringMegabytes * BYTES_PER_MEGABYTE,
    isPromiscuous: settings.promiscuous,
    fanoutGroup: chooseFanoutGroup(settings.workers),
  };
}

/**
 * Whether of all segments those that begin a message are enough: no line shows more, and nobody waits for a
 * number of packets.
 */
function areHeadsEnough(settings: Settings, { outputs, filter }: RecordPlan): boolean {
  return (
    !needsWholeHeads(settings, outputs, filter) &&
    settings.packetCountMax < 0 &&
    canMatchHeads(settings.methods)
  );
}

/** The outer headers come on top: of the packet within, as much is kept as of one that is in no tunnel. */
function chooseSnaplen({ snaplen, tunnels }: Settings): number {
  return tunnels ? Math.min(snaplen + TUNNEL_HEADERS_BYTES, SNAPLEN_MAX) : snaplen;
}

export function createPacketQuota(
  packetCountMax: number,
): Int32Array<SharedArrayBuffer> | undefined {
  if (packetCountMax < 0) {
    return undefined;
  }
  const quota = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  quota[0] = Math.min(packetCountMax, PACKET_QUOTA_MAX);
  return quota;
}

export function describeCapture(
  settings: Settings,
  { outputs }: RecordPlan,
  interfaceName: string,
): string {
  const workers = settings.workers === 1 ? '1 worker' : `${settings.workers} workers`;
  const ports =
    settings.ports === 'any' ? 'any TCP port' : `port ${SPELLINGS.ports.print(settings.ports)}`;
  // An expression alone says what passes, and may well be about tunnels.
  const what = settings.filter ?? (settings.tunnels ? `${ports}, tunnels too` : ports);
  const named = outputs.filter(({ target }) => target.kind !== 'report');
  const where = [...new Set(named.map(describeTarget))].join(', ');
  return (
    `Capturing on ${interfaceName} (${what}; ${settings.engine}, ${workers},` +
    ` ${settings.ringMegabytes} MB ring), writing to ${where}`
  );
}

/** Undefined when there is one worker only. */
export function chooseFanoutGroup(workersCount: number): number | undefined {
  return workersCount > 1 ? lateCrypto().randomInt(FANOUT_GROUPS_COUNT) : undefined;
}

/** Unforeseeable, so that nobody can choose flows of one hash. */
export function chooseFlowSeed(): number {
  return lateCrypto().randomInt(2 ** 31);
}

function needsWholeHeads(
  { completeHeads, clientFrom, withinConnect }: Settings,
  outputs: RecordPlan['outputs'],
  filter: FilterSettings,
): boolean {
  return (
    completeHeads ||
    // Which response answers CONNECT, every segment tells.
    withinConnect === 'hide' ||
    hasFilter(filter) ||
    // What proxies say of the client stands before a connection's first head, or behind the client's own fields.
    (clientFrom.source !== 'peer' && outputs.some(({ settings }) => settings.format !== 'text')) ||
    outputs.some(({ settings }) => settings.records === 'exchanges')
  );
}

/** Only packet sockets can share their packets by flow: two of libpcap would log every message twice. */
export function checkEngine({ engine, workers }: Settings): void {
  if (engine === 'libpcap' && workers > 1) {
    throw new HttplogError(`The libpcap engine works with one worker, not with -cpu ${workers}`, {
      code: 'HTTPLOG_CONFIGURATION',
      exitCode: EXIT_USAGE,
      hint: 'Leave -cpu at 1, or use --engine afpacket',
    });
  }
}
