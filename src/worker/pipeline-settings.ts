import type { PortRange } from '../capture/port-filter.ts';
import { createLocalNetworks } from '../decode/local-networks.ts';
import type { FrameFilter, PipelineOptions } from './pipeline.ts';
import { createPortTable } from './port-table.ts';
import { createUtcOffset } from './utc-offset.ts';

/** A network as bytes: 4 or 16 of address, and how many of its bits are fixed. */
export interface NetworkPrefix {
  address: Uint8Array;
  prefixBits: number;
}

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
  isSplitByType: boolean;
  hasVlan: boolean;
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
    isSplitByType: settings.isSplitByType,
    hasVlan: settings.hasVlan,
    snaplenBytes: settings.snaplenBytes,
    framesMax: settings.framesMax,
  };
}
