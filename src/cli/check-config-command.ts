import { loadConfiguration } from '../config/configuration.ts';
import { quoteValue } from '../config/mistakes.ts';
import { findSpelling } from '../config/option-spellings.ts';
import { SETTING_OPTIONS, type SettingOption } from '../config/option-table.ts';
import type { Configuration, ConfigurationInput } from '../config/settings.ts';
import { EXIT_OK, type ExitCode } from '../errors.ts';
import { planRecords } from '../plan/output-plan.ts';
import { describeCostlyPatterns } from '../plan/pattern-costs.ts';
import { alignColumns } from './text-table.ts';

/**
 * `httplog check-config`: prints every option with its effective value and where that came from, then
 * notes and warnings. Throws the error of {@link loadConfiguration} or of {@link planRecords} if a start would.
 */
export function runCheckConfigCommand(
  input: ConfigurationInput,
  print: (text: string) => void,
): ExitCode {
  const configuration = loadConfiguration(input);
  const costs = describeCostlyPatterns(planRecords(configuration.settings));
  const warnings = [...configuration.warnings, ...costs];
  print(renderConfiguration({ ...configuration, warnings }));
  return EXIT_OK;
}

/** The table of `httplog check-config`, each line ended by a line feed. */
export function renderConfiguration(configuration: Configuration): string {
  const { settings, origins, warnings } = configuration;
  const rows = SETTING_OPTIONS.map((option) => [
    option.flags[0],
    describeValue(option, settings[option.key]),
    option.unit ?? '',
    origins[option.key],
  ]);
  const table = alignColumns([['OPTION', 'VALUE', 'UNIT', 'FROM'], ...rows]);
  const notes = [
    ...configuration.notes.map((note) => `Note: ${note}`),
    ...warnings.map((warning) => `Warning: ${warning}`),
  ];
  return [...table, ...notes].map((line) => `${line}\n`).join('');
}

/** As it would be typed; in parentheses what holds if the option is not set. */
function describeValue(option: SettingOption, value: unknown): string {
  const text = value === undefined ? '' : findSpelling(option.spelling).print(value);
  if (text === '') {
    return `(${option.unset})`;
  }
  return /\p{Cc}/u.test(text) ? quoteValue(text) : text;
}
