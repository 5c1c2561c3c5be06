/** The formats by name; `template` has its text beside it. */
export const FORMAT_NAMES = [
  'text',
  'json',
  'ecs',
  'otel',
  'common',
  'combined',
  'combined-timed',
  'audit',
  'tsv',
  'template',
] as const;

export type RecordFormatName = (typeof FORMAT_NAMES)[number];

/** What a line is about. */
export type Records = 'messages' | 'exchanges';

/** The units that a format can write; the first is the one that it is for. */
export const FORMAT_RECORDS: Readonly<Record<RecordFormatName, readonly Records[]>> = {
  text: ['messages'],
  json: ['exchanges', 'messages'],
  ecs: ['exchanges', 'messages'],
  otel: ['exchanges', 'messages'],
  common: ['exchanges'],
  combined: ['exchanges'],
  'combined-timed': ['exchanges'],
  audit: ['exchanges'],
  tsv: ['exchanges', 'messages'],
  template: ['exchanges', 'messages'],
};
