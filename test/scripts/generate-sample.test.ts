import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { loadConfiguration } from '../../src/config/configuration.ts';
import { parseConfigurationText } from '../../src/config/configuration-file.ts';
import { findSpelling } from '../../src/config/option-spellings.ts';
import { SETTING_OPTIONS } from '../../src/config/option-table.ts';

const samplePath = fileURLToPath(new URL('../../conf/httplog.conf', import.meta.url));
const sample = readFileSync(samplePath, 'utf8');
/** Long sentences go on in lines that begin with two spaces more. */
const unwrapped = sample.replace(/\n# {3}/g, ' ');
const directory = mkdtempSync(join(tmpdir(), 'httplog-sample-'));

afterAll(() => rmSync(directory, { recursive: true }));

function loadText(text: string) {
  const path = join(directory, 'httplog.conf');
  writeFileSync(path, text);
  const commandLine = parseArguments(['--config', path]);
  return loadConfiguration({ commandLine, environment: {}, directory });
}

test('it documents every option with flag, description, unit, default and name', () => {
  for (const { flags, description, unit, default: value = '', environment } of SETTING_OPTIONS) {
    expect(unwrapped).toContain(`# ${description}.\n# Option ${flags[0]}. `);
    expect(sample).toContain(`\n#${environment}=${value}\n`);
    if (unit !== undefined) {
      expect(unwrapped).toContain(`# Option ${flags[0]}. Unit: ${unit}. Allowed: `);
    }
  }
});

test('it says of every option what is allowed', () => {
  for (const { flags, unit, spelling } of SETTING_OPTIONS) {
    const start = `# Option ${flags[0]}. ${unit === undefined ? '' : `Unit: ${unit}. `}`;
    expect(unwrapped).toContain(`${start}Allowed: ${findSpelling(spelling).allowed}.\n# Default: `);
  }
});

test('its lines are no longer than 100 characters', () => {
  expect(sample.split('\n').filter((line) => line.length > 100)).toEqual([]);
});

test('as it is it sets nothing', () => {
  const { entries, mistakes } = parseConfigurationText(sample, 'sample');
  expect(entries.size).toBe(0);
  expect(mistakes).toEqual([]);
  expect(loadText(sample).warnings).toEqual([]);
});

test('with every line uncommented it sets every option to its default', () => {
  const uncommented = sample.replace(/^#(HTTPLOG_[A-Z_]+=)/gm, '$1');
  const { entries } = parseConfigurationText(uncommented, 'sample');
  expect([...entries.keys()]).toEqual(
    expect.arrayContaining(SETTING_OPTIONS.map(({ environment }) => environment)),
  );
  expect(entries.size).toBe(SETTING_OPTIONS.length);
  const { settings, warnings } = loadText(uncommented);
  expect(settings).toEqual(loadText('').settings);
  expect(warnings).toEqual([]);
});
