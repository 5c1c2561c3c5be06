import type { LiveResult, LiveSettings } from '../measure/live.ts';
import type { OfflineResult } from '../measure/offline.ts';
import type { Machine } from './machine.ts';

/** Everything that was measured, as `results.json` keeps it. */
export interface Report {
  machine: Machine;
  candidates: CandidateNote[];
  /** Reason by name of the candidates that could not be measured. */
  missing: Record<string, string>;
  workloads: WorkloadNote[];
  /** Each part with the time of its own run: parts may be measured on different days. */
  offline?: Measured<OfflineResult> & { rounds: number };
  live?: Measured<LiveResult> & { settings: LiveSettings };
  scale?: Measured<OfflineResult> & { rounds: number; live: LiveResult[]; settings: LiveSettings };
}

export interface Measured<Result> {
  /** ISO 8601. */
  startedAt: string;
  results: Result[];
}

export interface CandidateNote {
  name: string;
  version: string;
  does: string;
  parsesHttp: boolean;
}

export interface WorkloadNote {
  name: string;
  packets: number;
  bytes: number;
}
