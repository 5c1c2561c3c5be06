import { accessSync, closeSync, constants, openSync } from 'node:fs';
import {
  EXIT_NOT_FOUND,
  EXIT_OK,
  EXIT_PERMISSION,
  EXIT_RUNTIME,
  EXIT_USAGE,
  type ExitCode,
  HttplogError,
  systemErrorName,
} from '../errors.ts';
import { describeSystemError } from '../log/write-fault.ts';
import { type CaptureSession, startCapture } from './capture-session.ts';
import type { Configuration, Settings } from './configuration.ts';
import { isInterfaceUp } from './interface-watch.ts';
import {
  defaultInterfaceName,
  describeInterfaces,
  listInterfaces,
  unknownInterfaceError,
} from './interfaces.ts';
import { openServiceLog, type ServiceLog } from './service-log.ts';
import { describeRun } from './summary.ts';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Captures live until a signal, the packet count, or an error ends it.
 *
 * @returns 0, or 1 when the last lines could not be written
 * @throws HttplogError when it cannot start, and what ended it otherwise
 */
export async function runCapture({ settings, warnings }: Configuration): Promise<ExitCode> {
  checkWorkers(settings);
  const interfaceName = chooseInterface(settings);
  checkProfilePath(settings.cpuProfilePath);
  const serviceLog = await openServiceLog({
    directory: settings.serviceLogDirectory,
    quiet: settings.quiet,
  });
  try {
    for (const warning of warnings) {
      serviceLog.warn(warning);
    }
    if (interfaceName !== 'any' && !isInterfaceUp(interfaceName)) {
      serviceLog.warn(`Interface ${interfaceName} is down; waiting until it is up`);
    }
    const session = await startCapture(settings, interfaceName, serviceLog);
    return await followSession(session, serviceLog);
  } finally {
    await serviceLog.close();
  }
}

async function followSession(session: CaptureSession, serviceLog: ServiceLog): Promise<ExitCode> {
  let isStopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (isStopping) {
      return;
    }
    isStopping = true;
    serviceLog.info(`Stopping on ${signal}: writing what was captured`);
    void session.stop();
  };
  for (const signal of STOP_SIGNALS) {
    process.on(signal, onSignal);
  }
  const { tally, error } = await session.finished;
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

/** A profile that cannot be written would be known only at the end, when it is too late. */
export function checkProfilePath(path: string | undefined): void {
  if (path === undefined) {
    return;
  }
  try {
    closeSync(openSync(path, 'a'));
    accessSync(path, constants.W_OK);
  } catch (error) {
    const isMissing = systemErrorName(error) === 'ENOENT';
    throw new HttplogError(`Cannot write the profile ${path}: ${describeSystemError(error)}`, {
      code: 'HTTPLOG_PROFILE',
      exitCode: isMissing ? EXIT_NOT_FOUND : EXIT_PERMISSION,
      hint: 'Name a file in a directory that exists and may be written, with -cpuprofile',
      cause: error,
    });
  }
}
