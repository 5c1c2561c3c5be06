import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeError, exitCodeOf } from '../../src/cli/describe-error.ts';
import { runCommandLine } from '../../src/cli/main.ts';
import { DURATION_ALLOWED } from '../../src/config/duration-spellings.ts';
import { FORMATS_ALLOWED, OUTPUTS_ALLOWED } from '../../src/config/output-spellings.ts';
import { missingTool, titleWithReason } from '../live/requirements.ts';
import { runReplay, SHOP } from './command-records-capture.ts';
import { folder, isRoot, runAsNobody, writeTemporary } from './run-replay.ts';

/** What an operator reads who has written something that cannot be. */

const HELP = 'Run httplog replay -h for what is allowed';
const DOCUMENT = 'See docs/filters-and-redaction.md for what is allowed';
const capture = join(folder, SHOP);
const noUser = isRoot ? missingTool('setpriv') : undefined;

function pathOf(name: string, text: string): string {
  return join(folder, writeTemporary(name, Buffer.from(text)));
}

/** The command in this process: what it would print on standard error, and its exit code. */
async function failure(...args: string[]) {
  const fixed = ['replay', capture, '--config', '/dev/null'];
  try {
    await runCommandLine([...fixed, ...args]);
  } catch (error) {
    return { stderr: describeError(error), exitCode: exitCodeOf(error) };
  }
  throw new Error('the command did what it was told');
}

const written = (message: string, hint: string) => `httplog: ${message}\n  ${hint}\n`;

const ALLOWED: readonly (readonly [flag: string, value: string, reason: string])[] = [
  ['--format', 'nonsense', `allowed is ${FORMATS_ALLOWED}`],
  ['--format', 'template', "it needs its text, as in template:'{time} {method} {path} {status}'"],
  ['--format', 'jsn', `allowed is ${FORMATS_ALLOWED}, did you mean json`],
  ['--format', 'template:x', 'its template names no field: each line would be the same'],
  ['--format', 'template:{p', 'its template has a { that is not closed, at "{p"; {{ is one'],
  [
    '--format',
    'template:{time} {pth}',
    'its template has no field "pth", at character 8, did you mean path',
  ],
  ['--records', 'both', 'allowed is messages or exchanges'],
  ['--output', 'json', '"json" has no key, did you mean format=json'],
  ['--output', 'fromat=json', 'it has no key "fromat", did you mean format'],
  ['--output', 'file=a', `allowed is ${OUTPUTS_ALLOWED}`],
  [
    '--output',
    'format=jsn,path=a',
    `its format cannot be "jsn", allowed is ${FORMATS_ALLOWED}, did you mean json`,
  ],
  ['--output', 'path=a,path=b', 'it has path twice: outputs stand apart by a space'],
  ['--output', 'format=json,sqlite=a', 'it has sqlite, which takes the place of format and path'],
  [
    '--output',
    "path=o'brien",
    'it has a quote without its end: a value that has one goes into the others',
  ],
  [
    '--header',
    'X-A=',
    'allowed is up to 32 names of letters, digits, -, _ and . as in Accept,X-Tenant',
  ],
  ['--include-path', '(', 'it is no regular expression of RE2: missing closing )'],
  [
    '--include-path',
    'a{2,1}b',
    'it is no regular expression of RE2: invalid repeat count, {2,1} at character 2',
  ],
  [
    '--exclude-path',
    '!/(?=a)',
    'it is no regular expression of RE2: invalid or unsupported Perl syntax, (?= at character 2 (RE2 has neither look-around nor back references)',
  ],
  ['--method', 'GE T', 'allowed is up to 256 methods as in GET,POST or !OPTIONS,!HEAD'],
  ['--status', '99', 'allowed is up to 256 status codes as in 404,500-599, 5xx or !200'],
  ['--status', '599-500', 'allowed is up to 256 status codes as in 404,500-599, 5xx or !200'],
  [
    '--host',
    '*.',
    'allowed is up to 256 hosts as in example.com,*.example.org,[::1]:8080 or !example.net',
  ],
  [
    '--client',
    '10.0.0.300',
    'allowed is up to 256 addresses or networks as in 10.0.0.1,fd00::/8 or !10.1.0.0/16',
  ],
  [
    '--server',
    'fd00::/129',
    'allowed is up to 256 addresses or networks as in 10.0.0.1,fd00::/8 or !10.1.0.0/16',
  ],
  [
    '--header-filter',
    'a b',
    'allowed is a field name, or NAME=VALUE, of letters, digits, -, _ and . in the name; ! negates',
  ],
  ['--slower-than', 'long', `allowed is ${DURATION_ALLOWED}`],
  ['--timezone', 'Berlin', 'there is no such zone, did you mean Europe/Berlin'],
  ['--timezone', 'Asia/Soul', 'there is no such zone, did you mean Asia/Seoul'],
  ['--color', 'alwas', 'allowed is auto, always or never, did you mean always'],
  ['-p', '80,https', 'https is encrypted: name the port behind the proxy that ends TLS'],
  ['--sample', '0', 'allowed is a whole number from 1 to 4294967295'],
  ...['--header-mode', '--query-mode', '--cookie-mode'].map(
    (flag) =>
      [
        flag,
        'token=hide',
        'allowed is keep, drop or redact, then NAME=keep|drop|redact for single names, with commas',
      ] as const,
  ),
  [
    '--redact',
    'email,e-mail',
    'allowed is a list of email, credit_card, jwt, bearer, ip_v4, ssn, phone; for "e-mail", did you mean email',
  ],
  ['--anonymize-ip', 'drop', 'allowed is truncate, or hash: and the path of a key file'],
  ['--anonymize-ip', 'hash:', 'allowed is truncate, or hash: and the path of a key file'],
];

