import type { CommandName } from '../config/command-names.ts';
import { OPTION_GROUPS, OPTIONS, type Option } from '../config/option-table.ts';
import { COMMANDS, type Command, findCommand } from './command-table.ts';
import { alignColumns } from './text-table.ts';

/** Columns of help: a terminal's classic width with some room, so that it is never wrapped badly. */
const HELP_COLUMNS = 96;

export const HELP_TITLE = 'httplog writes down every HTTP/1.x message that a network card sees.';

/** How values are written, a sentence or two each. */
export const VALUE_RULES = [
  'One dash or two, and = or a space before the value, are the same: -p 80, --p=80.',
  'A switch alone is true; -log_split=false takes it back.',
  'Any other option is given once, unless it can be repeated.',
  'Numbers are decimal or 0x. -- ends the options.',
  'An option counts before its environment variable, that before the configuration file.',
];

export const EXIT_CODES = [
  ['0', 'done, or stopped by SIGTERM or SIGINT'],
  ['1', 'something failed while running'],
  ['2', 'wrong usage or configuration; every mistake is told at once'],
  ['3', 'an interface or a file that was named is not there'],
  ['4', 'a permission is missing'],
];

/** The text of `httplog --help`, or of `httplog COMMAND -h`. Ends with a line feed. */
export function renderHelp(name?: CommandName): string {
  const sections = name === undefined ? renderGeneralHelp() : renderCommandHelp(findCommand(name));
  return `${sections.join('\n\n')}\n`;
}

function renderGeneralHelp(): string[] {
  return [
    HELP_TITLE,
    renderSection(
      'Usage',
      COMMANDS.map(({ usage }) => `httplog ${usage}`),
    ),
    renderSection('Commands', alignColumns(COMMANDS.map(({ name, summary }) => [name, summary]))),
    ...renderOptions(OPTIONS),
    renderSection('Values', VALUE_RULES),
    renderSection('Examples', renderExamples(COMMANDS)),
    renderSection('Exit codes', alignColumns(EXIT_CODES)),
    'httplog COMMAND -h, or httplog help COMMAND, tells more about one command.',
  ];
}

function renderCommandHelp(command: Command): string[] {
  const options = OPTIONS.filter(({ commands }) => commands.includes(command.name));
  return [
    `httplog ${command.name}: ${command.summary}`,
    renderSection('Usage', [`httplog ${command.usage}`]),
    command.description.join('\n'),
    ...renderOptions(options),
    renderSection('Examples', renderExamples([command])),
  ];
}

function renderSection(title: string, lines: readonly string[]): string {
  return [`${title}:`, ...lines.map((line) => (line === '' ? '' : `  ${line}`))].join('\n');
}

function renderExamples(commands: readonly Command[]): string[] {
  return alignColumns(commands.flatMap(({ examples }) => examples));
}

function renderOptions(options: readonly Option[]): string[] {
  const width = Math.max(...OPTIONS.map((option) => renderFlags(option).length)) + 2;
  const groups = OPTION_GROUPS.map((group) => ({
    group,
    members: options.filter((option) => option.group === group),
  }));
  return groups
    .filter(({ members }) => members.length > 0)
    .map(({ group, members }) =>
      renderSection(
        group,
        members.flatMap((option) => renderOption(option, width)),
      ),
    );
}

/** `-s BYTES` in the first column, the sentence and the facts wrapped beside it. */
function renderOption(option: Option, width: number): string[] {
  const facts = describeFacts(option);
  const text = facts === '' ? option.description : `${option.description} [${facts}]`;
  const lines = wrapWords(text, HELP_COLUMNS - 2 - width);
  return lines.map(
    (line, index) => `${(index === 0 ? renderFlags(option) : '').padEnd(width)}${line}`,
  );
}

function renderFlags({ flags, placeholder }: Option): string {
  const names = flags.join(', ');
  return placeholder === undefined ? names : `${names} ${placeholder}`;
}

/** Default, unit and environment variable, as far as the option has them. */
function describeFacts(option: Option): string {
  const value = option.default ?? option.unset;
  const facts = [
    value === undefined ? '' : `default: ${value}`,
    option.unit === undefined ? '' : `unit: ${option.unit}`,
    option.environment ?? '',
  ];
  return facts.filter((fact) => fact !== '').join('; ');
}

function wrapWords(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
