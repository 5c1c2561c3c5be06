import { findSpelling } from '../src/config/option-spellings.ts';
import { OPTION_GROUPS, SETTING_OPTIONS, type SettingOption } from '../src/config/option-table.ts';

const LINE_COLUMNS = 100;

const HEADER = `\
# Configuration of httplog: copy to /etc/sysconfig/httplog, or to httplog.conf in the directory that
# httplog is started from, and take the # from the lines to change.
#
# Lines are shell KEY=value. Quote a value that holds a space; nothing is expanded, and an empty
# value is as good as none. An option of the command line counts before the environment variable of
# the name given here, and that before this file. "httplog check-config" tells what holds, and why.
`;

/** The text of conf/httplog.conf: every option as a comment that sets it to its default. */
export function renderConfigurationFile(): string {
  const sections = OPTION_GROUPS.map((group) =>
    SETTING_OPTIONS.filter((option) => option.group === group).map(renderEntry),
  );
  const titled = sections.flatMap((entries, index) =>
    entries.length === 0 ? [] : [`## ${OPTION_GROUPS[index]}\n`, ...entries],
  );
  return [HEADER, ...titled].join('\n');
}

function renderEntry(option: SettingOption): string {
  const { allowed } = findSpelling(option.spelling);
  const unit = option.unit === undefined ? '' : `Unit: ${option.unit}. `;
  const value = option.default ?? '';
  const lines = [
    ...renderComment(`${option.description}.`),
    ...renderComment(`Option ${option.flags[0]}. ${unit}Allowed: ${allowed}.`),
    ...renderComment(`Default: ${option.default ?? `not set: ${option.unset}`}.`),
    `#${option.environment}=${value}`,
  ];
  return `${lines.join('\n')}\n`;
}

function renderComment(sentence: string): string[] {
  const lines: string[] = [];
  let line = '#';
  for (const word of sentence.split(' ')) {
    if (line.length + 1 + word.length > LINE_COLUMNS) {
      lines.push(line);
      line = '#  ';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
