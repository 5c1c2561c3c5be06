import type { OutputTarget } from './output-target.ts';
import type { SqliteTarget } from './sqlite-target.ts';

/** Where one output's lines go: files of lines, or databases. */
export type OutputPlace =
  | { kind: 'sqlite'; target: SqliteTarget }
  | { kind: 'lines'; target: OutputTarget };

/** An output, as far as its writer is concerned. */
export interface PlacedOutput {
  target: OutputPlace;
}
