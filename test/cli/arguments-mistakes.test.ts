import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { runHttplog } from '../live/httplog-process.ts';

/** Slips on the command line that would else be taken for something. */

function messages(argv: string[]): string[] {
  return parseArguments(argv).mistakes.map(({ message }) => message);
}

describe('an option given twice', () => {
  test.each([
    [
      ['-p', '80', '--p=8080'],
      'Option -p is given with several values, "80" and "8080": one list holds them all, as in -p 80,8080',
    ],
    [
      ['-o', 'a', '-o', '-'],
      'Option -o is given with several values, "a" and "-": name each place with an --output of its own',
    ],
    [
      ['-i', 'eth0', '-i', 'eth1'],
      'Option -i is given with several values, "eth0" and "eth1": one interface can be named, or any for all of them',
    ],
    [
      ['--methods', 'GET', '-methods', 'PUT,GET'],
      'Option --methods is given with several values, "GET" and "PUT,GET": one list holds them all, as in --methods GET,PUT,GET',
    ],
    [
      ['-s', '1', '-s', '2', '-s=3'],
      'Option -s is given with several values, "1", "2" and "3": give it once',
    ],
    [
      ['--config', 'a', '-config=b'],
      'Option --config is given with several values, "a" and "b": give it once',
    ],
  ])('with other values is a mistake: %j', (argv, message) => {
    expect(messages(argv)).toEqual([message]);
  });

  test('is none with the same value, as a switch, or when it can be repeated', () => {
    expect(messages(['-p', '80', '-p=80'])).toEqual([]);
    expect(messages(['-log_split', '--log_split=false', '--quiet', '--quiet'])).toEqual([]);
    expect(
      messages(['--local', '::1', '--local', '::2', '--header', 'a', '--header', 'b']),
    ).toEqual([]);
  });
});

describe('help and version', () => {
  test('are words too', () => {
    expect(parseArguments(['version'])).toMatchObject({ isVersion: true, mistakes: [] });
    expect(parseArguments(['help'])).toMatchObject({
      isHelp: true,
      isCommandNamed: false,
      mistakes: [],
    });
    const ofReplay = { isHelp: true, isCommandNamed: true, command: 'replay', mistakes: [] };
    expect(parseArguments(['help', 'replay'])).toMatchObject(ofReplay);
    expect(parseArguments(['replay', 'help'])).toMatchObject({ isHelp: false, files: ['help'] });
  });

  test('take no argument but the command', () => {
    expect(messages(['help', 'replay', 'x'])).toEqual(['Command help takes no argument "x"']);
    for (const word of ['help', 'version']) {
      // Neither has help of its own: the list of all commands names them.
      expect(parseArguments(['help', word])).toMatchObject({ isHelp: true, mistakes: [] });
    }
    expect(messages(['help', 'help', 'x'])).toEqual(['Command help takes no argument "x"']);
    expect(messages(['version', 'x'])).toEqual(['Command version takes no argument "x"']);
  });

  test('are among the commands that an unknown one may have meant', () => {
    expect(messages(['hlep'])[0]).toMatch(
      /^Unknown command "hlep", did you mean help; .*, status, help, version$/,
    );
    expect(messages(['help', 'replya'])[0]).toMatch(
      /^Unknown command "replya", did you mean replay/,
    );
  });

  test('answer on standard output, exit 0', async () => {
    const version = await runHttplog(['version']);
    expect(version).toMatchObject({ code: 0, stderr: '' });
    expect(version.stdout).toBe((await runHttplog(['-v'])).stdout);
    const help = await runHttplog(['help', 'replay']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toBe((await runHttplog(['replay', '-h'])).stdout);
  });

  test.each([[['bogus', '-h']], [['bogus', '-v']], [['help', 'bogus']]])(
    'do not hide that there is no such command, exit 2: %j',
    async (argv) => {
      const exit = await runHttplog(argv);
      expect(exit).toMatchObject({ code: 2, stdout: '' });
      expect(exit.stderr).toMatch(/^httplog: Unknown command "bogus"; commands are run, /);
    },
  );
});

test('what a replay has no use for is not taken', () => {
  expect(messages(['replay', 'a', '--service-log', '/tmp', '-log_every', '5'])).toEqual([
    'Option -log_every is not for httplog replay, only for run, check-config, print-systemd',
    'Option --service-log is not for httplog replay, only for run, check-config, print-systemd',
  ]);
});
