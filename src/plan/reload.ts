import { findSpelling } from '../config/option-spellings.ts';
import { SETTING_OPTIONS, type SettingOption } from '../config/option-table.ts';
import type { Settings } from '../config/settings.ts';
import { HttplogError } from '../errors.ts';
import { REDACTION_COUNTS_MAX } from '../limits.ts';
import { checkUpkeep } from '../log/upkeep.ts';
import { patternNames, type RedactionSettings } from '../redact/redaction-settings.ts';
import { describeFilter } from '../worker/describe-filter.ts';
import { createLiveCapture } from './capture-plan.ts';
import { createFilterSettings, createRedactionSettings } from './filter-plan.ts';
import { findFieldNames, type RecordPlan } from './output-plan.ts';
import { createUpkeep } from './upkeep-plan.ts';

type Key = keyof Settings;

/** What a new configuration means for a capture that goes on. Each option that differs is in one of the lists. */
export interface Reload {
  /** The settings from now on, and what they mean for records. */
  settings: Settings;
  plan: RecordPlan;
  /** What changes now, and whether workers have to be told. */
  taken: { key: Key; text: string; isOfWorkers: boolean }[];
  /** What would have changed, had it been a start, as `-i eth0 -> eth1`. */
  needingRestart: string[];
  /** What cannot be had, with the reason. */
  staying: string[];
}

const PLAIN_KEYS: readonly Key[] = ['localNetworks', 'logEvery', 'quiet'];
const UPKEEP_KEYS = [
  ...(['rotateBytes', 'compression', 'keepDays', 'keepFiles', 'diskBytesMax'] as const),
];
/** What the kernel lets pass. */
const CAPTURE_KEYS: readonly Key[] = ['ports', 'filter'];
const FILTER_KEYS = [
  ...(['includePaths', 'excludePaths', 'methodFilter', 'statusFilter', 'hostFilter'] as const),
  ...(['clientFilter', 'serverFilter', 'headerFilter', 'slowerThanMs', 'sampleOneIn'] as const),
];
const REDACTION_KEYS = [
  ...(['headerModes', 'queryModes', 'cookieModes', 'redactPatterns', 'redactFile'] as const),
  'anonymizeIp' as const,
];
const WORKER_KEYS: readonly Key[] = [...CAPTURE_KEYS, ...FILTER_KEYS, ...REDACTION_KEYS];
const CHANGEABLE: ReadonlySet<Key> = new Set([...PLAIN_KEYS, ...UPKEEP_KEYS, ...WORKER_KEYS]);

/** What is being decided; options leave `open` for one of the lists. */
interface Decision {
  readonly current: Settings;
  readonly next: Settings;
  readonly plan: RecordPlan;
  open: SettingOption[];
  needingRestart: string[];
  staying: string[];
}

/**
 * @param current the settings that hold now, those of the start included that a reload could not change
 * @param plan what they mean for records
 * @param next of a configuration that a start would take
 */
export function planReload(current: Settings, plan: RecordPlan, next: Settings): Reload {
  const open = SETTING_OPTIONS.filter(
    (option) => printValue(option, current) !== printValue(option, next),
  );
  const decision: Decision = { current, next, plan, open, needingRestart: [], staying: [] };
  needRestart(decision, ({ key }) => !CHANGEABLE.has(key), '');
  decideFields(decision);
  const redaction = decideRedaction(decision);
  decideUpkeep(decision);
  decideKernelFilter(decision);
  const settings = settingsOf(decision);
  return {
    settings,
    plan: {
      ...plan,
      filter: createFilterSettings(settings),
      redaction,
      redactionNames: joinNames(plan, redaction),
    },
    taken: [...listTaken(decision, settings), ...describeFiles(decision, redaction)],
    needingRestart: decision.needingRestart,
    staying: decision.staying,
  };
}

/** The reload without what workers have to be told of, because one of them cannot take it. */
export function withoutWorkers(
  { settings, plan, ...reload }: Reload,
  current: Settings,
  { filter, redaction, redactionNames }: RecordPlan,
  reason: string,
): Reload {
  const [ofWorkers, others] = [true, false].map((isOfWorkers) =>
    reload.taken.filter((each) => each.isOfWorkers === isOfWorkers),
  );
  const names = ofWorkers.map(({ text }) => text).join(', ');
  return {
    settings: { ...settings, ...pick(current, WORKER_KEYS) },
    plan: { ...plan, filter, redaction, redactionNames },
    taken: others,
    needingRestart: reload.needingRestart,
    staying: [...reload.staying, `${names} (${reason})`],
  };
}

/** The open options are taken, all others are as they are. */
function settingsOf({ current, next, open }: Decision): Settings {
  const keys = open.map(({ key }) => key);
  return { ...current, ...pick(next, keys) };
}

function pick(settings: Settings, keys: readonly Key[]): Partial<Settings> {
  return Object.fromEntries(keys.map((key) => [key, settings[key]]));
}

function needRestart(
  decision: Decision,
  isMeant: (option: SettingOption) => boolean,
  reason: string,
): void {
  const meant = decision.open.filter(isMeant);
  decision.open = decision.open.filter((option) => !meant.includes(option));
  decision.needingRestart.push(...meant.map((option) => describe(decision, option) + reason));
}

