import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import {
  findConfigurationFile,
  parseConfigurationText,
  readConfigurationFile,
} from '../../src/config/configuration-file.ts';
import { CONFIGURATION_FILE_BYTES_MAX } from '../../src/config/limits.ts';

const NOBODY = 65534;
const modulePath = fileURLToPath(
  new URL('../../src/config/configuration-file.ts', import.meta.url),
);
const directory = mkdtempSync(join(tmpdir(), 'httplog-file-'));

afterAll(() => rmSync(directory, { recursive: true }));

/** The value of HTTPLOG_X, or the one mistake, of a line. */
function readLine(line: string): string | undefined {
  const { entries, mistakes } = parseConfigurationText(line, 'file');
  return mistakes[0]?.message ?? entries.get('HTTPLOG_X')?.value;
}

describe('a line', () => {
  test.each([
    ['HTTPLOG_X=80', '80'],
    ['  HTTPLOG_X=80  ', '80'],
    ['export HTTPLOG_X=80', '80'],
    ['export \t HTTPLOG_X=80', '80'],
    ['HTTPLOG_X=', ''],
    ["HTTPLOG_X=''", ''],
    ["HTTPLOG_X='tcp port 80'", 'tcp port 80'],
    ['HTTPLOG_X="tcp port 80"', 'tcp port 80'],
    ['HTTPLOG_X=a"b c"\'d e\'f', 'ab cd ef'],
    ['HTTPLOG_X="a\\"b\\\\c\\$d\\`e\\n"', 'a"b\\c$d`e\\n'],
    ["HTTPLOG_X='a\\b$c`d'", 'a\\b$c`d'],
    [String.raw`HTTPLOG_X=a\ b\$`, 'a b$'],
    ['HTTPLOG_X=80 # comment', '80'],
    ['HTTPLOG_X=80\t#comment', '80'],
    ['HTTPLOG_X="80" #', '80'],
    ['HTTPLOG_X=a#b', 'a#b'],
    ['HTTPLOG_X=a=b', 'a=b'],
    ['HTTPLOG_X=80\r', '80'],
    ['HTTPLOG_X=*.log', '*.log'],
    ['\ufeffHTTPLOG_X=80', '80'],
  ])('%j gives %j', (line, value) => {
    expect(readLine(line)).toBe(value);
  });

  test.each([
    ['HTTPLOG_X =80', 'file line 1 is not of the form KEY=value, without spaces at the ='],
    ['HTTPLOG_X= 80', 'file line 1: HTTPLOG_X has a space in its value: put the value in quotes'],
    ['HTTPLOG_X=a b', 'file line 1: HTTPLOG_X has a space in its value: put the value in quotes'],
    ['HTTPLOG_X=a;b', 'file line 1: HTTPLOG_X has a ; in its value: put the value in quotes'],
    ['HTTPLOG_X=a&', 'file line 1: HTTPLOG_X has a & in its value: put the value in quotes'],
    ["HTTPLOG_X='a", "file line 1: HTTPLOG_X has a ' without an end on the same line"],
    ['HTTPLOG_X="a', 'file line 1: HTTPLOG_X has a " without an end on the same line'],
    ['HTTPLOG_X="a\\"', 'file line 1: HTTPLOG_X has a " without an end on the same line'],
    [
      'HTTPLOG_X=a\\',
      'file line 1: HTTPLOG_X ends with a backslash, and lines cannot be continued',
    ],
    ['nonsense', 'file line 1 is not of the form KEY=value, without spaces at the ='],
    ['. /etc/other', 'file line 1 is not of the form KEY=value, without spaces at the ='],
    ['1X=2', 'file line 1 is not of the form KEY=value, without spaces at the ='],
  ])('%j is a mistake', (line, message) => {
    expect(readLine(line)).toBe(message);
  });

  test.each(['$HOME/log', '"$HOME/log"', 'a`date`', '"`date`"', '$(date)'])(
    'that would be expanded by a shell is a mistake: %s',
    (value) => {
      expect(readLine(`HTTPLOG_X=${value}`)).toBe(
        'file line 1: HTTPLOG_X holds a $ or a `, and nothing is expanded here: ' +
          'put it in single quotes',
      );
    },
  );

  test('that begins with ~ is a mistake, unless it is quoted', () => {
    expect(readLine('HTTPLOG_X=~/log')).toMatch(/begins with ~, and nothing is expanded here/);
    expect(readLine("HTTPLOG_X='~/log'")).toBe('~/log');
  });
});

