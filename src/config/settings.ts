import type { CommandName } from './command-names.ts';
import type { Mistake, Origin } from './mistakes.ts';
import type { SPELLINGS, SpellingName } from './option-spellings.ts';
import type { Option, SettingRow } from './option-table.ts';

/**
 * The effective value of every option, checked and in its own type: each row of the option table gives its key, and the
 * spelling that the row names gives the type.
 */
export type Settings = { [Row in SettingRow as Row['key']]: ValueOf<Row> };

/** Undefined where an option can be left unset and its spelling has no value for that. */
type ValueOf<Row extends SettingRow> =
  | SpelledValue<Row['spelling']>
  | (Row extends { default: string } ? never : UnsetValue<Row['spelling']>);

type SpelledValue<Name extends SpellingName> = Exclude<
  ReturnType<(typeof SPELLINGS)[Name]['parse']>,
  null
>;

type UnsetValue<Name extends SpellingName> = (typeof SPELLINGS)[Name] extends { unset: unknown }
  ? never
  : undefined;

export interface Configuration {
  settings: Settings;
  /** Where each value came from, by option key. */
  origins: Record<keyof Settings, Origin>;
  /** What is not wrong but probably not meant, a sentence each. */
  warnings: string[];
  /** What is right and should be known, a sentence each. */
  notes: string[];
}

/** One value of an option on the command line. */
export interface GivenValue {
  value: string;
  /** The option as it was typed there, dashes included. */
  spelling: string;
}

/** What the command line has to say about the configuration. */
export interface CommandLineValues {
  command: CommandName;
  /** All values of each option that was given, in their order. */
  given: ReadonlyMap<Option['key'], readonly GivenValue[]>;
  /** The file of `--config`. */
  configurationFile: string | undefined;
  /** What was wrong on the command line itself; reported together with the rest. */
  mistakes: readonly Mistake[];
}

export interface ConfigurationInput {
  commandLine: CommandLineValues;
  /** Usually `process.env`. */
  environment: Readonly<Record<string, string | undefined>>;
  /** The working directory, which `./httplog.conf` and a relative `--config` start from. */
  directory: string;
  /** Instead of `/etc/sysconfig/httplog`, for tests. */
  systemFile?: string;
  /** Instead of who started httplog, for tests: whose files are believed besides root's. */
  callerUid?: number;
}
