import {
  KINDS_BY_RECORDS,
  type Kind,
  type RecordKinds,
  type Records,
  recordsOf,
} from '../record/record-kinds.ts';
import { COMBINED_FORMAT, COMBINED_TIMED_FORMAT, COMMON_FORMAT } from './apache-line.ts';
import { AUDIT_FORMAT } from './audit-line.ts';
import { ECS_FORMAT } from './ecs-line.ts';
import { HAR_FORMAT } from './har-line.ts';
import { JSON_FORMAT } from './json-line.ts';
import { OTEL_FORMAT } from './otel-line.ts';
import type { RecordFormat, RecordFormatOptions, RecordWriter } from './record-format.ts';
import { REPORT_FORMAT } from './report-line.ts';
import { SHORT_FORMAT } from './short-line.ts';
import { TEMPLATE_FORMAT } from './template-line.ts';
import { TEXT_FORMAT } from './text-record.ts';
import { TSV_FORMAT } from './tsv-line.ts';

/** By the name that `--format` takes. */
const TABLE = {
  text: TEXT_FORMAT,
  short: SHORT_FORMAT,
  json: JSON_FORMAT,
  ecs: ECS_FORMAT,
  otel: OTEL_FORMAT,
  common: COMMON_FORMAT,
  combined: COMBINED_FORMAT,
  'combined-timed': COMBINED_TIMED_FORMAT,
  audit: AUDIT_FORMAT,
  tsv: TSV_FORMAT,
  har: HAR_FORMAT,
  // Last: it has its text beside its name.
  template: TEMPLATE_FORMAT,
} as const satisfies { [name: string]: RecordFormat };

/** Those that nobody chooses: what they write stays in the process. */
const INNER = { report: REPORT_FORMAT } as const satisfies { [name: string]: RecordFormat };

export type RecordFormatName = keyof typeof TABLE | keyof typeof INNER;

export const FORMATS: Readonly<Record<RecordFormatName, RecordFormat>> = { ...TABLE, ...INNER };

/** The names that can be chosen. */
export const FORMAT_NAMES = Object.keys(TABLE) as readonly (keyof typeof TABLE)[];

/** The records that a format is for, when nobody says which. */
export function usualRecords(format: RecordFormatName): Records {
  const [kind] = Object.keys(FORMATS[format].writers) as Kind[];
  return recordsOf(kind);
}

export function hasWriterOf(format: RecordFormatName, records: Records): boolean {
  return FORMATS[format].writers[KINDS_BY_RECORDS[records]] !== undefined;
}

/** Makes what writes this kind; **`hasWriterOf` said that the format has it**. */
export function createWriter<K extends Kind>(
  format: RecordFormatName,
  kind: K,
  options: RecordFormatOptions,
): RecordWriter<RecordKinds[K]> {
  const create: RecordFormat['writers'][K] = FORMATS[format].writers[kind];
  if (create === undefined) {
    throw new TypeError(`The format ${format} has no lines of this kind: ${kind}`);
  }
  return create(options);
}