describe('a text', () => {
  test('is read line by line, with line numbers, and the last line of a key counts', () => {
    const text = '# one\n\nHTTPLOG_A=1\r\nexport HTTPLOG_A HTTPLOG_B\nHTTPLOG_B=2\nHTTPLOG_A=3\n';
    const { entries, mistakes } = parseConfigurationText(text, 'file');
    expect(mistakes).toEqual([]);
    expect(Object.fromEntries(entries)).toEqual({
      HTTPLOG_A: { value: '3', lineNumber: 6 },
      HTTPLOG_B: { value: '2', lineNumber: 5 },
    });
  });

  test('may hold the keys of others, whatever their values', () => {
    const { entries, mistakes } = parseConfigurationText(
      'PATH=$PATH:/x\n__proto__=1\nconstructor=2\nHTTPLOG=3\nhttplog_port=4\n',
      'file',
    );
    expect(mistakes).toEqual([]);
    expect(entries.size).toBe(0);
  });

  test('tells all its mistakes', () => {
    const { mistakes } = parseConfigurationText('a\nHTTPLOG_A=$B\nHTTPLOG_C=1\n:', 'file');
    expect(mistakes.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^file line 1 /),
      expect.stringMatching(/^file line 2: HTTPLOG_A /),
      expect.stringMatching(/^file line 4 /),
    ]);
  });
});

describe('a file', () => {
  test('that is not there has exit code 3', () => {
    const { mistakes } = readConfigurationFile(join(directory, 'none'), 'none');
    expect(mistakes).toEqual([{ message: 'Configuration file none is not there', exitCode: 3 }]);
  });

  test('that is a directory is a mistake', () => {
    const { mistakes } = readConfigurationFile(directory, 'here');
    expect(mistakes).toEqual([
      { message: 'Configuration file here cannot be read (EISDIR)', exitCode: 2 },
    ]);
  });

  test('that must not be read has exit code 4', () => {
    const path = join(directory, 'secret');
    writeFileSync(path, '', { mode: 0 });
    chmodSync(directory, 0o755);
    const script = `import { readConfigurationFile } from '${modulePath}';
      process.stdout.write(JSON.stringify(readConfigurationFile('${path}', 'secret').mistakes));`;
    const argv = ['--input-type=module-typescript', '-e', script];
    const user = process.getuid?.() === 0 ? { uid: NOBODY } : {};
    const text = execFileSync(process.execPath, argv, { ...user, encoding: 'utf8' });
    expect(JSON.parse(text)).toEqual([
      { message: 'Configuration file secret must not be read (EACCES)', exitCode: 4 },
    ]);
  });

  test('of 1 MiB is read, and one byte more is a mistake', () => {
    const path = join(directory, 'large');
    const line = 'HTTPLOG_X=1\n#';
    writeFileSync(path, line.padEnd(CONFIGURATION_FILE_BYTES_MAX, 'x'));
    expect(readConfigurationFile(path, 'large').entries.size).toBe(1);
    writeFileSync(path, line.padEnd(CONFIGURATION_FILE_BYTES_MAX + 1, 'x'));
    expect(readConfigurationFile(path, 'large').mistakes[0].message).toMatch(/is too large/);
  });

  test('without an end is given up', () => {
    expect(readConfigurationFile('/dev/zero', 'zero').mistakes[0].message).toMatch(/too large/);
  });
});

describe('the search', () => {
  const systemFile = join(directory, 'system');
  const working = join(directory, 'working');
  const none = { command: 'run' as const };
  mkdirSync(working);
  writeFileSync(join(working, 'httplog.conf'), 'HTTPLOG_X=local');
  writeFileSync(join(working, 'named.conf'), 'HTTPLOG_X=named');

  function findValue(configurationFile: string | undefined): [string, string | undefined] {
    const commandLine = { command: 'run' as const, configurationFile };
    const search = { commandLine, directory: working, systemFile };
    const file = findConfigurationFile(search);
    return [file.name, file.entries.get('HTTPLOG_X')?.value];
  }

  test('takes the named file, else the system file, else the local file', () => {
    expect(findValue(undefined)).toEqual(['./httplog.conf', 'local']);
    writeFileSync(systemFile, 'HTTPLOG_X=system');
    expect(findValue(undefined)).toEqual([systemFile, 'system']);
    expect(findValue('named.conf')).toEqual(['named.conf', 'named']);
    expect(findValue(join(working, 'named.conf'))).toEqual([join(working, 'named.conf'), 'named']);
  });

  test('finds nothing without a word where there is no file', () => {
    const missing = join(directory, 'none');
    const file = findConfigurationFile({
      commandLine: none,
      directory: missing,
      systemFile: missing,
    });
    expect(file.entries.size).toBe(0);
    expect(file.mistakes).toEqual([]);
  });

  test('does not take another file for a named one that is not there', () => {
    const commandLine = { command: 'run' as const, configurationFile: 'gone' };
    const search = { commandLine, directory: working, systemFile };
    const file = findConfigurationFile(search);
    expect(file.entries.size).toBe(0);
    expect(file.mistakes).toEqual([
      {
        message:
          'Option --config cannot be "gone" (from option --config), ' +
          'allowed is the path of a file that is there',
        exitCode: 3,
      },
    ]);
  });
});