/** The options of these keys stay as they are, named or, where none of them differs, in general. */
function stay(decision: Decision, keys: readonly Key[], subject: string, error: unknown): void {
  if (!(error instanceof HttplogError)) {
    throw error;
  }
  const meant = decision.open.filter(({ key }) => keys.includes(key));
  decision.open = decision.open.filter((option) => !meant.includes(option));
  const names = meant.map((option) => describe(decision, option)).join(', ');
  decision.staying.push(`${names === '' ? subject : names} (${describeError(error)})`);
}

/** Which fields heads are searched for is settled when outputs are made: columns of files may stand for them. */
function decideFields(decision: Decision): void {
  try {
    const names = findFieldNames(settingsOf(decision));
    const known = decision.plan.headerNames;
    if (names.length !== known.length || names.some((name) => !known.includes(name))) {
      needRestart(decision, ({ key }) => key === 'headerFilter', ' (it names other fields)');
    }
  } catch (error) {
    stay(decision, ['headerFilter'], '', error);
  }
}

/** The redaction from now on. Its files are read anew, because they may have changed. */
function decideRedaction(decision: Decision): RedactionSettings {
  const { plan } = decision;
  let redaction: RedactionSettings;
  try {
    redaction = createRedactionSettings(settingsOf(decision));
  } catch (error) {
    stay(decision, REDACTION_KEYS, 'redaction', error);
    return plan.redaction;
  }
  if (joinNames(plan, redaction).length > REDACTION_COUNTS_MAX) {
    const reason = ` (more than ${REDACTION_COUNTS_MAX} names were counted since the start)`;
    const files = describeFiles(decision, redaction);
    decision.needingRestart.push(...files.map(({ text }) => text + reason));
    needRestart(decision, ({ key }) => (REDACTION_KEYS as readonly Key[]).includes(key), reason);
    return plan.redaction;
  }
  return redaction;
}

function decideUpkeep(decision: Decision): void {
  const upkeep = createUpkeep(settingsOf(decision));
  try {
    if (upkeep !== undefined) {
      checkUpkeep(upkeep);
    }
  } catch (error) {
    stay(decision, UPKEEP_KEYS, '', error);
  }
}

/** libpcap puts its filters in place with a gap between them. */
function decideKernelFilter(decision: Decision): void {
  const { current, plan } = decision;
  if (current.engine !== 'libpcap') {
    return;
  }
  const before = describeFilter(createLiveCapture(current, plan, ''));
  for (const keys of [CAPTURE_KEYS, FILTER_KEYS] as const) {
    const settings = settingsOf(decision);
    const filter = createFilterSettings(settings);
    if (describeFilter(createLiveCapture(settings, { ...plan, filter }, '')) !== before) {
      const isMeant = ({ key }: SettingOption) => (keys as readonly Key[]).includes(key);
      needRestart(decision, isMeant, ' (with --engine libpcap)');
    }
  }
}

/** What changes for somebody: an option that another one puts out of action was told as such. */
function listTaken(decision: Decision, settings: Settings): Reload['taken'] {
  const { plan, current } = decision;
  const hasDaily = plan.outputs.some(({ target: { target } }) => 'directory' in target);
  const isUnused = (key: Key): boolean =>
    (key === 'ports' && current.filter !== undefined && settings.filter !== undefined) ||
    (!hasDaily && (UPKEEP_KEYS as readonly Key[]).includes(key));
  return decision.open
    .filter(({ key }) => !isUnused(key))
    .map((option) => ({
      key: option.key,
      text: describe(decision, option),
      isOfWorkers: WORKER_KEYS.includes(option.key),
    }));
}

/** Files of the same path that hold something else than before. */
function describeFiles(
  { open, plan, current }: Decision,
  { ownPatterns, addresses }: RedactionSettings,
): Reload['taken'] {
  const { redactFile, anonymizeIp } = current;
  const isSame = (key: Key) => open.every((option) => option.key !== key);
  const files: Reload['taken'] = [];
  if (isSame('redactFile') && !isEqual(ownPatterns, plan.redaction.ownPatterns)) {
    const text = `the patterns of --redact-file ${redactFile}`;
    files.push({ key: 'redactFile', text, isOfWorkers: true });
  }
  if (isSame('anonymizeIp') && !isEqual(addresses, plan.redaction.addresses)) {
    const path = anonymizeIp?.method === 'hash' ? ` hash:${anonymizeIp.keyFile}` : '';
    files.push({ key: 'anonymizeIp', text: `the key of --anonymize-ip${path}`, isOfWorkers: true });
  }
  return files;
}

/** What was counted so far keeps its place. */
function joinNames({ redactionNames }: RecordPlan, redaction: RedactionSettings): string[] {
  return [...new Set([...redactionNames, ...patternNames(redaction)])];
}

function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

export function describeError({ message, hint }: HttplogError): string {
  return hint === undefined ? message : `${message}; ${hint}`;
}

function describe({ current, next }: Decision, option: SettingOption): string {
  const [before, after] = [current, next].map((settings) => printValue(option, settings));
  return `${option.flags[0]} ${before} -> ${after}`;
}

/** As `check-config` shows it; in parentheses what holds while the option is not set. */
function printValue(option: SettingOption, settings: Settings): string {
  const value = settings[option.key];
  const text = value === undefined ? '' : findSpelling(option.spelling).print(value);
  return text === '' ? `(${option.unset})` : text;
}
