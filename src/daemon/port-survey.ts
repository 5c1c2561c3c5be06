import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../config/settings.ts';
import { COUNTER_OTHER_PROTOCOL_FIRST } from '../counters/counter-table.ts';
import { countFrames } from '../counters/counters.ts';
import { planRecords, type RecordPlan } from '../plan/output-plan.ts';
import { startCapture } from './capture-session.ts';
import { SURVEY_PORTS_MAX } from './limits.ts';
import { openServiceLog } from './service-log.ts';

/** What passed an interface while somebody looked. */
export interface Survey {
  packets: number;
  /** Messages of HTTP/1.x by the server's port. */
  messagesByPort: ReadonlyMap<number, number>;
  tlsSegments: number;
  http2Connections: number;
}

/**
 * Looks at all TCP ports of an interface for some time, with the methods and the engine of these settings. Nothing is
 * written.
 *
 * @throws HttplogError when nothing can be captured
 */
export async function surveyPorts(
  settings: Settings,
  interfaceName: string,
  durationMs: number,
): Promise<Survey> {
  const messagesByPort = new Map<number, number>();
  const wide: Settings = {
    ...settings,
    ports: 'any',
    filter: undefined,
    workers: 1,
    packetCountMax: -1,
    outputs: [],
    outputPath: '-',
    format: undefined,
    // Segments that begin no message pass too: TLS is to be seen.
    completeHeads: true,
  };
  const serviceLog = await openServiceLog({ directory: undefined, quiet: true });
  const session = await startCapture(
    wide,
    interfaceName,
    serviceLog,
    planSurvey(wide, messagesByPort),
  );
  // An interface that is down is not waited for: then there is nothing to see.
  await Promise.race([session.capturing, session.finished, sleep(durationMs)]);
  if (session.hasCaptured) {
    await Promise.race([session.finished, sleep(durationMs)]);
  }
  await session.stop();
  const { tally, error } = await session.finished;
  await serviceLog.close();
  if (error !== undefined) {
    throw error;
  }
  const [tlsSegments, http2Connections] = tally.counters.subarray(COUNTER_OTHER_PROTOCOL_FIRST);
  return { packets: countFrames(tally.counters), messagesByPort, tlsSegments, http2Connections };
}

/** One output, which is counted here. */
function planSurvey(settings: Settings, messagesByPort: Map<number, number>): RecordPlan {
  const take = (lines: Uint8Array): void => {
    for (const line of Buffer.from(lines).toString('latin1').trimEnd().split('\n')) {
      const port = Number(line);
      const count = messagesByPort.get(port) ?? 0;
      if (count > 0 || messagesByPort.size < SURVEY_PORTS_MAX) {
        messagesByPort.set(port, count + 1);
      }
    }
  };
  const template = '{server_port}';
  return {
    ...planRecords({ ...settings, report: 'never' }),
    outputs: [
      {
        settings: { format: 'template', template, records: 'messages', isSplitByType: false },
        target: { kind: 'report', target: { take } },
      },
    ],
  };
}
