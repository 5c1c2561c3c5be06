import type { PortRange } from '../capture/port-range.ts';
import type { UtcOffset } from '../format/timestamp.ts';
import type { RecordSettings } from '../output/output-settings.ts';
import type { NetworkPrefix } from '../record/network-prefix.ts';
import type { FrameFilter } from './pipeline-state.ts';
import { createUtcOffset } from './utc-offset.ts';

/** What the control plane tells a worker about its pipeline: plain values, which threads can copy. */
export interface PipelineSettings extends RecordSettings {
  /** Segments from or to them are read; `any` also when the kernel or an expression has chosen. */
  ports: PortRange[] | 'any';
  methods: readonly string[];
  /** UDP ports of VXLAN besides the usual ones. */
  vxlanPorts: readonly number[];
  /** Heads are put together from several segments. */
  isHeadCompleted: boolean;
  /** HTTP within tunnels that CONNECT has opened is left out; for that flows are followed, whatever the outputs. */
  isConnectHidden: boolean;
  /** Of what several devices of a host show, one is shown. */
  isFolded: boolean;
  localNetworks: NetworkPrefix[];
  /** `local`, `UTC`, `+02:00` or an IANA name. */
  timezone: string;
  /** Of the hash of flows; equal in all workers of a run. */
  flowSeed: number;
  /** Of hashes of heads: 32 random bits, the same for all who look at one capture; undefined: the pipeline's own. */
  hashSeed?: number | undefined;
  /** Bytes of each frame that are looked at; 0: all that were captured. */
  snaplenBytes: number;
  /** Frames after which the pipeline is done; -1: never. */
  framesMax: number;
}

/** The settings with what the thread adds that runs the pipeline: functions, and memory that it shares. */
export interface PipelineOptions extends PipelineSettings {
  utcOffset: UtcOffset;
  frameFilter: FrameFilter | undefined;
  /** What all workers together may still take, in one shared word. */
  frameQuota?: Int32Array | undefined;
}

export async function createPipelineOptions(
  settings: PipelineSettings,
  frameFilter: FrameFilter | undefined,
): Promise<PipelineOptions> {
  return { ...settings, utcOffset: await createUtcOffset(settings.timezone), frameFilter };
}
