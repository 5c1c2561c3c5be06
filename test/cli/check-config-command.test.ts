import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { runCheckConfigCommand } from '../../src/cli/check-config-command.ts';
import { SETTING_OPTIONS } from '../../src/config/option-table.ts';

const directory = mkdtempSync(join(tmpdir(), 'httplog-check-'));
const systemFile = join(directory, 'none');

afterAll(() => rmSync(directory, { recursive: true }));

function check(argv: string[], environment: Record<string, string> = {}) {
  let text = '';
  const commandLine = parseArguments(['check-config', ...argv]);
  const exitCode = runCheckConfigCommand(
    { commandLine, environment, directory, systemFile },
    (part) => {
      text += part;
    },
  );
  return { exitCode, lines: text.trimEnd().split('\n') };
}

test('every option is printed with its value, unit and origin, one column below the other', () => {
  writeFileSync(join(directory, 'httplog.conf'), 'HTTPLOG_LOCAL="10.0.0.1 ::1"\nHTTPLOG_PRT=1\n');
  const { exitCode, lines } = check(['-p', '443,80-81', '-log_split'], { HTTPLOG_SNAPLEN: '0' });
  expect(exitCode).toBe(0);
  expect(lines).toHaveLength(1 + SETTING_OPTIONS.length + 2);
  expect(lines[0]).toMatch(/^OPTION +VALUE +UNIT +FROM$/);
  expect(lines).toContainEqual(expect.stringMatching(/^-i +\(the interface of .*\) +default$/));
  expect(lines).toContainEqual(expect.stringMatching(/^-p +80-81,443 +option -p$/));
  expect(lines).toContainEqual(
    expect.stringMatching(/^-s +65535 +bytes +environment HTTPLOG_SNAPLEN$/),
  );
  expect(lines).toContainEqual(
    expect.stringMatching(/^--local +10\.0\.0\.1,::1 +\.\/httplog\.conf line 1$/),
  );
  expect(lines).toContainEqual(expect.stringMatching(/^-log_split +true +option -log_split$/));
  expect(lines.at(-2)).toBe(`Note: Configuration file ./httplog.conf was read in ${directory}`);
  expect(lines.at(-1)).toBe(
    'Warning: Unknown option HTTPLOG_PRT (from ./httplog.conf line 2), did you mean HTTPLOG_PORT',
  );
  const column = lines[0].indexOf('FROM');
  for (const line of lines.slice(1, -2)) {
    expect(line.slice(0, column)).toMatch(/ {2}$/);
    expect(line[column]).toMatch(/\S/);
  }
});

test('control characters of a value are not printed as they are', () => {
  const { lines } = check([], { HTTPLOG_FILTER: 'a\x1b[2J' });
  expect(lines).toContainEqual(expect.stringContaining(String.raw`"a\u001b[2J"`));
});

test('mistakes are thrown all at once with exit code 2, and nothing is printed', () => {
  expect(() => check(['-p', 'x', '-b', '0'])).toThrow(
    expect.objectContaining({
      exitCode: 2,
      message: expect.stringMatching(/^Option -p cannot be "x".*\nOption -b cannot be "0".*$/),
    }),
  );
});
