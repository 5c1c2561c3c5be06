import { resolve } from 'node:path';
import { canSplitByType, type ResolvedOutput, resolveOutputs } from '../config/output-choices.ts';
import { findTemplateNames } from '../config/output-formats.ts';
import type { Settings } from '../config/settings.ts';
import { EXIT_USAGE, HttplogError } from '../errors.ts';
import { type FilterSettings, findHeaderNames } from '../filter/filter-settings.ts';
import {
  FORMATS,
  hasWriterOf,
  type RecordFormatName,
  usualRecords,
} from '../format/format-table.ts';
import { createRecordFieldTables } from '../http/grammar.ts';
import { HEADER_NAMES_MAX } from '../limits.ts';
import type { OutputPlace } from '../log/output-place.ts';
import type { OutputTarget } from '../log/output-target.ts';
import type { OutputSettings } from '../output/output-settings.ts';
import { patternNames, type RedactionSettings } from '../redact/redaction-settings.ts';
import { createFilterSettings, createRedactionSettings } from './filter-plan.ts';
import { createUpkeep } from './upkeep-plan.ts';

/** What one output is told: the worker what its lines are, the writer where they go. */
export interface OutputPlan {
  settings: OutputSettings;
  target: OutputPlace;
}

/** What becomes of records: which there are, what they show and hide, and where they go. */
export interface RecordPlan {
  outputs: readonly OutputPlan[];
  /** Fields that heads are searched for beside those that formats show by themselves. */
  headerNames: readonly string[];
  filter: FilterSettings;
  redaction: RedactionSettings;
  /** What redactions are counted for, in the order of their counters; a run only adds to them. */
  redactionNames: readonly string[];
}

/**
 * Everything about records that the settings mean.
 *
 * @throws HttplogError when outputs contradict themselves or each other, or a file of redaction cannot be read
 */
export function planRecords(settings: Settings): RecordPlan {
  const headerNames = findFieldNames(settings);
  const outputs = planOutputs(settings, headerNames);
  const redaction = createRedactionSettings(settings);
  const filter = createFilterSettings(settings, redaction.addresses?.idKey);
  return { outputs, headerNames, filter, redaction, redactionNames: patternNames(redaction) };
}

/** @throws HttplogError with exit code 2 when outputs contradict themselves or each other */
export function planOutputs(settings: Settings, headerNames: readonly string[]): OutputPlan[] {
  const plans = resolveOutputs(settings).map((output) => planOutput(output, settings, headerNames));
  refuseSameTarget(plans);
  return plans;
}

/** @throws HttplogError with exit code 2 when there are more than heads are searched for */
export function findFieldNames(settings: Settings): string[] {
  const formats = resolveOutputs(settings).map(({ format }) => format);
  const names = new Set([
    ...settings.headerNames,
    ...findTemplateNames(formats),
    ...findHeaderNames(createFilterSettings(settings)),
  ]);
  if (names.size > HEADER_NAMES_MAX) {
    throw usageError(
      `${names.size} header fields are named, allowed are ${HEADER_NAMES_MAX}`,
      'Those of --header, of --header-filter and of templates count together, each once',
    );
  }
  return [...names];
}

/** Where an output's lines go, in words. */
export function describeTarget({ target }: OutputPlan): string {
  if (target.kind === 'sqlite') {
    return 'path' in target.target ? target.target.path : target.target.directory;
  }
  switch (target.target.kind) {
    case 'daily':
      return target.target.directory;
    case 'file':
      return target.target.path;
    case 'stdout':
      return 'standard output';
    default:
      return target.target satisfies never;
  }
}

function planOutput(
  resolved: ResolvedOutput,
  settings: Settings,
  headerNames: readonly string[],
): OutputPlan {
  const { format, records, isSqlite, directory, path } = resolved;
  if (!hasWriterOf(format.name, records)) {
    throw usageError(
      `Format ${format.name} has lines of ${usualRecords(format.name)}, not of ${records}`,
      'Leave --records out for it, or choose json, which has both',
    );
  }
  const isSplitByType = settings.splitByType && canSplitByType(resolved);
  const output = { format: format.name, template: format.template, records, isSplitByType };
  if (isSqlite) {
    const target =
      directory === undefined ? { path } : { directory, upkeep: createUpkeep(settings) };
    return { settings: output, target: { kind: 'sqlite', target } };
  }
  const header = findHeader(format.name, headerNames);
  const isOwnPlace = settings.outputs.length > 0 && directory !== settings.directory;
  const option = isOwnPlace ? '--output' : undefined;
  const target: OutputTarget =
    directory !== undefined
      ? {
          kind: 'daily',
          directory,
          suffix: FORMATS[format.name].suffix,
          header,
          option,
          upkeep: createUpkeep(settings),
        }
      : path === '-'
        ? { kind: 'stdout', header }
        : { kind: 'file', path, header, option };
  return { settings: output, target: { kind: 'lines', target } };
}

/** Lines that files of the format begin with, made with the fields that it will show. */
function findHeader(
  format: RecordFormatName,
  headerNames: readonly string[],
): Uint8Array | undefined {
  return FORMATS[format].createFileHeader?.(createRecordFieldTables(headerNames).namedFields);
}

/** Two formats in one file would be of use to nobody. */
function refuseSameTarget(plans: readonly OutputPlan[]): void {
  const names = plans.map(nameTarget);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) {
    throw usageError(
      `Two outputs write to ${twice}`,
      'Give each --output a path of its own, or daily files of different formats',
    );
  }
}

function nameTarget(plan: OutputPlan): string {
  const { target } = plan;
  if (target.kind === 'lines' && target.target.kind === 'stdout') {
    return 'standard output';
  }
  const isDaily =
    target.kind === 'lines' ? target.target.kind === 'daily' : 'directory' in target.target;
  const suffix = target.kind === 'sqlite' ? 'sqlite' : FORMATS[plan.settings.format].suffix;
  const place = resolve(describeTarget(plan));
  return isDaily ? `daily files *.${suffix} in ${place}` : place;
}

function usageError(message: string, hint: string): HttplogError {
  return new HttplogError(message, { code: 'HTTPLOG_CONFIGURATION', exitCode: EXIT_USAGE, hint });
}
