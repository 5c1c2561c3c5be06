import { constants as systemConstants } from 'node:os';
import { exitAtOnce } from '../capture/libc-privileges.ts';
import { unblockSignal } from '../capture/libc-signals.ts';
import {
  EXIT_NOT_FOUND,
  EXIT_OK,
  EXIT_RUNTIME,
  EXIT_USAGE,
  type ExitCode,
  HttplogError,
} from '../errors.ts';
import { openAdminService } from './admin-service.ts';
import { type CaptureSession, startCapture } from './capture-session.ts';
import type { Configuration, Settings } from './configuration.ts';
import { isInterfaceUp } from './interface-watch.ts';
import {
  defaultInterfaceName,
  describeInterfaces,
  listInterfaces,
  unknownInterfaceError,
} from './interfaces.ts';
import { planRecords } from './output-plan.ts';
import { chooseUser, dropPrivileges, explainForUser, type OtherUser } from './privileges.ts';
import { checkProfilePath } from './profile-path.ts';
import { planReload } from './reload.ts';
import { openServiceLog, type ServiceLog } from './service-log.ts';
import type { RunSignals } from './signals.ts';
import { watchSilence } from './silence-watch.ts';
import { describeRun } from './summary.ts';
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
  const { settings, warnings } = load();
  checkWorkers(settings);
  tuneEngine();
  const interfaceName = chooseInterface(settings);
  // What only the one who starts httplog may read (a key, patterns) is read before it is another one.
  const plan = planRecords(settings);
  const user = chooseUser(settings.user);
  dropPrivileges(user);
  const serviceLog = await openForUser(user, () => {
    checkProfilePath(settings.cpuProfilePath);
    return openServiceLog({ directory: settings.serviceLogDirectory, quiet: settings.quiet });
  });
  try {
    for (const warning of warnings) {
      serviceLog.warn(warning);
    }
    if (interfaceName !== 'any' && !isInterfaceUp(interfaceName)) {
      serviceLog.warn(`Interface ${interfaceName} is down; waiting until it is up`);
    }
    const admin = await openForUser(user, () =>
      openAdminService(settings, (error) =>
        serviceLog.warn(`The admin server failed: ${error.message}`),
      ),
    );
    const systemd = openSystemdNotifier(process.env, (text) => serviceLog.warn(text));
    try {
      const session = await openForUser(user, () =>
        startCapture(settings, interfaceName, serviceLog, plan),
      );
      admin?.follow(session);
      systemd?.follow(session);
      return await followSession(session, serviceLog, systemd, signals, load);
    } finally {
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
    reload: () => {
      systemd?.reloading();
      reload(session, serviceLog, load);
      session.reopenFiles();
      systemd?.reloaded();
    },
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
  }
  if (error !== undefined && error.exitCode !== EXIT_OK) {
    throw error;
  }
  return tally.linesGivenUp > 0 && error === undefined ? EXIT_RUNTIME : EXIT_OK;
}

/** Takes over what can change while the capture goes on, and names what cannot. Never throws. */
function reload(session: CaptureSession, serviceLog: ServiceLog, load: () => Configuration): void {
  let next: Configuration;
  try {
    next = load();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    for (const line of text.split('\n')) {
      serviceLog.error(line);
    }
    serviceLog.error('The configuration stays as it was: the new one cannot be taken');
    return;
  }
  const { settings, changed, needingRestart } = planReload(session.settings, next.settings);
  session.reconfigure(settings);
  serviceLog.setQuiet(settings.quiet);
  for (const text of [
    ...next.warnings,
    ...needingRestart.map((each) => `${each} needs a restart`),
  ]) {
    serviceLog.warn(text);
  }
  const what = changed.length === 0 ? 'nothing to change' : changed.join(', ');
  serviceLog.info(`Configuration read again on SIGHUP: ${what}; opening the files anew`);
}

function chooseInterface({ interfaceName }: Settings): string {
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

/** Only packet sockets can share their packets by flow: two of libpcap would log every message twice. */
function checkWorkers({ engine, workers }: Settings): void {
  if (engine === 'libpcap' && workers > 1) {
    throw new HttplogError(`The libpcap engine works with one worker, not with -cpu ${workers}`, {
      code: 'HTTPLOG_CONFIGURATION',
      exitCode: EXIT_USAGE,
      hint: 'Leave -cpu at 1, or use --engine afpacket',
    });
  }
}
