import { createRequire } from 'node:module';
import type { Schema } from 'convict';
import type { PortRange } from '../capture/port-range.ts';
import type {
  HeaderRule,
  HostRule,
  MethodRule,
  NetworkRule,
  PathRule,
  StatusRule,
} from '../filter/filter-settings.ts';
import type { Records } from '../format/format-names.ts';
import type { BuiltInPattern, FieldModes } from '../redact/redaction-settings.ts';
import type { AdminAddress } from './admin-address.ts';
import { type FileEntries, findConfigurationFile } from './configuration-file.ts';
import { type LayeredValues, layerOption, settleLayers } from './configuration-layers.ts';
import { findContradictions } from './configuration-mistakes.ts';
import {
  describeUnknownKeys,
  describeUnknownVariables,
  describeUnused,
} from './configuration-warnings.ts';
import type { AddressOption } from './filter-formats.ts';
import {
  configurationError,
  type Mistake,
  ORIGIN_DEFAULT,
  type Origin,
  refusedValueMistake,
} from './mistakes.ts';
import { FORMATS, findFormat } from './option-formats.ts';
import { type CommandName, type Option, SETTING_OPTIONS } from './option-table.ts';
import type { FormatChoice, OutputChoice } from './output-formats.ts';

/** The effective value of every option, checked and in its own type. */
export interface Settings {
  /** Undefined: the interface of the default route. */
  interfaceName: string | undefined;
  /** In rising order, none touching another. */
  ports: PortRange[] | 'any';
  /** A tcpdump expression that takes the place of `ports`. */
  filter: string | undefined;
  directory: string;
  /** Methods that begin a request. */
  methods: string[];
  /** Heads of several segments are put together. */
  completeHeads: boolean;
  /** Live: the kernel's filter passes tunnels. */
  tunnels: boolean;
  /** UDP ports of VXLAN besides the usual ones. */
  vxlanPorts: number[];
  /** Bytes of each packet, 1 to 65535. */
  snaplen: number;
  ringMegabytes: number;
  /** -1: for ever. */
  packetCountMax: number;
  workers: number;
  /** Packets between two looks at the loss counters; 0: never. */
  logEvery: number;
  splitByType: boolean;
  addVlan: boolean;
  promiscuous: boolean;
  quiet: boolean;
  cpuProfilePath: string | undefined;
  /** Addresses and CIDR networks; empty: the host's own addresses. */
  localNetworks: string[];
  engine: 'afpacket' | 'libpcap';
  /** `local`, `UTC` or an IANA name. */
  timezone: string;
  /** `-`: standard output. Undefined: daily files in `directory`. */
  outputPath: string | undefined;
  /** In the place of `outputPath` and `directory`; empty: those two say it. */
  outputs: OutputChoice[];
  /** Of outputs that name none; undefined: text. */
  format: FormatChoice | undefined;
  /** Of outputs that say nothing else; undefined: what the format is for. */
  records: Records | undefined;
  /** Fields that formats show besides their own, lower case. */
  headerNames: string[];
  /** Bytes at which a daily file is followed by the next one; 0: never. */
  rotateBytes: number;
  compression: 'none' | 'gzip' | 'zstd';
  /** Days before today; 0: all. */
  keepDays: number;
  /** 0: all. */
  keepFiles: number;
  /** Bytes of an output's daily files together; 0: any. */
  diskBytesMax: number;
  includePaths: PathRule[];
  excludePaths: PathRule[];
  methodFilter: MethodRule[];
  statusFilter: StatusRule[];
  hostFilter: HostRule[];
  clientFilter: NetworkRule[];
  serverFilter: NetworkRule[];
  headerFilter: HeaderRule[];
  slowerThanMs: number | undefined;
  sampleOneIn: number | undefined;
  headerModes: FieldModes;
  queryModes: FieldModes;
  cookieModes: FieldModes;
  redactPatterns: BuiltInPattern[];
  redactFile: string | undefined;
  anonymizeIp: AddressOption | undefined;
  /** To become after a start as root; undefined: `httplog` where there is that user. */
  user: string | undefined;
  /** Where the admin server listens; undefined: there is none. */
  listenAdmin: AdminAddress | undefined;
  /** Hosts by which it may be asked besides its address and loopback, small letters. */
  adminHosts: string[];
  /** Undefined: standard error. */
  serviceLogDirectory: string | undefined;
}

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

