import type { CaptureSnapshot } from '../../src/admin/capture-snapshot.ts';
import { AdminService } from '../../src/admin/service.ts';
import { createCounters } from '../../src/counters/counters.ts';
import { createUpkeepCounters } from '../../src/counters/writer-counts.ts';

/**
 * The admin service of a capture as a process of its own, so that what others do to it can be measured: listens at
 * the Unix socket that it is given, until a signal ends it.
 */
const capture: CaptureSnapshot = {
  interfaceName: 'eth0',
  isCapturing: true,
  counters: createCounters(),
  writer: { linesWritten: 0, bytesWritten: 0, linesDropped: 0, writeErrors: 0, filesOpened: 0 },
  pendingBatches: 0,
  failingPaths: [],
  upkeep: createUpkeepCounters(),
  redactionNames: ['headers'],
  workersCount: 1,
  areWorkersAlive: true,
};

const service = new AdminService();
await service.listen({ kind: 'socket', path: process.argv[2] }, [], (error) =>
  console.error(error),
);
service.follow({ snapshot: () => capture });
console.log('listening');
