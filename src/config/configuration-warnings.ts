import { FORMATS } from '../format/format-table.ts';
import { METHODS_REGISTERED } from '../http/grammar.ts';
import { describeNearestName, findNearestName } from '../nearest-name.ts';
import type { CommandName } from './command-names.ts';
import { ENVIRONMENT_PREFIX, type FileEntries } from './configuration-file.ts';
import { isBeside, type Layered, type LayeredValues } from './configuration-layers.ts';
import { findOtherCase } from './configuration-mistakes.ts';
import { quoteValue } from './mistakes.ts';
import { SETTING_OPTIONS } from './option-table.ts';
import { canSplitByType, hasOwnFormat, hasOwnPlace, resolveOutputs } from './output-choices.ts';
import type { ConfigurationInput, Settings } from './settings.ts';

const CLIENT_REASON = 'text lines show the connection as it is';

/** What the start script reads from its environment, and hands on with it. */
const START_SCRIPT_VARIABLES: readonly string[] = ['HTTPLOG_PIDFILE', 'HTTPLOG_STOP_SECONDS'];

const OPTION_VARIABLES: readonly string[] = SETTING_OPTIONS.map(({ environment }) => environment);

/** Keys of ours in the file that no option has, or that a later line replaces. */
export function describeUnknownKeys(file: FileEntries): string[] {
  const unknown = [...file.entries].flatMap(([key, { lineNumber }]) => {
    const origin = `${file.name} line ${lineNumber}`;
    if (START_SCRIPT_VARIABLES.includes(key)) {
      const reader = 'the start script reads it from its environment';
      return [`Option ${key} (from ${origin}) is not used, ${reader}`];
    }
    return OPTION_VARIABLES.includes(key) ? [] : [describeUnknown(key, origin)];
  });
  const replaced = file.replaced.map(
    ({ key, lineNumber, byLineNumber }) =>
      `Option ${key} (from ${file.name} line ${lineNumber}) is not used, line ${byLineNumber} takes its place`,
  );
  return [...unknown, ...replaced];
}

/** Variables of ours that nobody reads. systemd hands a file over as environment: told once. */
export function describeUnknownVariables(
  environment: ConfigurationInput['environment'],
  file: FileEntries,
): string[] {
  const known = [...OPTION_VARIABLES, ...START_SCRIPT_VARIABLES];
  return Object.keys(environment)
    .filter((name) => name.startsWith(ENVIRONMENT_PREFIX))
    .filter((name) => !known.includes(name) && !file.entries.has(name))
    .map((name) => describeUnknown(name, 'environment'));
}

function describeUnknown(name: string, origin: string): string {
  const known = [...OPTION_VARIABLES, ...START_SCRIPT_VARIABLES];
  const endings = known.map((variable) => variable.slice(ENVIRONMENT_PREFIX.length));
  const ending = findNearestName(name.slice(ENVIRONMENT_PREFIX.length), endings);
  const nearest = ending === undefined ? undefined : `${ENVIRONMENT_PREFIX}${ending}`;
  const shown = /^\w{1,100}$/.test(name) ? name : quoteValue(name);
  return `Unknown option ${shown} (from ${origin})${describeNearestName(nearest)}`;
}

/** Options that were set and that another one puts out of action. */
export function describeUnused(
  settings: Settings,
  layered: LayeredValues,
  command: CommandName,
): string[] {
  const warnings: string[] = [];
  const ports = layered.get('ports');
  const filter = layered.get('filter');
  if (ports !== undefined && filter !== undefined && isBeside(ports, filter)) {
    const taker = `-f ${quoteValue(filter.value)} (from ${filter.origin})`;
    warnings.push(`Option -p (from ${ports.origin}) is not used, ${taker} takes its place`);
  }
  return [
    ...warnings,
    ...describeDirectory(settings, layered),
    ...describeReplaced(settings, layered),
    ...describeWithoutPlace(settings, layered),
    ...describeMethods(settings, layered),
    ...describeVxlanPorts(settings, layered, command),
    ...describeAdminHosts(settings, layered),
  ];
}

/** A directory beside a place that takes all lines; one of a lower layer is no slip. */
function describeDirectory(settings: Settings, layered: LayeredValues): string[] {
  const [directory, path, outputs] = [
    layered.get('directory'),
    layered.get('outputPath'),
    layered.get('outputs'),
  ];
  if (outputs !== undefined) {
    const isOwn = settings.outputs.every(hasOwnPlace);
    const ownPlace = `every --output (from ${outputs.origin}) has its own`;
    return describe('-d', directory, isOwn && isBeside(directory, outputs), ownPlace);
  }
  const taker = `-o (from ${path?.origin}) takes its place`;
  return describe('-d', directory, isBeside(directory, path), taker);
}

