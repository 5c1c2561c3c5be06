import type { FilterSettings } from '../filter/filter-settings.ts';
import type { LineDisplay } from '../format/colors.ts';
import type { RecordFormatName } from '../format/format-table.ts';
import type { TextColumns } from '../format/text-line.ts';
import type { ClientChoice } from '../record/client-source.ts';
import type { Records } from '../record/record-kinds.ts';
import type { RedactionSettings } from '../redact/redaction-settings.ts';

/** What the worker is told of one output; where its lines go is the control plane's. */
export interface OutputSettings {
  format: RecordFormatName;
  /** Of the format `template`. */
  template: string | undefined;
  records: Records;
  /** Lines of each message type go to files of their own. */
  isSplitByType: boolean;
  /** Of who looks at the lines, where somebody does. */
  display?: LineDisplay | undefined;
}

/** What is chosen, shown and hidden of records, whatever brings them: plain values, which threads can copy. */
export interface RecordSettings {
  /** What lines are, of each output; at least one. */
  outputs: readonly OutputSettings[];
  /** Fields that heads are searched for beside those that formats show by themselves, lower case. */
  headerNames: readonly string[];
  /** Who is asked for the client. */
  client: ClientChoice;
  filter: FilterSettings;
  redaction: RedactionSettings;
  /** What redactions are counted for, in the order of their counters; undefined: what `redaction` names. */
  redactionNames?: readonly string[] | undefined;
  textColumns: TextColumns;
  /** Name of this host, where a format has a place for the observer. */
  hostName: string;
}
