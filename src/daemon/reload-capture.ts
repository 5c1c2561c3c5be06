import type { Configuration, Settings } from '../config/settings.ts';
import { checkEngine } from '../plan/capture-plan.ts';
import { findFieldNames, planOutputs } from '../plan/output-plan.ts';
import { describeError, planReload, type Reload, withoutWorkers } from '../plan/reload.ts';
import type { CaptureSession } from './capture-session.ts';
import type { ServiceLog } from './service-log.ts';
import type { SystemdNotifier } from './systemd-notify.ts';

const FILES = 'files are opened anew';

/**
 * What SIGHUP does: takes over what can change while the capture goes on, tells it and what cannot in one message,
 * and opens the files anew. Signals that come meanwhile are one more reload; during a stop there is none.
 */
export function createReloader(
  session: CaptureSession,
  serviceLog: ServiceLog,
  load: () => Configuration,
  systemd: SystemdNotifier | undefined,
): () => void {
  let isRunning = false;
  let isDue = false;
  const run = async (): Promise<void> => {
    isRunning = true;
    while (isDue && !session.isStopping) {
      isDue = false;
      systemd?.reloading();
      await reload(session, serviceLog, load);
      session.reopenFiles();
      systemd?.reloaded();
    }
    isRunning = false;
  };
  return () => {
    isDue = true;
    if (!isRunning) {
      void run();
    }
  };
}

/** Never rejects. */
async function reload(
  session: CaptureSession,
  serviceLog: ServiceLog,
  load: () => Configuration,
): Promise<void> {
  let planned: Reload;
  let warnings: readonly string[];
  try {
    const next = load();
    checkStart(next.settings);
    warnings = next.warnings;
    planned = planReload(session.settings, session.plan, next.settings);
  } catch (error) {
    tellMistakes(serviceLog, error);
    return;
  }
  const taken = await take(session, planned);
  // Its end is told last.
  if (session.isStopping) {
    return;
  }
  serviceLog.setQuiet(taken.settings.quiet);
  for (const warning of warnings) {
    serviceLog.warn(warning);
  }
  const text = `Configuration read again on SIGHUP: ${describeReload(taken)}; ${FILES}`;
  if (taken.needingRestart.length + taken.staying.length === 0) {
    serviceLog.info(text);
  } else {
    serviceLog.warn(text);
  }
}

/** What would end a start is no configuration to take anything of. */
function checkStart(settings: Settings): void {
  checkEngine(settings);
  planOutputs(settings, findFieldNames(settings));
}

async function take(session: CaptureSession, planned: Reload): Promise<Reload> {
  const { settings, plan } = session;
  const failure = planned.taken.some(({ isOfWorkers }) => isOfWorkers)
    ? await session.changeWorkers(planned.settings, planned.plan)
    : undefined;
  const taken =
    failure === undefined
      ? planned
      : withoutWorkers(planned, settings, plan, describeError(failure));
  session.adopt(taken.settings, taken.plan);
  return taken;
}

function tellMistakes(serviceLog: ServiceLog, error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  for (const line of text.split('\n')) {
    serviceLog.error(line);
  }
  serviceLog.error(
    `The configuration stays as it was, because of what is wrong in it now; ${FILES}`,
  );
}

/** Each option that differs once, with what becomes of it. */
function describeReload({ taken, needingRestart, staying }: Reload): string {
  const parts = [
    describeList(
      'taken over',
      taken.map(({ text }) => text),
    ),
    describeList('needing a restart', needingRestart),
    describeList('staying as it was', staying),
  ].flat();
  return parts.length === 0 ? 'nothing has changed' : parts.join('; ');
}

function describeList(what: string, texts: readonly string[]): string[] {
  return texts.length === 0 ? [] : [`${what}: ${texts.join(', ')}`];
}