describe('a value that is not allowed is told in one sentence, exit code 2', () => {
  test.each(ALLOWED)('%s %s', async (flag, value, reason) => {
    const message = `Option ${flag} cannot be ${JSON.stringify(value)} (from option ${flag}), ${reason}`;
    expect(await failure(flag, value)).toEqual({ stderr: written(message, HELP), exitCode: 2 });
  });

  test('a field that a template names and nobody knows, with those that there are', async () => {
    const { stderr, exitCode } = await failure('--format', "template:'{time} {nothing}'");
    expect(stderr).toMatch(
      /^httplog: Option --format cannot be "template:'\{time\} \{nothing\}'" \(from option --format\), its template has no field "nothing", at character 8: there are time, .*, path, .* and response\.header\.NAME\n {2}Run .*\n$/,
    );
    expect(exitCode).toBe(2);
  });

  test('several are told at once, each on a line', async () => {
    const { stderr, exitCode } = await failure(
      '--format=x',
      '--status=y',
      '--redact=z',
      '--output=o',
    );
    expect(stderr.split('\n').map((line) => /--[a-z]+/.exec(line)?.[0])).toEqual([
      ...['--format', '--output', '--status', '--redact', undefined, undefined],
    ]);
    expect(exitCode).toBe(2);
  });
});

describe('what contradicts itself is told before anything is written, exit code 2', () => {
  const sameHint = 'Give each --output a path of its own, or daily files of different formats';
  const recordsHint = 'Leave --records out for it, or choose json, which has both';

  test.each([
    [['--records=exchanges'], 'Format text has lines of messages, not of exchanges', recordsHint],
    [
      ['--output=format=audit,records=messages,path=-'],
      'Format audit has lines of exchanges, not of messages',
      recordsHint,
    ],
    [['--output=path=-', '--output=path=-'], 'Two outputs write to standard output', sameHint],
    [
      [`--output=path=${folder}/same,format=json`, `--output=sqlite=${folder}/./same`],
      `Two outputs write to ${folder}/same`,
      sameHint,
    ],
  ])('%j', async (args, message, hint) => {
    expect(await failure(...args)).toEqual({ stderr: written(message, hint), exitCode: 2 });
  });
});

