import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { renderHelp } from '../../src/cli/help.ts';
import { ERRANDS, renderShortHelp } from '../../src/cli/short-help.ts';
import { COMMAND_NAMES } from '../../src/config/command-names.ts';
import { loadConfiguration } from '../../src/config/configuration.ts';
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

describe('the short help', () => {
  const lines = renderShortHelp().split('\n');

  test('fits a screen of 80 columns and 24 lines, with the prompt behind it', () => {
    expect(lines.filter((line) => line.length > 80 || line !== line.trimEnd())).toEqual([]);
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(lines.at(-1)).toBe('');
  });

  test('names ten things, and where all is told', () => {
    expect(ERRANDS).toHaveLength(10);
    expect(lines.join('\n')).toContain('All options: httplog --help');
  });

  test.each(ERRANDS)('%s is what httplog takes', (line) => {
    const argv = line
      .replace(/^(sudo )?httplog ?/, '')
      .split(' ')
      .filter(Boolean);
    const commandLine = parseArguments(argv);
    const environment = {};
    const input = { commandLine, environment, directory: '/', systemFile: '/no/such/file' };
    expect(loadConfiguration(input)).toMatchObject({ warnings: [] });
  });

  test.each([
    [['-h'], false],
    [['--h'], false],
    [['help'], false],
    [['--help'], true],
    [['-help'], true],
    [['-h', '--help'], true],
  ])('is what %j gives, but where it is long: %s', (argv, isHelpLong) => {
    expect(parseArguments(argv)).toMatchObject({ isHelp: true, isHelpLong });
  });
});
