import { statSync } from 'node:fs';
import { usualRecords } from '../format/format-table.ts';
import type { Records } from '../record/record-kinds.ts';
import type { FormatChoice, OutputChoice } from './output-formats.ts';
import type { Settings } from './settings.ts';

/** One output with all that was left to other options; whether it can be is not looked at. */
export interface ResolvedOutput {
  format: FormatChoice;
  records: Records;
  isSqlite: boolean;
  /** Of daily files; undefined: `path` says it. */
  directory: string | undefined;
  /** A file, or `-`; of no meaning beside a directory. */
  path: string;
}

const TEXT: FormatChoice = { name: 'text', template: undefined };
/** What the rows of a database are made from. */
const JSON_LINES: FormatChoice = { name: 'json', template: undefined };

/** The outputs that the settings mean: those of `--output`, else the one of `-o`, `-d` and `--format`. */
export function resolveOutputs(settings: Settings): ResolvedOutput[] {
  if (settings.outputs.length > 0) {
    return settings.outputs.map((choice) => resolveOutput(choice, settings));
  }
  const format = settings.format ?? TEXT;
  return [
    {
      format,
      records: settings.records ?? usualRecords(format.name),
      isSqlite: false,
      // `-o` names a file: a directory there is a mistake.
      directory: settings.outputPath === undefined ? settings.directory : undefined,
      path: settings.outputPath ?? '',
    },
  ];
}

/** Messages of one type can have a file of their own in daily files only. */
export function canSplitByType({ isSqlite, directory, records }: ResolvedOutput): boolean {
  return !isSqlite && directory !== undefined && records === 'messages';
}

function resolveOutput(choice: OutputChoice, settings: Settings): ResolvedOutput {
  const isSqlite = choice.sqlite !== undefined;
  const format = isSqlite ? JSON_LINES : (choice.format ?? settings.format ?? TEXT);
  const path = choice.sqlite ?? choice.path;
  const directory = path === undefined ? settings.directory : isDirectory(path) ? path : undefined;
  const records = choice.records ?? settings.records ?? usualRecords(format.name);
  return { format, records, isSqlite, directory, path: path ?? '' };
}

/** Ends in a slash, or is a directory that is there. */
function isDirectory(path: string): boolean {
  return path.endsWith('/') || (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false);
}
