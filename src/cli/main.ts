import { EXIT_OK, type ExitCode } from '../errors.ts';
import { type ParsedCommandLine, parseArguments } from './arguments.ts';
import { escapeControls } from './describe-error.ts';

/**
 * The command `httplog`. Each command's own parts are loaded when it is known: `-v` answers at once.
 *
 * @returns the exit code
 */
export async function runCommandLine(argv: readonly string[]): Promise<ExitCode> {
  const commandLine = parseArguments(argv);
  if (commandLine.isRefused) {
    await throwMistakes(commandLine);
  }
  if (commandLine.isVersion) {
    const { readVersion } = await import('../admin/version.ts');
    print(`httplog ${readVersion()}\n`);
    return EXIT_OK;
  }
  if (commandLine.isHelp) {
    print(await findHelp(commandLine));
    return EXIT_OK;
  }
  return runCommand(commandLine);
}

async function runCommand(commandLine: ParsedCommandLine): Promise<ExitCode> {
  const input = { commandLine, environment: process.env, directory: process.cwd() };
  switch (commandLine.command) {
    case 'run': {
      const { RunSignals } = await import('../daemon/signals.ts');
      const signals = new RunSignals();
      const { loadConfiguration } = await import('../config/configuration.ts');
      const { runCapture } = await import('../daemon/run-capture.ts');
      return runCapture(() => loadConfiguration(input), signals);
    }
    case 'replay': {
      const { loadConfiguration } = await import('../config/configuration.ts');
      const { runReplayCommand } = await import('./replay-command.ts');
      return runReplayCommand(commandLine.files, loadConfiguration(input), printError);
    }
    case 'top': {
      const { loadConfiguration } = await import('../config/configuration.ts');
      const { runTopCommand } = await import('./top-command.ts');
      return runTopCommand(loadConfiguration(input));
    }
    case 'demo': {
      const { loadConfiguration } = await import('../config/configuration.ts');
      const { runDemoCommand } = await import('./demo-command.ts');
      return runDemoCommand(loadConfiguration(input), print, printError);
    }
    case 'doctor': {
      const { loadConfiguration } = await import('../config/configuration.ts');
      const { runDoctorCommand } = await import('./doctor-command.ts');
      return runDoctorCommand(loadConfiguration(input), print);
    }
    case 'interfaces': {
      const { runInterfacesCommand } = await import('./interfaces-command.ts');
      await throwMistakes(commandLine);
      return runInterfacesCommand(print);
    }
    case 'check-config': {
      const { runCheckConfigCommand } = await import('./check-config-command.ts');
      return runCheckConfigCommand(input, print);
    }
    case 'print-systemd': {
      const { runPrintSystemdCommand } = await import('./print-systemd-command.ts');
      return runPrintSystemdCommand(input, print, printError);
    }
    case 'status': {
      const { loadConfiguration } = await import('../config/configuration.ts');
      const { runStatusCommand } = await import('./status-command.ts');
      return runStatusCommand(loadConfiguration(input), process.env, print);
    }
    default:
      return commandLine.command satisfies never;
  }
}

async function findHelp({
  command,
  isCommandNamed,
  isHelpLong,
}: ParsedCommandLine): Promise<string> {
  if (!isCommandNamed && !isHelpLong) {
    return (await import('./short-help.ts')).renderShortHelp();
  }
  const { renderHelp } = await import('./help.ts');
  return renderHelp(isCommandNamed ? command : undefined);
}

/** @throws HttplogError with what is wrong on the command line, if anything is */
async function throwMistakes({ mistakes, command }: ParsedCommandLine): Promise<void> {
  if (mistakes.length > 0) {
    const { configurationError } = await import('../config/mistakes.ts');
    throw configurationError(mistakes, command);
  }
}

/** A reader that goes away (`httplog -h | head -1`) is no error worth a stack. */
function refuseOtherThanGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') {
    throw error;
  }
}

function print(text: string): void {
  // Not before there is something to print: it brings Node's streams and sockets with it.
  if (process.stdout.listenerCount('error', refuseOtherThanGone) === 0) {
    process.stdout.on('error', refuseOtherThanGone);
  }
  process.stdout.write(text);
}

function printError(text: string): void {
  process.stderr.write(escapeControls(text));
}
