import type { FileEntries } from './configuration-file.ts';
import type { Origin } from './mistakes.ts';
import type { SettingOption } from './option-table.ts';
import { parseOutputs } from './output-spellings.ts';
import type { CommandLineValues, ConfigurationInput, Settings } from './settings.ts';

/** Where a value was written; the higher one counts. */
const LAYER_FILE = 1;
const LAYER_ENVIRONMENT = 2;
const LAYER_COMMAND_LINE = 3;

/** The text that counts for an option, and where it was written. */
export interface Layered {
  value: string;
  origin: Origin;
  layer: number;
}

/** Options that are not there have their default. */
export type LayeredValues = Map<keyof Settings, Layered>;

/** The value of one option by itself: command line, else environment, else file. */
export function layerOption(
  option: SettingOption,
  commandLine: CommandLineValues,
  environment: ConfigurationInput['environment'],
  file: FileEntries,
): Layered | undefined {
  const given = commandLine.given.get(option.key) ?? [];
  const last = given.at(-1);
  if (last !== undefined) {
    const values = given.map(({ value }) => value);
    const value = option.isRepeatable === true ? values.join('\n') : last.value;
    return { value, origin: `option ${last.spelling}`, layer: LAYER_COMMAND_LINE };
  }
  const variable = environment[option.environment];
  if (variable !== undefined && variable !== '') {
    const origin = `environment ${option.environment}`;
    return { value: variable, origin, layer: LAYER_ENVIRONMENT };
  }
  const entry = file.entries.get(option.environment);
  if (entry !== undefined && entry.value !== '') {
    const origin = `${file.name} line ${entry.lineNumber}`;
    return { value: entry.value, origin, layer: LAYER_FILE };
  }
  return undefined;
}

/**
 * Takes out options that one of another name and a higher layer stands for: a place that the command line
 * names counts before outputs of the environment, and those before outputs of the file; ports likewise
 * before an expression. Nothing is said of it, as nothing is of a value that the same option replaces.
 */
export function settleLayers(layered: LayeredValues): LayeredValues {
  const layerOf = (key: keyof Settings) => layered.get(key)?.layer ?? 0;
  const [outputs, path, directory] = [
    layerOf('outputs'),
    layerOf('outputPath'),
    layerOf('directory'),
  ];
  const replaced: (keyof Settings | false)[] = [
    (path > outputs || (directory > outputs && hasOwnPlace(layered))) && 'outputs',
    (outputs > path || directory > path) && 'outputPath',
    layerOf('ports') > layerOf('filter') && 'filter',
  ];
  return new Map([...layered].filter(([key]) => !replaced.includes(key)));
}

/** Outputs without a place of their own write to the directory, whoever has named that. */
function hasOwnPlace(layered: LayeredValues): boolean {
  const outputs = parseOutputs(layered.get('outputs')?.value ?? '') ?? [];
  return !outputs.every(({ path, sqlite }) => (path ?? sqlite) === undefined);
}

/** Whether the option was written where it may count, beside one that takes its place. */
export function isBeside(option: Layered | undefined, taker: Layered | undefined): boolean {
  return option !== undefined && taker !== undefined && option.layer >= taker.layer;
}