describe('a file of patterns or of a key', () => {
  test('that is not there gives exit code 3', async () => {
    const hint = 'Name a file that is there';
    expect(await failure('--redact-file', '/no/such')).toEqual({
      stderr: written('Patterns file /no/such is not there', hint),
      exitCode: 3,
    });
    expect(await failure('--anonymize-ip', 'hash:/no/such')).toEqual({
      stderr: written('Key file /no/such is not there', hint),
      exitCode: 3,
    });
  });

  test.skipIf(noUser)(
    titleWithReason('that this user must not read gives exit code 4', noUser),
    async () => {
      const path = join(folder, 'locked.key');
      writeFileSync(path, '0123456789abcdef', { mode: isRoot ? 0o600 : 0o000 });
      for (const [option, subject] of [
        [`--anonymize-ip=hash:${path}`, 'Key file'],
        [`--redact-file=${path}`, 'Patterns file'],
      ]) {
        const { code, stderr } = await runAsNobody(['replay', capture, '-o', '-', option]);
        const message = `${subject} ${path} cannot be read (EACCES)`;
        expect(stderr).toBe(written(message, 'Let the user of httplog read it'));
        expect(code).toBe(4);
      }
    },
  );

  test.each([
    ['a: 1', ' is not a list of up to 32 patterns'],
    ['- name: a', ', pattern 1 has no name and pattern, which are texts'],
    [
      "- name: a\n  pattern: '('",
      ', pattern 1 cannot be "(", it is no regular expression of RE2: missing closing )',
    ],
    ['- name: a\n  pattern: b\n- name: a\n  pattern: c', ' has the name a twice'],
  ])('that holds %j gives exit code 2 and says what is wrong', async (text, reason) => {
    const path = pathOf('wrong.yaml', text);
    expect(await failure('--redact-file', path)).toEqual({
      stderr: written(`Patterns file ${path}${reason}`, DOCUMENT),
      exitCode: 2,
    });
  });

  test('that is no YAML gives exit code 2 and says where, in one line', async () => {
    const path = pathOf('no.yaml', 'a: [\n');
    const { stderr, exitCode } = await failure('--redact-file', path);
    expect(stderr).toMatch(
      /^httplog: Patterns file \S+ is not YAML: .* at line 2, column 1\n {2}See /,
    );
    expect(stderr.split('\n')).toHaveLength(3);
    expect(exitCode).toBe(2);
  });

  test('that has too short a key gives exit code 2 and says how to make one', async () => {
    const path = pathOf('short.key', 'short\n');
    expect(await failure('--anonymize-ip', `hash:${path}`)).toEqual({
      stderr: written(
        `Key file ${path} has 5 bytes, needed are 16`,
        'Make a key with openssl rand -hex 32, readable for httplog alone',
      ),
      exitCode: 2,
    });
  });
});

describe('the real command', () => {
  test('prints the same and ends with the same code', async () => {
    const wrong = await runReplay('-o', '-', '--records', 'exchanges');
    expect(wrong).toMatchObject({
      code: 2,
      stdout: '',
      stderr: written(
        'Format text has lines of messages, not of exchanges',
        'Leave --records out for it, or choose json, which has both',
      ),
    });
  });

  test('refuses an output whose directory is not there, and writes to none of the others', async () => {
    const { code, stdout, stderr } = await runReplay(
      ...['--output=path=-', '--output=format=json,path=/no/such/file'],
    );
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(
      /^httplog: Directory \/no\/such does not exist\n {2}Create it with .*\n$/,
    );
  });
});

describe('httplog check-config', () => {
  const check = (...args: string[]) =>
    runCommandLine(['check-config', '--config', '/dev/null', ...args]);

  test.each([
    [['--records', 'exchanges'], 2],
    [['--output', 'path=-', '--output', 'path=-'], 2],
    [['--redact-file', '/no/such'], 3],
    [['--anonymize-ip', 'hash:/no/such'], 3],
  ])('refuses what a start would: %j', async (args, exitCode) => {
    await expect(check(...args)).rejects.toMatchObject({ exitCode });
  });
});
