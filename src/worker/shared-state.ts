import { createRingRegistry, type RingRegistry } from '../capture/ring-registry.ts';
import { createCounters } from '../counters/counters.ts';
import { createHeartbeat, type Heartbeat } from './heartbeat.ts';

/** What a live worker shares with its owner, in memory that outlives its thread. */
export interface SharedState {
  counters: Float64Array<SharedArrayBuffer>;
  /** Where the worker's packet ring lies. */
  ring: RingRegistry;
  heartbeat: Heartbeat;
}

export function createSharedState(): SharedState {
  return { counters: createCounters(), ring: createRingRegistry(), heartbeat: createHeartbeat() };
}
