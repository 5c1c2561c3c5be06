import { describe, expect, test } from 'vitest';
import { renderHelp } from '../../src/cli/help.ts';
import { COMMAND_NAMES } from '../../src/config/command-names.ts';
import { OPTIONS } from '../../src/config/option-table.ts';

/** Without the line breaks, so that sentences can be looked for. */
function unwrap(text: string): string {
  return text.replace(/\s+/g, ' ');
}

describe('the general help', () => {
  const help = unwrap(renderHelp());

  test.each(OPTIONS.map((option) => [option.flags[0], option] as const))(
    'has %s with description, default, unit and environment variable',
    (_, { flags, placeholder, description, unit, environment, unset, default: value = unset }) => {
      expect(help).toContain(`${[flags.join(', '), placeholder ?? ''].join(' ').trim()} `);
      expect(help).toContain(description);
      for (const fact of [value && `default: ${value}`, unit && `unit: ${unit}`, environment]) {
        expect(help).toContain(fact ?? '');
      }
    },
  );

  test('has every command, examples and exit codes', () => {
    for (const name of COMMAND_NAMES) {
      expect(help).toMatch(new RegExp(` ${name} [A-Z]`));
    }
    expect(help).toContain('Examples: sudo httplog ');
    expect(help).toMatch(/Exit codes: 0 .* 1 .* 2 .* 3 .* 4 /);
  });
});

describe.each(COMMAND_NAMES)('the help of %s', (command) => {
  const help = renderHelp(command);

  test('has usage, the options that the command takes, and no others', () => {
    expect(help).toContain(`Usage:\n  httplog ${command === 'run' ? '[run]' : command}`);
    for (const { flags, placeholder, commands } of OPTIONS) {
      const column = `\n  ${flags.join(', ')}${placeholder === undefined ? '' : ` ${placeholder}`} `;
      expect(help.includes(column)).toBe(commands.includes(command));
    }
  });
});

test.each([undefined, ...COMMAND_NAMES])('lines are at most 100 columns: %s', (command) => {
  const lines = renderHelp(command).split('\n');
  expect(lines.filter((line) => line.length > 100 || line !== line.trimEnd())).toEqual([]);
  expect(lines.at(-1)).toBe('');
});
