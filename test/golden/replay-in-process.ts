import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArguments } from '../../src/cli/arguments.ts';
import { loadConfiguration } from '../../src/config/configuration.ts';
import { replayCaptures } from '../../src/daemon/replay-captures.ts';
import type { HttplogError } from '../../src/errors.ts';

export interface ReplayedLines {
  text: string;
  failures: HttplogError[];
}

/**
 * Replays as `httplog replay ARGS -o FILE --timezone UTC` does, in this process: a command of its own for each
 * of so many captures would take long.
 */
export async function replayInProcess(args: readonly string[]): Promise<ReplayedLines> {
  const folder = mkdtempSync(join(tmpdir(), 'httplog-golden-'));
  try {
    const outputPath = join(folder, 'lines');
    const configurationPath = join(folder, 'httplog.conf');
    // This machine's own configuration must not have a say.
    writeFileSync(configurationPath, '');
    const fixed = ['-o', outputPath, '--timezone', 'UTC', '--config', configurationPath];
    const commandLine = parseArguments(['replay', ...args, ...fixed]);
    const configuration = loadConfiguration({ commandLine, environment: {}, directory: folder });
    const failures: HttplogError[] = [];
    await replayCaptures(commandLine.files, configuration, (failure) => failures.push(failure));
    return { text: readIfThere(outputPath), failures };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** No file is made where there is no line. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
