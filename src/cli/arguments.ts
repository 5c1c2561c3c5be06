import { COMMAND_NAMES, type CommandName } from '../config/command-names.ts';
import { type Mistake, quoteValue, usageMistake, valueMistake } from '../config/mistakes.ts';
import { OPTIONS, type Option } from '../config/option-table.ts';
import type { CommandLineValues, GivenValue } from '../config/settings.ts';
import { describeNearestName, findNearestName } from '../nearest-name.ts';

/** The arguments of one call, taken apart but for the values, which `loadConfiguration` checks. */
export interface ParsedCommandLine extends CommandLineValues {
  command: CommandName;
  /** The arguments of `replay`, in their order; `-` is standard input. */
  files: string[];
  given: ReadonlyMap<Option['key'], readonly GivenValue[]>;
  configurationFile: string | undefined;
  isHelp: boolean;
  /** `--help`, which tells all of it, and not `-h`. */
  isHelpLong: boolean;
  /** A command was named: `httplog replay -h` asks for its help. */
  isCommandNamed: boolean;
  isVersion: boolean;
  /** There is no such command: no help or version stands for what was meant. */
  isRefused: boolean;
  mistakes: Mistake[];
}

/** The walk over the arguments and what it has found. */
interface ArgumentReader {
  readonly argv: readonly string[];
  index: number;
  readonly operands: string[];
  readonly given: Map<Option['key'], GivenValue[]>;
  readonly mistakes: Mistake[];
}

/** Commands that only say something; `-h` and `-v` in words. */
const WORDS = ['help', 'version'];

/** Options of one value that is a list. */
const LISTS: readonly Option['key'][] = [
  ...(['ports', 'methods', 'vxlanPorts', 'headerModes', 'queryModes', 'cookieModes'] as const),
];

const ADVICE: Partial<Record<Option['key'], string>> = {
  outputPath: 'name each place with an --output of its own',
  directory: 'name each place with an --output of its own',
  format: 'name each format with an --output of its own',
  interfaceName: 'one interface can be named, or any for all of them',
};

const NEGATIVE_NUMBER = /^-(0x)?[0-9]/i;

const OPTION_BY_NAME: ReadonlyMap<string, Option> = new Map(
  OPTIONS.flatMap((option) => option.flags.map((flag) => [stripDashes(flag), option] as const)),
);

/**
 * Takes the arguments apart: `[COMMAND] [FILE...] [OPTION...]` in any order.
 *
 * An option has one dash or two, and its value after `=` or in the next argument, which begins with a
 * dash only if it is `-` or a negative number; a switch alone is true, and the last of several counts.
 * `--` ends the options.
 * Nothing is thrown: what is wrong is in `mistakes`.
 *
 * @param argv the arguments alone, without runtime and script
 */
export function parseArguments(argv: readonly string[]): ParsedCommandLine {
  const reader: ArgumentReader = {
    argv,
    index: 0,
    operands: [],
    given: new Map(),
    mistakes: [],
  };
  while (reader.index < argv.length) {
    const argument = argv[reader.index];
    reader.index += 1;
    if (argument === '--') {
      reader.operands.push(...argv.slice(reader.index));
      break;
    }
    if (argument === '-' || !argument.startsWith('-')) {
      reader.operands.push(argument);
    } else {
      readOption(reader, argument);
    }
  }
  return finishCommandLine(reader);
}

function stripDashes(flag: string): string {
  return flag.replace(/^--?/, '');
}

/** `-name`, `--name`, either of them with `=value`. */
function splitOption(argument: string): { spelling: string; value: string | undefined } {
  const equalsIndex = argument.indexOf('=');
  return equalsIndex < 0
    ? { spelling: argument, value: undefined }
    : { spelling: argument.slice(0, equalsIndex), value: argument.slice(equalsIndex + 1) };
}

function readOption(reader: ArgumentReader, argument: string): void {
  const { spelling, value } = splitOption(argument);
  const option = OPTION_BY_NAME.get(stripDashes(spelling));
  if (option === undefined) {
    refuseUnknownOption(reader, spelling, value);
    return;
  }
  const taken = value ?? (option.placeholder === undefined ? 'true' : takeNext(reader));
  if (taken === undefined || taken === '') {
    const example = `${spelling}=${option.placeholder ?? 'true'}`;
    reader.mistakes.push(usageMistake(`Option ${spelling} needs a value, as in ${example}`));
    return;
  }
  const values = reader.given.get(option.key) ?? [];
  values.push({ value: taken, spelling });
  reader.given.set(option.key, values);
}

