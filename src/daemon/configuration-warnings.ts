import type { Settings } from './configuration.ts';
import { ENVIRONMENT_PREFIX, type FileEntries } from './configuration-file.ts';
import { type Origin, quoteValue } from './mistakes.ts';
import { describeNearestName, findNearestName } from './nearest-name.ts';
import { SETTING_OPTIONS } from './option-table.ts';
import { canSplitByType, resolveOutputs } from './output-choices.ts';

/** The text that counts for an option, and where it was written. */
export interface Layered {
  value: string;
  origin: Origin;
}

/** Options that are not there have their default. */
export type LayeredValues = Map<keyof Settings, Layered>;

/** Keys of ours in the file that no option has. */
export function describeUnknownKeys(file: FileEntries): string[] {
  const known = SETTING_OPTIONS.map(({ environment }) => environment);
  const endings = known.map((name) => name.slice(ENVIRONMENT_PREFIX.length));
  const warnings: string[] = [];
  for (const [key, { lineNumber }] of file.entries) {
    if (!known.includes(key)) {
      const ending = findNearestName(key.slice(ENVIRONMENT_PREFIX.length), endings);
      const nearest = ending === undefined ? undefined : `${ENVIRONMENT_PREFIX}${ending}`;
      const where = `${file.name} line ${lineNumber}`;
      warnings.push(`Unknown option ${key} (from ${where})${describeNearestName(nearest)}`);
    }
  }
  return warnings;
}

/** Options that were set and that another one puts out of action. */
export function describeUnused(settings: Settings, layered: LayeredValues): string[] {
  const warnings: string[] = [];
  const ports = layered.get('ports');
  const filter = layered.get('filter');
  if (ports !== undefined && filter !== undefined) {
    const taker = `-f ${quoteValue(filter.value)} (from ${filter.origin})`;
    warnings.push(`Option -p (from ${ports.origin}) is not used, ${taker} takes its place`);
  }
  return [
    ...warnings,
    ...describeReplaced(settings, layered),
    ...describeWithoutPlace(settings, layered),
    ...describeAdminHosts(settings, layered),
  ];
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
  const hasOwnFormat = outputs.every((output) => (output.format ?? output.sqlite) !== undefined);
  const hasOwnRecords = outputs.every(({ records }) => records !== undefined);
  return [
    describe('-o', layered.get('outputPath'), true, `${taker} takes its place`),
    describe('--format', layered.get('format'), hasOwnFormat, ownValue),
    describe('--records', layered.get('records'), hasOwnRecords, ownValue),
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
  const isVlanShown = !settings.addVlan || outputs.some(({ format }) => format.name === 'text');
  return [
    describe('-log_split', split, !isSplit, 'only daily files of messages can be split'),
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
