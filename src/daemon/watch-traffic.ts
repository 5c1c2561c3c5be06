import type { Settings } from '../config/settings.ts';
import { TrafficReport } from '../counters/traffic-report.ts';
import { checkEngine } from '../plan/capture-plan.ts';
import { planTraffic } from '../plan/output-plan.ts';
import { type CaptureSession, startCapture } from './capture-session.ts';
import { checkDescriptorLimit } from './descriptor-limit.ts';
import { chooseUser, dropPrivileges, explainForUser } from './privileges.ts';
import { chooseInterface } from './run-capture.ts';
import { openServiceLog } from './service-log.ts';

/** A live capture of which nothing is written: its exchanges are added up. */
export interface TrafficWatch {
  readonly session: CaptureSession;
  readonly interfaceName: string;
  /** Since the start, or since `reset`. */
  readonly report: TrafficReport;
  reset(): void;
}

/**
 * Starts it, with no more rights than a run has.
 *
 * @throws HttplogError when it cannot start
 */
export async function watchTraffic(settings: Settings): Promise<TrafficWatch> {
  checkEngine(settings);
  const interfaceName = chooseInterface(settings);
  let report = new TrafficReport();
  const plan = planTraffic(settings, (lines) => report.take(lines));
  const outputs = plan.outputs;
  checkDescriptorLimit({ threads: settings.workers, outputs, hasAdminServer: false });
  const user = chooseUser(settings.user);
  dropPrivileges(user);
  const serviceLog = await openServiceLog({ directory: undefined, quiet: true });
  try {
    const session = await startCapture(settings, interfaceName, serviceLog, plan);
    return {
      session,
      interfaceName,
      get report() {
        return report;
      },
      reset() {
        report = new TrafficReport();
      },
    };
  } catch (error) {
    throw explainForUser(error, user);
  }
}
