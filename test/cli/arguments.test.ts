import { describe, expect, test } from 'vitest';
import { type ParsedCommandLine, parseArguments } from '../../src/cli/arguments.ts';
import type { Option } from '../../src/config/option-table.ts';

function values(line: ParsedCommandLine, key: Option['key']): string[] | undefined {
  return line.given.get(key)?.map(({ value }) => value);
}

function messages(argv: string[]): string[] {
  return parseArguments(argv).mistakes.map(({ message }) => message);
}

describe('an option', () => {
  test.each([[['-p', '8080']], [['--p', '8080']], [['-p=8080']], [['--p=8080']]])(
    'takes its value after = or a space, with one dash or two: %j',
    (argv) => {
      const line = parseArguments(argv);
      expect(values(line, 'ports')).toEqual(['8080']);
      expect(line.given.get('ports')?.[0].spelling).toBe(argv[0].split('=')[0]);
      expect(line.mistakes).toEqual([]);
    },
  );

  test('keeps every = of its value but the first', () => {
    expect(values(parseArguments(['-f=ip[6:2] & 0x1fff = 0']), 'filter')).toEqual([
      'ip[6:2] & 0x1fff = 0',
    ]);
  });

  test('takes negative numbers and - as values', () => {
    const line = parseArguments(['-s', '-1', '-c', '-0x1', '-o', '-']);
    expect(values(line, 'snaplen')).toEqual(['-1']);
    expect(values(line, 'packetCountMax')).toEqual(['-0x1']);
    expect(values(line, 'outputPath')).toEqual(['-']);
    expect(line.mistakes).toEqual([]);
  });

  test('takes a value that begins with a dash after = only', () => {
    expect(values(parseArguments(['-d=-logs']), 'directory')).toEqual(['-logs']);
    expect(messages(['-d', '-logs'])).toEqual([
      'Option -d needs a value, as in -d=DIR',
      'Unknown option "-logs"',
    ]);
  });

  test.each([
    [['-d', '-p', '80'], 'Option -d needs a value, as in -d=DIR'],
    [['-d', '--p=80'], 'Option -d needs a value, as in -d=DIR'],
    [['-d', '--'], 'Option -d needs a value, as in -d=DIR'],
    [['-d'], 'Option -d needs a value, as in -d=DIR'],
    [['--d='], 'Option --d needs a value, as in --d=DIR'],
    [['-d', ''], 'Option -d needs a value, as in -d=DIR'],
    [['-log_split='], 'Option -log_split needs a value, as in -log_split=true'],
  ])('whose value was forgotten is a mistake: %j', (argv, message) => {
    expect(messages(argv)).toEqual([message]);
  });

  test('given again keeps all values, in their order', () => {
    const line = parseArguments(['--local', '::1', '-local=10.0.0.1']);
    expect(line.given.get('localNetworks')).toEqual([
      { value: '::1', spelling: '--local' },
      { value: '10.0.0.1', spelling: '-local' },
    ]);
  });
});

describe('a switch', () => {
  test('alone is true, and does not take the next argument', () => {
    const line = parseArguments(['replay', '-add_vlan', 'a.pcap']);
    expect(values(line, 'addVlan')).toEqual(['true']);
    expect(line.files).toEqual(['a.pcap']);
  });

  test('takes a value after =', () => {
    expect(values(parseArguments(['--log_split=no']), 'splitByType')).toEqual(['no']);
  });
});

