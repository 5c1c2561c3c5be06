import { realpathSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfiguration } from '../config/configuration.ts';
import { configurationError, type Mistake, usageMistake } from '../config/mistakes.ts';
import { OPTIONS } from '../config/option-table.ts';
import { resolveOutputs } from '../config/output-choices.ts';
import { PLACE_SPELLINGS } from '../config/output-places.ts';
import type { CommandLineValues, ConfigurationInput, Settings } from '../config/settings.ts';
import { EXIT_OK, type ExitCode } from '../errors.ts';
import { DEFAULT_PROGRAM, RUNTIME_DIRECTORY, renderSystemdUnit } from './systemd-unit.ts';

/** Where packages put a link to the program; the link stays when the program moves. */
const LINKS = [DEFAULT_PROGRAM, '/usr/local/bin/httplog'];
const STANDARD_OUTPUT = '-';

/** A path of the settings, and the option that it came from. */
interface NamedPath {
  flag: string;
  path: string;
}

/**
 * `httplog print-systemd`: the unit of a service with the options given. It knows the configuration file
 * of the service, and nothing of the environment that it is called in, which is not the service's.
 *
 * @throws HttplogError as {@link loadConfiguration} does, and with exit code 2 for a relative path
 */
export function runPrintSystemdCommand(
  input: ConfigurationInput,
  print: (text: string) => void,
  printError: (text: string) => void,
): ExitCode {
  const { commandLine } = input;
  const configuration = loadConfiguration({ ...input, environment: {}, directory: '/' });
  const { settings, warnings, notes } = configuration;
  const written = findWrittenDirectories(settings);
  const read = findReadFiles(settings, commandLine);
  const mistakes = [...written, ...read].flatMap(refuseRelativePath);
  if (mistakes.length > 0) {
    throw configurationError(mistakes, commandLine.command);
  }
  for (const text of [...notes, ...warnings.map((warning) => `Warning: ${warning}`)]) {
    printError(`${text}\n`);
  }
  print(
    renderSystemdUnit({
      program: findProgram(),
      args: renderArguments(commandLine),
      user: settings.user,
      writtenDirectories: [...new Set(written.map(({ path }) => path))],
      readFiles: read.map(({ path }) => path),
    }),
  );
  return EXIT_OK;
}

/** The options given, in the order of the table; with `=`, a value may begin with a dash. */
function renderArguments({ given }: CommandLineValues): string[] {
  return OPTIONS.flatMap(({ key, flags, placeholder, isRepeatable }) => {
    const values = (given.get(key) ?? []).map(({ value }) => value);
    const counting = isRepeatable === true ? values : values.slice(-1);
    return counting.map((value) =>
      placeholder === undefined && value === 'true' ? flags[0] : `${flags[0]}=${value}`,
    );
  });
}

function findWrittenDirectories(settings: Settings): NamedPath[] {
  const { listenAdmin, serviceLogDirectory, cpuProfilePath } = settings;
  const paths = resolveOutputs(settings)
    .filter(({ kind }) => PLACE_SPELLINGS[kind].isPath)
    .filter(({ directory, path }) => directory !== undefined || path !== STANDARD_OUTPUT)
    .map(({ directory, path }) => namePath(outputFlag(settings), directory ?? dirname(path)));
  if (serviceLogDirectory !== undefined) {
    paths.push(namePath('--service-log', serviceLogDirectory));
  }
  if (cpuProfilePath !== undefined) {
    paths.push(namePath('-cpuprofile', dirname(cpuProfilePath)));
  }
  if (listenAdmin?.kind === 'socket' && dirname(listenAdmin.path) !== RUNTIME_DIRECTORY) {
    paths.push(namePath('--listen-admin', dirname(listenAdmin.path)));
  }
  return paths;
}

function outputFlag({ outputs, outputPath }: Settings): string {
  if (outputs.length > 0) {
    return '--output';
  }
  return outputPath === undefined ? '-d' : '-o';
}

function findReadFiles(settings: Settings, { configurationFile }: CommandLineValues): NamedPath[] {
  const { redactFile, anonymizeIp } = settings;
  const keyFile = anonymizeIp?.method === 'hash' ? anonymizeIp.keyFile : undefined;
  const paths: [string, string | undefined][] = [
    ['--config', configurationFile],
    ['--redact-file', redactFile],
    ['--anonymize-ip', keyFile],
  ];
  return paths.flatMap(([flag, path]) => (path === undefined ? [] : [namePath(flag, path)]));
}

/** Without the slash at its end that makes an output a directory. */
function namePath(flag: string, path: string): NamedPath {
  return { flag, path: path.replace(/(?<=.)\/+$/, '') };
}

function refuseRelativePath({ flag, path }: NamedPath): Mistake[] {
  const message = `Option ${flag} has a relative path, and a service needs absolute ones`;
  return isAbsolute(path) ? [] : [usageMistake(message)];
}

/** A link of a package, if it leads to this very program; else the program itself. */
function findProgram(): string {
  const program = fileURLToPath(new URL('../../bin/httplog', import.meta.url));
  return LINKS.find((link) => isSameFile(link, program)) ?? program;
}

function isSameFile(link: string, program: string): boolean {
  try {
    return realpathSync(link) === realpathSync(program);
  } catch {
    return false;
  }
}
