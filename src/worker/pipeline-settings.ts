import type { PortRange } from '../capture/port-range.ts';
import { createLocalNetworks } from '../decode/local-networks.ts';
import type { FilterSettings } from '../filter/filter-settings.ts';
import type { OutputSettings } from '../output/output-settings.ts';
import type { NetworkPrefix } from '../record/network-prefix.ts';
import type { RedactionSettings } from '../redact/redaction-settings.ts';
import type { FrameFilter, PipelineOptions } from './pipeline-state.ts';
import { createPortTable } from './port-table.ts';
import { createUtcOffset } from './utc-offset.ts';

/** What the control plane tells a worker about its pipeline: plain values, which threads can copy. */
export interface PipelineSettings {
  ports: PortRange[] | 'any';
  methods: readonly string[];
  /** UDP ports of VXLAN besides the usual ones. */
  vxlanPorts: readonly number[];
  /** Heads are put together from several segments. */
  isHeadCompleted: boolean;
  localNetworks: NetworkPrefix[];
  /** `local`, `UTC` or an IANA name. */
  timezone: string;
  /** Where lines go, and what they are; at least one. */
  outputs: readonly OutputSettings[];
  /** Fields that outputs show besides their own, lower case. */
  headerNames: readonly string[];
  filter: FilterSettings;
  redaction: RedactionSettings;
  /** What redactions are counted for; undefined: what `redaction` names. */
  redactionNames?: readonly string[];
  /** Text lines of tagged frames end with their VLAN ids. */
  hasVlan: boolean;
  /** Name of this host, where a format has a place for the observer. */
  hostName: string;
  /** Of the hash of flows; equal in all workers of a run. */
  flowSeed: number;
  /** See `PipelineOptions`. */
  hashSeed?: number | undefined;
  /** 0: all bytes that were captured. */
  snaplenBytes: number;
  /** -1: for ever. */
  framesMax: number;
}

export async function createPipelineOptions(
  settings: PipelineSettings,
  frameFilter: FrameFilter | undefined,
): Promise<PipelineOptions> {
  return {
    portTable: settings.ports === 'any' ? undefined : createPortTable(settings.ports),
    frameFilter,
    methods: settings.methods,
    vxlanPorts: settings.vxlanPorts,
    isHeadCompleted: settings.isHeadCompleted,
    localNetworks: createLocalNetworks(settings.localNetworks),
    utcOffset: await createUtcOffset(settings.timezone),
    outputs: settings.outputs,
    headerNames: settings.headerNames,
    filter: settings.filter,
    redaction: settings.redaction,
    redactionNames: settings.redactionNames,
    hasVlan: settings.hasVlan,
    hostName: settings.hostName,
    flowSeed: settings.flowSeed,
    hashSeed: settings.hashSeed,
    snaplenBytes: settings.snaplenBytes,
    framesMax: settings.framesMax,
  };
}
