import { describe, expect, test } from 'vitest';
import { COMMAND_NAMES } from '../../src/config/command-names.ts';
import { findSpelling } from '../../src/config/option-spellings.ts';
import { OPTION_GROUPS, OPTIONS, SETTING_OPTIONS } from '../../src/config/option-table.ts';

const FLAGS = [
  ...['-i', '-p', '-d', '-s', '-b', '-c', '-cpu', '-log_every', '-log_split', '-add_vlan'],
  ...['-cpuprofile', '-v'],
  ...['-f', '--local', '--engine', '--promisc', '--timezone', '--config', '-o', '--quiet'],
  ...['--service-log', '-h', '--help', '--version', '--user', '--listen-admin'],
  ...[
    '--methods',
    '--complete-heads',
    '--no-fold',
    '--compress',
    '--keep-days',
    '--keep-files',
    '--max-disk',
    '--rotate-size',
    '--tunnels',
    '--vxlan-port',
  ],
  ...['--format', '--records', '--output', '--header', '--interval'],
  ...['--include-path', '--exclude-path', '--method', '--status', '--host', '--client', '--server'],
  ...['--header-filter', '--slower-than', '--sample'],
  ...['--header-mode', '--query-mode', '--cookie-mode', '--redact', '--redact-file'],
  '--anonymize-ip',
  '--admin-host',
  '--client-from',
  '--within-connect',
  '--color',
  '--report',
];
const ENVIRONMENT = [
  ...['DEVICE', 'PORT', 'DIR', 'SNAPLEN', 'BUFSIZE', 'CPUNO', 'FILTER', 'COUNT', 'LOG_EVERY'],
  ...['LOG_SPLIT', 'ADD_VLAN', 'CPUPROFILE', 'LOCAL', 'ENGINE', 'PROMISC', 'TIMEZONE', 'OUTPUT'],
  ...[
    'USER',
    'LISTEN_ADMIN',
    'ADMIN_HOST',
    'QUIET',
    'SERVICE_LOG',
    'METHODS',
    'COMPLETE_HEADS',
    'NO_FOLD',
    'COMPRESS',
    'KEEP_DAYS',
    'KEEP_FILES',
    'MAX_DISK',
    'ROTATE_SIZE',
    'TUNNELS',
    'VXLAN_PORT',
  ],
  ...['FORMAT', 'RECORDS', 'OUTPUTS', 'HEADERS'],
  ...['INCLUDE_PATH', 'EXCLUDE_PATH', 'METHOD', 'STATUS', 'HOST', 'CLIENT', 'SERVER'],
  ...['HEADER_FILTER', 'SLOWER_THAN', 'SAMPLE'],
  ...['HEADER_MODE', 'QUERY_MODE', 'COOKIE_MODE', 'REDACT', 'REDACT_FILE', 'ANONYMIZE_IP'],
  'CLIENT_FROM',
  'WITHIN_CONNECT',
  'COLOR',
  'REPORT',
  'TOP_INTERVAL',
].map((name) => `HTTPLOG_${name}`);

test('the table has these options, each once', () => {
  const flags = OPTIONS.flatMap((option) => option.flags);
  expect(flags.toSorted()).toEqual(FLAGS.toSorted());
});

test('every setting has an environment variable of its own', () => {
  const names = SETTING_OPTIONS.map(({ environment }) => environment);
  expect(names.toSorted()).toEqual(ENVIRONMENT.toSorted());
});

test('every group has options, and they stand together in the order of the groups', () => {
  const groups = OPTIONS.map(({ group }) => group);
  const changes = groups.filter((group, index) => group !== groups[index - 1]);
  expect(changes).toEqual([...OPTION_GROUPS]);
});

test('version, help and --config are no settings', () => {
  const others = OPTIONS.filter((option) => option.environment === undefined);
  expect(others.map(({ flags }) => flags[0])).toEqual(['--config', '-v', '-h']);
});

describe.each(OPTIONS.map((option) => [option.flags[0], option] as const))('%s', (_, option) => {
  test('is described in one sentence without a final period', () => {
    expect(option.description).toMatch(/^[A-Z].*[^.\s]$/);
  });

  test('has a default that its own spelling allows, or says what holds while it is not set', () => {
    if (option.default !== undefined) {
      const spelling = findSpelling(option.spelling);
      const value = spelling.parse(option.default);
      expect(value).not.toBeNull();
      expect(spelling.print(value)).toBe(option.default);
    } else if (option.key !== 'version' && option.key !== 'help') {
      expect(option.unset).toMatch(/./);
    }
  });

  test('has a placeholder unless it is a switch', () => {
    expect(option.placeholder === undefined).toBe(option.spelling === 'switch');
  });

  test('is for commands that there are, in their order', () => {
    const commands = COMMAND_NAMES.filter((name) => option.commands.includes(name));
    expect(option.commands).toEqual(commands);
    expect(commands.length).toBeGreaterThan(0);
  });
});
