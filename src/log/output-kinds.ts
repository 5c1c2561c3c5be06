import { LINES_KIND } from './lines-kind.ts';
import type { OutputKind } from './output-kind.ts';
import { REPORT_KIND } from './report-kind.ts';
import { SQLITE_KIND } from './sqlite-kind.ts';

/**
 * All kinds of outputs. How `--output` names their places is in config/output-places.ts, a row each too, but for the
 * report, which nobody names.
 */
export const OUTPUT_KINDS = {
  lines: LINES_KIND,
  sqlite: SQLITE_KIND,
  report: REPORT_KIND,
} as const;

type TargetOf<Kind> = Kind extends OutputKind<infer Target> ? Target : never;

/** Where one output's lines go. */
export type OutputPlace = {
  [Name in keyof typeof OUTPUT_KINDS]: {
    kind: Name;
    target: TargetOf<(typeof OUTPUT_KINDS)[Name]>;
  };
}[keyof typeof OUTPUT_KINDS];

/** An output, as far as its writer is concerned. */
export interface PlacedOutput {
  target: OutputPlace;
}

/** The kind of a place, **for that place's own target**. */
export function kindOf({ kind }: Pick<OutputPlace, 'kind'>): OutputKind<unknown> {
  return OUTPUT_KINDS[kind] as OutputKind<unknown>;
}
