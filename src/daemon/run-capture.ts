import { constants as systemConstants } from 'node:os';
import { describeTraffic } from '../admin/describe-traffic.ts';
import { openAdminService } from '../admin/service.ts';
import { describeRun } from '../admin/summary.ts';
import type { Configuration, Settings } from '../config/settings.ts';
import { EXIT_NOT_FOUND, EXIT_OK, EXIT_RUNTIME, type ExitCode, HttplogError } from '../errors.ts';
import { checkEngine } from '../plan/capture-plan.ts';
import { planRecords } from '../plan/output-plan.ts';
import { describeCostlyPatterns } from '../plan/pattern-costs.ts';
import { exitAtOnce } from '../system/privileges.ts';
import { unblockSignal } from '../system/signals.ts';
import { type CaptureSession, startCapture } from './capture-session.ts';
import { checkDescriptorLimit } from './descriptor-limit.ts';
import {
  defaultInterfaceName,
  describeInterfaces,
  listInterfaces,
  unknownInterfaceError,
} from './interfaces.ts';
import {
  chooseUser,
  describeStayingRoot,
  dropPrivileges,
  explainForUser,
  type OtherUser,
} from './privileges.ts';
import { checkProfilePath } from './profile-path.ts';
import { createReloader } from './reload-capture.ts';
import { openServiceLog, type ServiceLog } from './service-log.ts';
import type { RunSignals } from './signals.ts';
import { watchSilence } from './silence-watch.ts';
import { prepareStateDirectory, writeState } from './state-file.ts';
import { openSystemdNotifier, type SystemdNotifier } from './systemd-notify.ts';
import { tuneEngine } from './tune-engine.ts';

/**
 * Captures live until a signal, the packet count, or an error ends it.
 *
 * @param load reads the configuration, now and again on SIGHUP; throws HttplogError with what is wrong in it
 * @returns 0, or 1 when the last lines could not be written
 * @throws HttplogError when it cannot start, and what ended it otherwise
 */
export async function runCapture(
  load: () => Configuration,
  signals: RunSignals,
): Promise<ExitCode> {
  const { settings, warnings, notes } = load();
  checkEngine(settings);
  tuneEngine();
  const interfaceName = chooseInterface(settings);
  // What only the one who starts httplog may read (a key, patterns) is read before it is another one.
  const plan = planRecords(settings);
  checkDescriptorLimit({
    threads: settings.workers,
    outputs: plan.outputs,
    hasAdminServer: settings.listenAdmin !== undefined,
  });
  const user = chooseUser(settings.user);
  prepareStateDirectory(process.env, user);
  dropPrivileges(user);
  const serviceLog = await openForUser(user, () => {
    checkProfilePath(settings.cpuProfilePath, { isStrict: true });
    return openServiceLog({ directory: settings.serviceLogDirectory, quiet: settings.quiet });
  });
  try {
    // With --quiet too: it may be that very file which has said so.
    for (const note of notes) {
      serviceLog.answer(note);
    }
    const told = [
      ...warnings,
      ...describeCostlyPatterns(plan),
      ...describeStayingRoot(settings.user, user),
    ];
    for (const warning of told) {
      serviceLog.warn(warning);
    }
    const admin = await openForUser(user, () =>
      openAdminService(settings, (error) =>
        serviceLog.warn(`The admin server failed: ${error.message}`),
      ),
    );
    const systemd = openSystemdNotifier(process.env, (text) => serviceLog.warn(text));
    const removeState = writeState(process.env, settings.listenAdmin);
    try {
      const session = await openForUser(user, () =>
        startCapture(settings, interfaceName, serviceLog, plan),
      );
      admin?.follow(session);
      systemd?.follow(session);
      return await followSession(session, serviceLog, systemd, signals, load);
    } finally {
      removeState();
      systemd?.close();
      await admin?.close();
    }
  } finally {
    await serviceLog.close();
  }
}

async function openForUser<T>(user: OtherUser | undefined, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    throw explainForUser(error, user);
  }
}

async function followSession(
  session: CaptureSession,
  serviceLog: ServiceLog,
  systemd: SystemdNotifier | undefined,
  signals: RunSignals,
  load: () => Configuration,
): Promise<ExitCode> {
  signals.begin({
    stop: (signal) => {
      systemd?.stopping();
      serviceLog.info(`Stopping on ${signal}: writing what was captured`);
      void session.stop();
    },
    abandon: (signal) => {
      serviceLog.error(`Ending at once on a second signal, ${signal}: what is not written is lost`);
      // Not process.exit, which waits for other threads: what is stuck may be one of them.
      exitAtOnce(EXIT_RUNTIME);
    },
    reload: createReloader(session, serviceLog, load, systemd),
    reopen: () => {
      serviceLog.info('Opening the files anew on SIGUSR1');
      session.reopenFiles();
    },
    tellStatistics: () => {
      for (const line of describeRun(session.tally())) {
        serviceLog.answer(line);
      }
    },
  });
  // bin/httplog has Node keep it blocked: nobody but httplog is to take it.
  unblockSignal(systemConstants.signals.SIGUSR1);
  const endSilenceWatch = watchSilence(session, serviceLog);
  const { tally, error } = await session.finished;
  endSilenceWatch();
  signals.end();
  if (session.hasCaptured) {
    for (const line of describeRun(tally)) {
      serviceLog.info(line);
    }
  } else if (error === undefined) {
    serviceLog.info(`Nothing was captured on ${session.snapshot().interfaceName}`);
  }
  // For somebody who looks at a terminal, not for the service log: a table is no message.
  if (session.plan.report !== undefined) {
    process.stderr.write(
      describeTraffic(session.plan.report)
        .map((line) => `${line}\n`)
        .join(''),
    );
  }
  if (error !== undefined && error.exitCode !== EXIT_OK) {
    throw error;
  }
  return tally.writer.linesDropped > 0 && error === undefined ? EXIT_RUNTIME : EXIT_OK;
}

/** @throws HttplogError with exit code 3 when it is not there, or none is named and none is the default */
export function chooseInterface({ interfaceName }: Pick<Settings, 'interfaceName'>): string {
  const name = interfaceName ?? defaultInterfaceName();
  const interfaces = listInterfaces();
  if (name === undefined) {
    throw new HttplogError(
      `There is no default route to choose the interface by; there are ${describeInterfaces(interfaces)}`,
      {
        code: 'HTTPLOG_INTERFACE_UNKNOWN',
        exitCode: EXIT_NOT_FOUND,
        hint: 'Name an interface with -i, or all of them with -i any',
      },
    );
  }
  if (name !== 'any' && !interfaces.some((known) => known.name === name)) {
    throw unknownInterfaceError(name);
  }
  return name;
}