/** Methods that could be meant, and with which nothing is found. */
function describeMethods({ methods, methodFilter }: Settings, layered: LayeredValues): string[] {
  const missing = methodFilter.find(
    ({ method, isNegated }) => !isNegated && !methods.includes(method),
  );
  const lower = methods.find((method) => {
    const meant = findOtherCase(method, METHODS_REGISTERED);
    return meant !== undefined && !methods.includes(meant);
  });
  return [
    missing === undefined
      ? []
      : `Option --method (from ${layered.get('methodFilter')?.origin}) names ${missing.method}, which is not among --methods: no request begins with it`,
    lower === undefined
      ? []
      : `Option --methods (from ${layered.get('methods')?.origin}) names ${lower}, which is another method than ${findOtherCase(lower, METHODS_REGISTERED)}: methods are case-sensitive`,
  ].flat();
}

/** A replay opens every tunnel, and an expression lets pass what it says. */
function describeVxlanPorts(
  { tunnels, filter }: Settings,
  layered: LayeredValues,
  command: CommandName,
): string[] {
  const isUnused = command !== 'replay' && !tunnels && filter === undefined;
  const reason = 'without --tunnels the kernel lets no tunnel pass';
  return describe('--vxlan-port', layered.get('vxlanPorts'), isUnused, reason);
}

function describeAdminHosts({ listenAdmin }: Settings, layered: LayeredValues): string[] {
  const reason =
    listenAdmin === undefined
      ? 'there is no admin server without --listen-admin'
      : 'a Unix socket is asked by any name';
  return describe('--admin-host', layered.get('adminHosts'), listenAdmin?.kind !== 'tcp', reason);
}

/** Options that say what every `--output` says itself. */
function describeReplaced({ outputs }: Settings, layered: LayeredValues): string[] {
  if (outputs.length === 0) {
    return [];
  }
  const taker = `--output (from ${layered.get('outputs')?.origin})`;
  const ownValue = `every ${taker} has its own`;
  const [format, records] = [layered.get('format'), layered.get('records')];
  const hasOwnRecords = outputs.every((output) => output.records !== undefined);
  const isSlip = (option: Layered | undefined) => isBeside(option, layered.get('outputs'));
  return [
    describe('-o', layered.get('outputPath'), true, `${taker} takes its place`),
    describe('--format', format, outputs.every(hasOwnFormat) && isSlip(format), ownValue),
    describe('--records', records, hasOwnRecords && isSlip(records), ownValue),
  ].flat();
}

/** Options that no output has a place for. */
function describeWithoutPlace(settings: Settings, layered: LayeredValues): string[] {
  const outputs = resolveOutputs(settings);
  const split = layered.get('splitByType');
  const outputPath = layered.get('outputPath');
  if (
    split !== undefined &&
    settings.splitByType &&
    settings.outputs.length === 0 &&
    outputPath !== undefined
  ) {
    const taker = `-o (from ${outputPath.origin})`;
    return [
      `Option -log_split (from ${split.origin}) is not used with ${taker}`,
      ...describeUpkeep(settings, layered),
    ];
  }
  const isSplit = !settings.splitByType || outputs.some(canSplitByType);
  const isHeaderShown = outputs.some(({ format }) => FORMATS[format.name].hasHeaderFields);
  const headerReason =
    'no output has a place for header fields (json, ecs, otel, tsv, har and databases have)';
  const isClientShown =
    settings.clientFrom.source === 'peer' || outputs.some(({ format }) => format.name !== 'text');
  const isVlanShown = !settings.addVlan || outputs.some(({ format }) => format.name === 'text');
  return [
    describe('-log_split', split, !isSplit, 'only daily files of messages can be split'),
    describe('--header', layered.get('headerNames'), !isHeaderShown, headerReason),
    describe('--client-from', layered.get('clientFrom'), !isClientShown, CLIENT_REASON),
    describe('-add_vlan', layered.get('addVlan'), !isVlanShown, 'it is for the format text'),
    describeUpkeep(settings, layered),
  ].flat();
}

/** Options of daily files and databases, where no output has any. */
function describeUpkeep(settings: Settings, layered: LayeredValues): string[] {
  const hasDaily = resolveOutputs(settings).some(({ directory }) => directory !== undefined);
  const options = [
    ['--rotate-size', 'rotateBytes'],
    ['--compress', 'compression'],
    ['--keep-days', 'keepDays'],
    ['--keep-files', 'keepFiles'],
    ['--max-disk', 'diskBytesMax'],
  ] as const;
  return options.flatMap(([flag, key]) =>
    describe(flag, layered.get(key), !hasDaily, 'it is for daily files'),
  );
}

function describe(
  flag: string,
  option: Layered | undefined,
  isUnused: boolean,
  reason: string,
): string[] {
  return option !== undefined && isUnused
    ? [`Option ${flag} (from ${option.origin}) is not used, ${reason}`]
    : [];
}
