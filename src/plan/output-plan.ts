import { hostname } from 'node:os';
import { readVersion } from '../admin/version.ts';
import { canSplitByType, type ResolvedOutput, resolveOutputs } from '../config/output-choices.ts';
import { findTemplateNames } from '../config/output-spellings.ts';
import type { Settings } from '../config/settings.ts';
import { TrafficReport } from '../counters/traffic-report.ts';
import { EXIT_USAGE, HttplogError } from '../errors.ts';
import { findHeaderNames } from '../filter/filter-settings.ts';
import {
  FORMATS,
  hasWriterOf,
  type RecordFormatName,
  usualRecords,
} from '../format/format-table.ts';
import { createRecordFieldTables } from '../http/grammar.ts';
import { HEADER_NAMES_MAX } from '../limits.ts';
import { kindOf, OUTPUT_KINDS, type OutputPlace } from '../log/output-kinds.ts';
import type { OutputSettings, RecordSettings } from '../output/output-settings.ts';
import { patternNames } from '../redact/redaction-settings.ts';
import { findTerminal, isLookedAt, planDisplay } from './display-plan.ts';
import {
  createClientChoice,
  createFilterSettings,
  createRedactionSettings,
} from './filter-plan.ts';
import { createUpkeep } from './upkeep-plan.ts';

/** What one output is told: the worker what its lines are, the writer where they go. */
export interface OutputPlan {
  settings: OutputSettings;
  target: OutputPlace;
}

/** What becomes of records: which there are, what they show and hide, and where they go. */
export interface RecordPlan
  extends Pick<
    RecordSettings,
    'headerNames' | 'client' | 'filter' | 'redaction' | 'textColumns' | 'hostName'
  > {
  outputs: readonly OutputPlan[];
  /** A run only adds to them. */
  redactionNames: readonly string[];
  /** Of the traffic, which the last of the outputs feeds; undefined: nobody wants one. */
  report: TrafficReport | undefined;
}

/**
 * Everything about records that the settings mean.
 *
 * @throws HttplogError when outputs contradict themselves or each other, or a file of redaction cannot be read
 */
export function planRecords(settings: Settings): RecordPlan {
  const headerNames = findFieldNames(settings);
  const named = planOutputs(settings, headerNames);
  const report = wantsReport(settings, named) ? new TrafficReport() : undefined;
  const take = report === undefined ? undefined : (lines: Uint8Array) => report.take(lines);
  const outputs = take === undefined ? named : [...named, createReportOutput(take)];
  const redaction = createRedactionSettings(settings);
  const filter = createFilterSettings(settings, redaction.addresses?.idKey);
  return {
    outputs,
    report,
    headerNames,
    client: createClientChoice(settings),
    filter,
    redaction,
    redactionNames: patternNames(redaction),
    textColumns: { hasVlan: settings.addVlan },
    hostName: hostname(),
  };
}

/**
 * The same for lines of the report alone, which nobody writes.
 *
 * @param take see `ReportTarget`
 * @throws HttplogError when a file of redaction cannot be read
 */
export function planTraffic(settings: Settings, take: (lines: Uint8Array) => void): RecordPlan {
  const plan = planRecords({
    ...settings,
    outputs: [],
    outputPath: '-',
    format: undefined,
    records: undefined,
    headerNames: [],
    report: 'never',
  });
  return { ...plan, outputs: [createReportOutput(take)] };
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
  return kindOf(target).describe(target.target);
}

/** Unasked only where exchanges are made anyway, and somebody looks. */
function wantsReport({ report, quiet }: Settings, outputs: readonly OutputPlan[]): boolean {
  const hasExchanges = outputs.some(({ settings }) => settings.records === 'exchanges');
  return report === 'always' || (report === 'auto' && !quiet && hasExchanges && isLookedAt());
}

function createReportOutput(take: (lines: Uint8Array) => void): OutputPlan {
  return {
    settings: {
      ...{ format: 'report', template: undefined, records: 'exchanges', isSplitByType: false },
    },
    target: { kind: 'report', target: { take } },
  };
}

function planOutput(
  resolved: ResolvedOutput,
  settings: Settings,
  headerNames: readonly string[],
): OutputPlan {
  const { format, records, kind, directory, path } = resolved;
  if (!hasWriterOf(format.name, records)) {
    throw usageError(
      `Format ${format.name} has lines of ${usualRecords(format.name)}, not of ${records}`,
      'Leave --records out for it, or choose json, which has both',
    );
  }
  const createDocument = FORMATS[format.name].createDocument;
  if (createDocument !== undefined && kind === 'lines' && directory !== undefined) {
    throw usageError(
      `Format ${format.name} is one document, and daily files have no end to close it`,
      'Name a file with -o FILE, or standard output with -o -',
    );
  }
  const isSplitByType = settings.splitByType && canSplitByType(resolved);
  const isShown = kind === 'lines' && directory === undefined && path === '-';
  const display = isShown ? planDisplay(settings, findTerminal()) : undefined;
  const output = {
    ...{ format: format.name, template: format.template, records, isSplitByType },
    // Others than short show the same wherever they are.
    display: format.name === 'short' ? display : undefined,
  };
  const isOwnPlace = settings.outputs.length > 0 && directory !== settings.directory;
  const target = OUTPUT_KINDS[kind].createTarget({
    directory,
    path,
    suffix: FORMATS[format.name].suffix,
    header: findHeader(format.name, headerNames),
    document: createDocument?.(readVersion()),
    option: isOwnPlace ? '--output' : undefined,
    upkeep: createUpkeep(settings),
    paint: display?.isColored === true ? FORMATS[format.name].paint : undefined,
  });
  return { settings: output, target: { kind, target } as OutputPlace };
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
  const names = plans.map(({ target }) => kindOf(target).nameOf(target.target));
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) {
    throw usageError(
      `Two outputs write to ${twice}`,
      'Give each --output a path of its own, or daily files of different formats',
    );
  }
}

function usageError(message: string, hint: string): HttplogError {
  return new HttplogError(message, { code: 'HTTPLOG_CONFIGURATION', exitCode: EXIT_USAGE, hint });
}
