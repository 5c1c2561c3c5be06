import { type FileEntries, findConfigurationFile } from './configuration-file.ts';
import { type LayeredValues, layerOption, settleLayers } from './configuration-layers.ts';
import { findContradictions } from './configuration-mistakes.ts';
import {
  describeUnknownKeys,
  describeUnknownVariables,
  describeUnused,
} from './configuration-warnings.ts';
import {
  configurationError,
  type Mistake,
  ORIGIN_DEFAULT,
  type Origin,
  refusedValueMistake,
} from './mistakes.ts';
import { findSpelling } from './option-spellings.ts';
import { SETTING_OPTIONS } from './option-table.ts';
import { hasOwnPlace } from './output-choices.ts';
import type { Configuration, ConfigurationInput, Settings } from './settings.ts';

const NO_FILE: FileEntries = { name: '', entries: new Map(), replaced: [], mistakes: [] };

/**
 * The effective configuration: command line, else environment, else configuration file, else default,
 * for each option by itself and for those that stand for each other. `httplog demo` needs nothing from outside and reads its command line only.
 *
 * Throws one error with every mistake of the command line, the environment and the file: exit code 2,
 * or 3 if the only one is a `--config` file that is not there, or 4 if one must not be read.
 */
export function loadConfiguration(input: ConfigurationInput): Configuration {
  const { commandLine } = input;
  const isAlone = commandLine.command === 'demo';
  const file = isAlone ? NO_FILE : findConfigurationFile(input);
  const environment = isAlone ? {} : input.environment;
  const written: LayeredValues = new Map();
  for (const option of SETTING_OPTIONS) {
    const value = layerOption(option, commandLine, environment, file);
    if (value !== undefined) {
      written.set(option.key, value);
    }
  }
  const layered = settleLayers(written);
  const { settings: checked, mistakes } = checkValues(layered);
  const isReplay = commandLine.command === 'replay' && mistakes.length === 0;
  const settings = isReplay ? placeReplay(checked, layered) : checked;
  if (mistakes.length === 0) {
    mistakes.push(...findContradictions(settings, layered));
  }
  const all = [...commandLine.mistakes, ...file.mistakes, ...mistakes];
  if (all.length > 0) {
    throw configurationError(all, commandLine.command);
  }
  const warnings = [
    ...describeUnknownKeys(file),
    ...describeUnknownVariables(environment, file),
    ...describeUnused(settings, layered, commandLine.command),
  ];
  const notes = file.note === undefined ? [] : [file.note];
  return { settings, origins: collectOrigins(layered), warnings, notes };
}

/**
 * Where the lines of a replay go whose place nobody has named: to who looks at it, and not to the daily files of
 * a daemon.
 */
function placeReplay(settings: Settings, layered: LayeredValues): Settings {
  if (layered.has('directory') || layered.has('outputPath')) {
    return settings;
  }
  const outputs = settings.outputs.map((output) =>
    hasOwnPlace(output) ? output : { ...output, path: '-' },
  );
  return { ...settings, outputPath: '-', outputs };
}

/** The values of the texts that count, and what is wrong with them: a spelling gives null for a text that is not allowed. */
function checkValues(layered: LayeredValues): { settings: Settings; mistakes: Mistake[] } {
  const mistakes: Mistake[] = [];
  const rows = SETTING_OPTIONS.map((option) => {
    const { key, flags, default: fallback } = option;
    const { unset, parse, allowed, explain } = findSpelling(option.spelling);
    const written = layered.get(key);
    const text = written?.value ?? fallback;
    // Nobody who changes a list of his own changes the next reader's.
    const value = text === undefined ? structuredClone(unset) : parse(text);
    if (written !== undefined && value === null) {
      const reason = explain?.(written.value) ?? `allowed is ${allowed}`;
      mistakes.push(refusedValueMistake(flags[0], written.value, written.origin, reason));
    }
    return [key, value];
  });
  return { settings: Object.fromEntries(rows), mistakes };
}

function collectOrigins(layered: LayeredValues): Record<keyof Settings, Origin> {
  const rows = SETTING_OPTIONS.map(({ key }) => [key, layered.get(key)?.origin ?? ORIGIN_DEFAULT]);
  return Object.fromEntries(rows);
}
