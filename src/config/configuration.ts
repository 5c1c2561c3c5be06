import { createRequire } from 'node:module';
import type { Schema } from 'convict';
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
import { findSpelling, SPELLINGS } from './option-spellings.ts';
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

/**
 * Lets convict turn the texts into values and check them. It gets known keys alone, no environment and
 * no arguments: which text counts was decided before, with its origin.
 */
function checkValues(layered: LayeredValues): { settings: Settings; mistakes: Mistake[] } {
  const require = createRequire(import.meta.url);
  const convict: typeof import('convict') = require('convict');
  for (const [name, spelling] of Object.entries(SPELLINGS)) {
    convict.addFormat({ name, coerce: (text) => box(spelling.parse(text)), validate: refuseNull });
  }
  const config = convict(buildSchema(), { env: {}, args: [] });
  config.load(Object.fromEntries([...layered].map(([key, { value }]) => [key, value])));
  const settings = unboxAll(config.getProperties());
  const mistakes: Mistake[] = [];
  try {
    config.validate({ allowed: 'strict' });
  } catch (error) {
    for (const option of SETTING_OPTIONS) {
      const wrong = layered.get(option.key);
      if (wrong !== undefined && settings[option.key] === null) {
        const { allowed, explain } = findSpelling(option.spelling);
        const reason = explain?.(wrong.value) ?? `allowed is ${allowed}`;
        mistakes.push(refusedValueMistake(option.flags[0], wrong.value, wrong.origin, reason));
      }
    }
    if (mistakes.length === 0) {
      throw error;
    }
  }
  return { settings, mistakes };
}

/** Values in a list of one: convict would take a value that is an object for a group of settings. */
type BoxedSettings = { [Key in keyof Settings]: [Settings[Key]] | null };

function box<T>(value: T | null): [T] | null {
  return value === null ? null : [value];
}

function unboxAll(boxed: BoxedSettings): Settings {
  const rows = Object.entries(boxed).map(([key, value]) => [key, value === null ? null : value[0]]);
  return Object.fromEntries(rows);
}

/** A spelling gives null for a text that is not allowed, so that convict can gather all of them. */
function refuseNull(value: unknown): void {
  if (value === null) {
    throw new Error('is not allowed');
  }
}

function buildSchema(): Schema<BoxedSettings> {
  const rows = SETTING_OPTIONS.map((option) => {
    const spelling = findSpelling(option.spelling);
    const value = option.default === undefined ? spelling.unset : spelling.parse(option.default);
    const boxed = option.default === undefined ? [value] : box(value);
    return [option.key, { doc: option.description, format: option.spelling, default: boxed }];
  });
  return Object.fromEntries(rows);
}

function collectOrigins(layered: LayeredValues): Record<keyof Settings, Origin> {
  const rows = SETTING_OPTIONS.map(({ key }) => [key, layered.get(key)?.origin ?? ORIGIN_DEFAULT]);
  return Object.fromEntries(rows);
}
