import type { RecordFormatName } from '../format/format-table.ts';
import type { Records } from '../record/record-kinds.ts';

/** What the worker is told of one output; where its lines go is the control plane's. */
export interface OutputSettings {
  format: RecordFormatName;
  /** Of the format `template`. */
  template: string | undefined;
  records: Records;
  /** Lines of each message type go to files of their own. */
  isSplitByType: boolean;
}