const NO_FILE: FileEntries = { name: '', entries: new Map(), replaced: [], mistakes: [] };

/**
 * The effective configuration: command line, else environment, else configuration file, else default,
 * for each option by itself and for those that stand for each other. `httplog demo` needs nothing from outside and reads its command line only.
 *
 * Throws one error with every mistake of the command line, the environment and the file: exit code 2,
 * or 3 if the only one is a `--config` file that is not there, or 4 if one must not be read.
 */
export function loadConfiguration(input: ConfigurationInput): Configuration {
  const { commandLine } = input;
  const isAlone = commandLine.command === 'demo';
  const file = isAlone ? NO_FILE : findConfigurationFile(input);
  const environment = isAlone ? {} : input.environment;
  const written: LayeredValues = new Map();
  for (const option of SETTING_OPTIONS) {
    const value = layerOption(option, commandLine, environment, file);
    if (value !== undefined) {
      written.set(option.key, value);
    }
  }
  const layered = settleLayers(written);
  const { settings, mistakes } = checkValues(layered);
  if (mistakes.length === 0) {
    mistakes.push(...findContradictions(settings, layered));
  }
  const all = [...commandLine.mistakes, ...file.mistakes, ...mistakes];
  if (all.length > 0) {
    throw configurationError(all, commandLine.command);
  }
  const warnings = [
    ...describeUnknownKeys(file),
    ...describeUnknownVariables(environment, file),
    ...describeUnused(settings, layered, commandLine.command),
  ];
  const notes = file.note === undefined ? [] : [file.note];
  return { settings, origins: collectOrigins(layered), warnings, notes };
}

/**
 * Lets convict turn the texts into values and check them. It gets known keys alone, no environment and
 * no arguments: which text counts was decided before, with its origin.
 */
function checkValues(layered: LayeredValues): { settings: Settings; mistakes: Mistake[] } {
  const require = createRequire(import.meta.url);
  const convict: typeof import('convict') = require('convict');
  for (const [name, format] of Object.entries(FORMATS)) {
    convict.addFormat({ name, coerce: (text) => box(format.parse(text)), validate: refuseNull });
  }
  const config = convict(buildSchema(), { env: {}, args: [] });
  config.load(Object.fromEntries([...layered].map(([key, { value }]) => [key, value])));
  const settings = unboxAll(config.getProperties());
  const mistakes: Mistake[] = [];
  try {
    config.validate({ allowed: 'strict' });
  } catch (error) {
    for (const option of SETTING_OPTIONS) {
      const wrong = layered.get(option.key);
      if (wrong !== undefined && settings[option.key] === null) {
        const { allowed, explain } = findFormat(option.format);
        const reason = explain?.(wrong.value) ?? `allowed is ${allowed}`;
        mistakes.push(refusedValueMistake(option.flags[0], wrong.value, wrong.origin, reason));
      }
    }
    if (mistakes.length === 0) {
      throw error;
    }
  }
  return { settings, mistakes };
}

/** Values in a list of one: convict would take a value that is an object for a group of settings. */
type BoxedSettings = { [Key in keyof Settings]: [Settings[Key]] | null };

function box<T>(value: T | null): [T] | null {
  return value === null ? null : [value];
}

function unboxAll(boxed: BoxedSettings): Settings {
  const rows = Object.entries(boxed).map(([key, value]) => [key, value === null ? null : value[0]]);
  return Object.fromEntries(rows);
}

/** A format gives null for a text that is not allowed, so that convict can gather all of them. */
function refuseNull(value: unknown): void {
  if (value === null) {
    throw new Error('is not allowed');
  }
}

function buildSchema(): Schema<BoxedSettings> {
  const rows = SETTING_OPTIONS.map((option) => {
    const format = findFormat(option.format);
    const value = option.default === undefined ? format.unset : format.parse(option.default);
    const boxed = option.default === undefined ? [value] : box(value);
    return [option.key, { doc: option.description, format: option.format, default: boxed }];
  });
  return Object.fromEntries(rows);
}

function collectOrigins(layered: LayeredValues): Record<keyof Settings, Origin> {
  const rows = SETTING_OPTIONS.map(({ key }) => [key, layered.get(key)?.origin ?? ORIGIN_DEFAULT]);
  return Object.fromEntries(rows);
}
