import type { PortRange } from '../capture/port-range.ts';
import type { TunnelFilter } from '../capture/tunnel-filter.ts';
import type { BatchMessage, ReturnedBuffer } from '../output/port-sink.ts';
import type { NetworkPrefix } from '../record/network-prefix.ts';
import type { PipelineSettings } from './pipeline-settings.ts';
import type { SharedState } from './shared-state.ts';
import type { WorkerFailure } from './worker-failure.ts';

/** What a live worker is given when its thread starts. */
export interface LiveWorkerData extends SharedState {
  capture: LiveCapture;
  pipeline: PipelineSettings;
  /** Batch buffers that this worker may have in flight. */
  buffersMax: number;
  /** Packets that all workers together may still take; undefined: without end. */
  packetQuota: Int32Array<SharedArrayBuffer> | undefined;
  /** File for a V8 profile of this thread. */
  cpuProfilePath: string | undefined;
}

export interface LiveCapture {
  engine: 'afpacket' | 'libpcap';
  interfaceName: string;
  ports: PortRange[] | 'any';
  /** Given, packets within packets pass the filter too. */
  tunnels: TunnelFilter | false;
  /** Given, only segments pass that begin with one of these methods, or like a response. */
  headMethods: readonly string[] | undefined;
  /** A tcpdump expression that takes the place of all of these. */
  filterExpression: string | undefined;
  snaplenBytes: number;
  ringBytes: number;
  isPromiscuous: boolean;
  /** Undefined when there is one worker only. */
  fanoutGroup: number | undefined;
}

/** What can change while a worker captures: the kernel's filter, and what `prepareChange` takes. */
export interface WorkerChange {
  capture: LiveCapture;
  pipeline: PipelineSettings;
}

/** From the control plane to a worker. */
export type LiveCommand =
  | ReturnedBuffer
  /** Takes no new packet, writes what was captured, ends. */
  | { kind: 'stop' }
  /** Opens the source anew: the interface is there again, maybe as another one of the same name. */
  | { kind: 'reopen'; fanoutGroup: number | undefined }
  | { kind: 'local-networks'; networks: NetworkPrefix[] }
  /** Answered by `configured`. */
  | { kind: 'configure'; id: number; change: WorkerChange };

/** From a worker to the control plane. */
export type LiveReport =
  | BatchMessage
  /** Packets flow from here on. Told again after each `reopen`. */
  | { kind: 'capturing' }
  /** The source ended under us; the worker waits for `reopen` or `stop`. */
  | { kind: 'lost'; reason: string }
  /** The change holds from here on, or nothing of it does. */
  | { kind: 'configured'; id: number; failure: WorkerFailure | undefined }
  /** The last batch was posted before. `isDone`: the packet quota is used up. */
  | { kind: 'stopped'; isDone: boolean }
  | { kind: 'failed'; failure: WorkerFailure };