describe('a command', () => {
  test('is run if none is named', () => {
    expect(parseArguments([])).toMatchObject({ command: 'run', isCommandNamed: false });
    expect(parseArguments(['run'])).toMatchObject({ command: 'run', isCommandNamed: true });
  });

  test.each(['run', 'demo', 'interfaces', 'check-config', 'status'])(
    '%s takes no argument',
    (command) => {
      expect(parseArguments([command])).toMatchObject({ command, files: [], mistakes: [] });
      expect(messages([command, 'x'])).toEqual([`Command ${command} takes no argument "x"`]);
    },
  );

  test('may come after options and between them', () => {
    const line = parseArguments(['-p', 'any', 'replay', '-o', '-', 'a.pcap', '-c', '3', 'b.pcap']);
    expect(line).toMatchObject({ command: 'replay', files: ['a.pcap', 'b.pcap'], mistakes: [] });
  });

  test('replay takes files, - among them once, and needs one', () => {
    expect(parseArguments(['replay', 'a', '-']).files).toEqual(['a', '-']);
    expect(messages(['replay'])).toEqual([
      'Command replay needs at least one FILE, - is standard input',
    ]);
    expect(messages(['replay', '-', '-'])).toEqual([
      'Option FILE cannot be "-" (from arguments), allowed is a path, or - once',
    ]);
    expect(messages(['replay', 'a', 'a'])).toEqual([]);
    expect(messages(['replay', ''])).toHaveLength(1);
  });

  test('that there is not is a mistake with the nearest one', () => {
    const all =
      'commands are run, replay, top, demo, doctor, interfaces, check-config, print-systemd, status, help, version';
    expect(messages(['replya', 'a'])).toEqual([
      `Unknown command "replya", did you mean replay; ${all}`,
    ]);
    expect(messages(['day.pcap'])).toEqual([
      `Unknown command "day.pcap", did you mean replay day.pcap; ${all}`,
    ]);
    expect(messages(['nonsense'])).toEqual([`Unknown command "nonsense"; ${all}`]);
  });

  test('refuses the options of other commands', () => {
    expect(messages(['replay', 'a', '-i', 'eth0', '--b=8'])).toEqual([
      'Option -i is not for httplog replay, only for run, top, doctor, check-config, print-systemd',
      'Option --b is not for httplog replay, only for run, top, check-config, print-systemd',
    ]);
    expect(messages(['interfaces', '-p', '80'])).toHaveLength(1);
    expect(messages(['-i', 'eth0', '-b', '8'])).toEqual([]);
  });
});

test('-- ends the options', () => {
  expect(parseArguments(['replay', '--', '-p', '--'])).toMatchObject({
    files: ['-p', '--'],
    mistakes: [],
  });
  expect(parseArguments(['--', 'replay', 'a']).command).toBe('replay');
});

describe('an unknown option', () => {
  test('is a mistake with the nearest one, as help writes it', () => {
    expect(messages(['--log-evry=5'])).toEqual([
      'Unknown option "--log-evry", did you mean -log_every',
    ]);
    expect(messages(['-promsic'])).toEqual(['Unknown option "-promsic", did you mean --promisc']);
    expect(messages(['--versoin'])).toEqual(['Unknown option "--versoin", did you mean --version']);
    expect(messages(['-x'])).toEqual(['Unknown option "-x"']);
    expect(messages(['---p=1'])).toEqual(['Unknown option "---p"']);
    expect(messages(['-P', '80'])[0]).toBe('Unknown option "-P", did you mean -p');
  });

  test('takes the value of the one that was meant with it', () => {
    expect(messages(['--timezon', 'UTC'])).toHaveLength(1);
    expect(parseArguments(['replay', '--promsic', 'a.pcap']).files).toEqual(['a.pcap']);
  });

  test('does not hide the others', () => {
    expect(messages(['--foo', '-d', '--bar=1', 'replay'])).toHaveLength(4);
  });
});

describe('help and version', () => {
  test.each(['-h', '--h', '-help', '--help'])('%s asks for help', (argument) => {
    expect(parseArguments([argument])).toMatchObject({ isHelp: true, isCommandNamed: false });
    expect(parseArguments(['demo', argument])).toMatchObject({
      isHelp: true,
      isCommandNamed: true,
      command: 'demo',
    });
  });

  test.each(['-v', '--v', '-version', '--version'])('%s asks for the version', (argument) => {
    expect(parseArguments([argument])).toMatchObject({ isVersion: true, isHelp: false });
  });

  test('are not asked for otherwise', () => {
    expect(parseArguments(['-p', '80'])).toMatchObject({ isVersion: false, isHelp: false });
  });
});

test('--config names the file', () => {
  expect(parseArguments([]).configurationFile).toBeUndefined();
  expect(parseArguments(['-config=b']).configurationFile).toBe('b');
});