/** The next argument as a value, unless it looks like an option: then the value was forgotten. */
function takeNext(reader: ArgumentReader): string | undefined {
  const next = reader.argv[reader.index];
  const isValue =
    next !== undefined && (!next.startsWith('-') || next === '-' || NEGATIVE_NUMBER.test(next));
  if (!isValue) {
    return undefined;
  }
  reader.index += 1;
  return next;
}

function refuseUnknownOption(
  reader: ArgumentReader,
  spelling: string,
  value: string | undefined,
): void {
  const name = findNearestName(stripDashes(spelling), [...OPTION_BY_NAME.keys()]);
  const nearest = name === undefined ? undefined : OPTION_BY_NAME.get(name);
  const flag = nearest?.flags.find((candidate) => stripDashes(candidate) === name);
  reader.mistakes.push(
    usageMistake(`Unknown option ${quoteValue(spelling)}${describeNearestName(flag)}`),
  );
  // What was meant takes a value: left where it is, that would be one more mistake, an operand.
  if (value === undefined && nearest?.placeholder !== undefined) {
    takeNext(reader);
  }
}

function finishCommandLine(reader: ArgumentReader): ParsedCommandLine {
  const { given, operands } = reader;
  const word = WORDS.find((name) => name === operands[0]);
  // `help replay` is `replay -h`.
  const [name, ...files] = word === 'help' ? operands.slice(1) : operands;
  const command = COMMAND_NAMES.find((known) => known === name);
  // Of words there is no help but the list that names them.
  const isKnownWord = word === 'version' || (word === 'help' && WORDS.includes(name ?? ''));
  const isUnknown = name !== undefined && command === undefined && !isKnownWord;
  const extra = word === undefined ? [] : files;
  const mistakes = [
    ...reader.mistakes,
    ...checkRepetitions(given),
    ...refuseArguments(word, extra),
  ];
  if (isUnknown) {
    mistakes.push(describeUnknownCommand(name));
  } else if (word === undefined) {
    mistakes.push(...checkFiles(command ?? 'run', files), ...checkOptions(command ?? 'run', given));
  }
  return {
    command: command ?? 'run',
    files,
    given,
    configurationFile: given.get('configurationFile')?.at(-1)?.value,
    isHelp: given.has('help') || word === 'help',
    isHelpLong:
      given.get('help')?.some(({ spelling }) => stripDashes(spelling) === 'help') ?? false,
    isCommandNamed: command !== undefined,
    isVersion: given.has('version') || word === 'version',
    isRefused: isUnknown || extra.length > 0,
    mistakes,
  };
}

/** Of several values of one option all but the last would be lost; a switch is taken back that way. */
function checkRepetitions(given: ParsedCommandLine['given']): Mistake[] {
  return OPTIONS.flatMap(({ key, flags, placeholder, isRepeatable }) => {
    const values = [...new Set((given.get(key) ?? []).map(({ value }) => value))];
    if (placeholder === undefined || isRepeatable === true || values.length < 2) {
      return [];
    }
    const quoted = values.map(quoteValue);
    const all = `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`;
    const advice = LISTS.includes(key)
      ? `one list holds them all, as in ${flags[0]} ${values.join(',')}`
      : (ADVICE[key] ?? 'give it once');
    return [usageMistake(`Option ${flags[0]} is given with several values, ${all}: ${advice}`)];
  });
}

/** A path in the place of the command is most likely a capture to replay. */
function describeUnknownCommand(word: string): Mistake {
  const names = [...COMMAND_NAMES, ...WORDS];
  const nearest = /[./]/.test(word) ? `replay ${word}` : findNearestName(word, names);
  const allowed = `commands are ${names.join(', ')}`;
  return usageMistake(
    `Unknown command ${quoteValue(word)}${describeNearestName(nearest)}; ${allowed}`,
  );
}

function checkFiles(command: CommandName, files: readonly string[]): Mistake[] {
  if (command !== 'replay') {
    return refuseArguments(command, files);
  }
  if (files.length === 0) {
    return [usageMistake('Command replay needs at least one FILE, - is standard input')];
  }
  return files
    .filter((file, index) => file === '' || (file === '-' && files.indexOf('-') < index))
    .map((file) => valueMistake('FILE', file, 'arguments', 'a path, or - once'));
}

function refuseArguments(command: string | undefined, files: readonly string[]): Mistake[] {
  return files.map((file) =>
    usageMistake(`Command ${command} takes no argument ${quoteValue(file)}`),
  );
}

function checkOptions(command: CommandName, given: ParsedCommandLine['given']): Mistake[] {
  const refused = OPTIONS.filter(
    ({ key, commands }) => given.has(key) && !commands.includes(command),
  );
  return refused.map(({ key, commands }) => {
    const spelling = given.get(key)?.[0].spelling;
    return usageMistake(
      `Option ${spelling} is not for httplog ${command}, only for ${commands.join(', ')}`,
    );
  });
}
