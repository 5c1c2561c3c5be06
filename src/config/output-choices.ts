import { statSync } from 'node:fs';
import { usualRecords } from '../format/format-table.ts';
import type { Records } from '../record/record-kinds.ts';
import { findPlaces, type NamedPlace, PLACE_SPELLINGS, type PlaceKind } from './output-places.ts';
import type { FormatChoice, OutputChoice } from './output-spellings.ts';
import type { Settings } from './settings.ts';

/** One output with all that was left to other options; whether it can be is not looked at. */
export interface ResolvedOutput {
  format: FormatChoice;
  records: Records;
  kind: PlaceKind;
  /** Of daily files; undefined: `path` says it. */
  directory: string | undefined;
  /** A file, `-`, or what else names the place; of no meaning beside a directory. */
  path: string;
}

const TEXT: FormatChoice = { name: 'text', template: undefined };

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
      kind: 'lines',
      // `-o` names a file: a directory there is a mistake.
      directory: settings.outputPath === undefined ? settings.directory : undefined,
      path: settings.outputPath ?? '',
    },
  ];
}

/** Messages of one type can have a file of their own in daily files only. */
export function canSplitByType({ kind, directory, records }: ResolvedOutput): boolean {
  return PLACE_SPELLINGS[kind].canSplit && directory !== undefined && records === 'messages';
}

function resolveOutput(choice: OutputChoice, settings: Settings): ResolvedOutput {
  const [place] = findPlaces(choice);
  const ownFormat = place?.spelling.format;
  const format =
    ownFormat === undefined
      ? (choice.format ?? settings.format ?? TEXT)
      : { name: ownFormat, template: undefined };
  const records = choice.records ?? settings.records ?? usualRecords(format.name);
  return { format, records, ...resolvePlace(place, settings) };
}

function resolvePlace(
  place: NamedPlace | undefined,
  { directory }: Settings,
): Pick<ResolvedOutput, 'kind' | 'directory' | 'path'> {
  if (place === undefined) {
    return { kind: 'lines', directory, path: '' };
  }
  const { kind, spelling, value } = place;
  const isDaily = spelling.isPath && isDirectory(value);
  return { kind, directory: isDaily ? value : undefined, path: value };
}

/** Whether an output says its place itself. */
export function hasOwnPlace(choice: OutputChoice): boolean {
  return findPlaces(choice).length > 0;
}

/** Whether an output says its format itself, or its place does. */
export function hasOwnFormat(choice: OutputChoice): boolean {
  return (choice.format ?? findPlaces(choice)[0]?.spelling.format) !== undefined;
}

/** Ends in a slash, or is a directory that is there. */
function isDirectory(path: string): boolean {
  return path.endsWith('/') || (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false);
}
