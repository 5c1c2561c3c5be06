import { COMMANDS } from '../src/cli/command-table.ts';
import { EXIT_CODES, VALUE_RULES } from '../src/cli/help.ts';
import { findSpelling } from '../src/config/option-spellings.ts';
import { OPTION_GROUPS, OPTIONS, type Option } from '../src/config/option-table.ts';
import { renderTable } from './markdown-table.ts';

/** docs/options.md, made from the tables of commands and options. */
export function renderOptionsPage(): string {
  const sections = [
    '# Commands and options',
    'Made from the tables of commands and options by `node scripts/generate-conf.ts`.',
    renderTable(
      ['command', ''],
      COMMANDS.map(({ usage, summary }) => [`\`httplog ${usage}\``, summary]),
    ),
    VALUE_RULES.join('\n'),
    '`httplog check-config` prints what holds and where it came from.',
    ...OPTION_GROUPS.map(renderGroup),
    '## Exit codes',
    renderTable(['code', ''], EXIT_CODES),
  ];
  return `${sections.join('\n\n')}\n`;
}

function renderGroup(group: (typeof OPTION_GROUPS)[number]): string {
  const rows = OPTIONS.filter((option) => option.group === group).map((option) => [
    renderFlags(option),
    option.default ?? option.unset ?? '',
    renderMeaning(option),
    option.environment === undefined ? '' : `\`${option.environment}\``,
  ]);
  const table = renderTable(['option', 'default', '', 'environment, file'], rows);
  return `## ${group}\n\n${table}`;
}

function renderFlags({ flags, placeholder }: Option): string {
  const value = placeholder === undefined ? '' : ` ${placeholder}`;
  return flags.map((flag) => `\`${flag}${value}\``).join(', ');
}

function renderMeaning({ description, unit, environment, placeholder, spelling }: Option): string {
  const unitText = unit === undefined ? '' : ` (${unit})`;
  const isPlain = environment === undefined || placeholder === undefined;
  return `${description}${unitText}.${isPlain ? '' : ` Allowed: ${findSpelling(spelling).allowed}.`}`;
}
