import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadConfiguration } from '../../src/config/configuration.ts';
import type { Configuration } from '../../src/config/settings.ts';
import { planRecords } from '../../src/plan/output-plan.ts';
import { planReload, type Reload, withoutWorkers } from '../../src/plan/reload.ts';
import { makeDirectory, removeDirectory } from '../log/small-disk.ts';

function load(environment: Record<string, string>): Configuration['settings'] {
  const commandLine = {
    command: 'run' as const,
    given: new Map(),
    configurationFile: undefined,
    mistakes: [],
  };
  const nowhere = '/nonexistent';
  const input = { commandLine, environment, directory: nowhere, systemFile: `${nowhere}/httplog` };
  return loadConfiguration(input).settings;
}

function newDirectory(): string {
  const directory = makeDirectory();
  onTestFinished(() => removeDirectory(directory));
  return directory;
}

function reload(before: Record<string, string>, after: Record<string, string>): Reload {
  const settings = load(before);
  return planReload(settings, planRecords(settings), load(after));
}

/** What is told, by what becomes of it. */
function told({ taken, needingRestart, staying }: Reload) {
  return { taken: taken.map(({ text }) => text), needingRestart, staying };
}

const NOTHING = { taken: [], needingRestart: [], staying: [] };

describe('a reload', () => {
  test('of equal settings changes nothing', () => {
    const same = { HTTPLOG_LOCAL: '10.0.0.0/8', HTTPLOG_METHODS: 'all', HTTPLOG_STATUS: '5xx' };
    const settings = load(same);
    const plan = planRecords(settings);
    const result = planReload(settings, plan, load(same));
    expect(result).toEqual({ settings, plan, ...NOTHING });
  });

  test('takes over what can change, and tells what holds while it is not set', () => {
    const after = { HTTPLOG_LOCAL: '10.0.0.0/8,fd00::/8', HTTPLOG_LOG_EVERY: '0' };
    const result = reload({}, { ...after, HTTPLOG_QUIET: 'on' });
    expect(result.settings).toEqual(load({ ...after, HTTPLOG_QUIET: 'on' }));
    expect(told(result)).toEqual({
      ...NOTHING,
      taken: [
        '--local (the addresses of this host; in replay none) -> 10.0.0.0/8,fd00::/8',
        '-log_every 10000 -> 0',
        '--quiet false -> true',
      ],
    });
    expect(result.taken.some(({ isOfWorkers }) => isOfWorkers)).toBe(false);
  });

  test('leaves what cannot change, and names it each time until it is taken back', () => {
    const atStart = load({ HTTPLOG_DEVICE: 'eth0' });
    const plan = planRecords(atStart);
    const next = load({ HTTPLOG_DEVICE: 'eth1', HTTPLOG_USER: 'root', HTTPLOG_QUIET: 'yes' });
    const first = planReload(atStart, plan, next);
    expect(first.settings).toEqual({ ...atStart, quiet: true });
    const needingRestart = [
      '-i eth0 -> eth1',
      '--user (httplog if there is that user, else the one who starts it) -> root',
    ];
    expect(told(first)).toEqual({ ...NOTHING, taken: ['--quiet false -> true'], needingRestart });
    const second = planReload(first.settings, first.plan, next);
    expect(told(second)).toEqual({ ...NOTHING, needingRestart });
    expect(told(planReload(second.settings, second.plan, atStart))).toEqual({
      ...NOTHING,
      taken: ['--quiet true -> false'],
    });
  });

  test('takes over filters, redaction, ports and limits of files', () => {
    const after = {
      HTTPLOG_PORT: '80,8080',
      HTTPLOG_STATUS: '5xx',
      HTTPLOG_EXCLUDE_PATH: '^/static',
      HTTPLOG_QUERY_MODE: 'token=redact',
      HTTPLOG_REDACT: 'email',
      HTTPLOG_KEEP_DAYS: '7',
      HTTPLOG_COMPRESS: 'gzip',
    };
    const result = reload({}, after);
    const next = load(after);
    expect(result.settings).toEqual(next);
    const { filter, redaction } = planRecords(next);
    expect(result.plan).toMatchObject({ filter, redaction });
    expect(told(result)).toEqual({
      ...NOTHING,
      taken: [
        '-p 80 -> 80,8080',
        '--compress none -> gzip',
        '--keep-days 0 -> 7',
        '--exclude-path (no path) -> ^/static',
        '--status (every status) -> 500-599',
        '--query-mode (keep) -> token=redact',
        '--redact (no pattern) -> email',
      ],
    });
    const ofWorkers = result.taken.filter(({ isOfWorkers }) => isOfWorkers);
    expect(ofWorkers.map(({ key }) => key)).toEqual([
      ...['ports', 'excludePaths', 'statusFilter', 'queryModes', 'redactPatterns'],
    ]);
  });

  test('says nothing of an option that another one puts out of action', () => {
    const result = reload(
      { HTTPLOG_FILTER: 'tcp port 81', HTTPLOG_OUTPUT: '/tmp/lines' },
      {
        HTTPLOG_FILTER: 'tcp port 81',
        HTTPLOG_OUTPUT: '/tmp/lines',
        HTTPLOG_PORT: '82',
        HTTPLOG_KEEP_DAYS: '3',
      },
    );
    expect(told(result)).toEqual(NOTHING);
    expect(result.settings).toMatchObject({ ports: [{ first: 82, last: 82 }], keepDays: 3 });
  });

  test('with libpcap needs a restart where packets pass by another filter', () => {
    const libpcap = { HTTPLOG_ENGINE: 'libpcap' };
    const result = reload(libpcap, {
      ...libpcap,
      HTTPLOG_PORT: '81',
      HTTPLOG_STATUS: '5xx',
      HTTPLOG_REDACT: 'email',
    });
    expect(told(result)).toEqual({
      taken: [expect.stringMatching(/^--redact /)],
      needingRestart: [
        '-p 80 -> 81 (with --engine libpcap)',
        expect.stringMatching(/^--status .* \(with --engine libpcap\)$/),
      ],
      staying: [],
    });
    // Exchanges need all segments anyway.
    const exchanges = { ...libpcap, HTTPLOG_FORMAT: 'json' };
    expect(reload(exchanges, { ...exchanges, HTTPLOG_STATUS: '5xx' }).needingRestart).toEqual([]);
  });

  test('with fields that nobody has looked for so far needs a restart', () => {
    const shown = { HTTPLOG_FORMAT: 'json', HTTPLOG_HEADERS: 'X-Tenant' };
    const result = reload(shown, { ...shown, HTTPLOG_HEADER_FILTER: 'X-Tenant=blue' });
    expect(result).toMatchObject({ needingRestart: [], staying: [] });
    expect(result.plan.filter.headers).toHaveLength(1);
    const other = reload(shown, {
      ...shown,
      HTTPLOG_HEADER_FILTER: 'X-Other=blue',
      HTTPLOG_HOST: 'a',
    });
    expect(other.needingRestart).toEqual([
      expect.stringMatching(/^--header-filter .* \(it names other fields\)$/),
    ]);
    expect(other.plan.filter).toMatchObject({ headers: [], hosts: [{ host: 'a' }] });
  });
});

describe('files of redaction', () => {
  const patterns = (...names: string[]) =>
    names.map((name) => `- name: ${name}\n  pattern: '${name}-\\d'\n`).join('');

  test('are read anew, and what they hold now is told', () => {
    const path = join(newDirectory(), 'patterns');
    const keyFile = join(newDirectory(), 'key');
    writeFileSync(path, patterns('one', 'two'));
    writeFileSync(keyFile, 'k'.repeat(32));
    const environment = { HTTPLOG_REDACT_FILE: path, HTTPLOG_ANONYMIZE_IP: `hash:${keyFile}` };
    const settings = load(environment);
    const plan = planRecords(settings);
    expect(told(planReload(settings, plan, settings))).toEqual(NOTHING);
    writeFileSync(path, patterns('two', 'three'));
    writeFileSync(keyFile, 'l'.repeat(32));
    const result = planReload(settings, plan, settings);
    expect(told(result)).toEqual({
      ...NOTHING,
      taken: [`the patterns of --redact-file ${path}`, `the key of --anonymize-ip hash:${keyFile}`],
    });
    expect(result.plan.redactionNames.slice(-3)).toEqual(['one', 'two', 'three']);
    expect(JSON.stringify(told(result))).not.toContain('llll');
  });

  test('that cannot be read leave the redaction as it is, and everything else is taken over', () => {
    const path = join(newDirectory(), 'patterns');
    writeFileSync(path, patterns('one'));
    const before = load({ HTTPLOG_REDACT_FILE: path });
    const plan = planRecords(before);
    writeFileSync(path, 'no list');
    const next = load({
      HTTPLOG_REDACT_FILE: path,
      HTTPLOG_REDACT: 'email',
      HTTPLOG_STATUS: '5xx',
    });
    const result = planReload(before, plan, next);
    expect(result.plan.redaction).toEqual(plan.redaction);
    expect(result.settings.redactPatterns).toEqual([]);
    expect(told(result)).toEqual({
      taken: [expect.stringMatching(/^--status /)],
      needingRestart: [],
      staying: [
        expect.stringMatching(/^--redact .* \(Patterns file .*patterns is not a list .*\)$/),
      ],
    });
    // Nothing of the redaction differs: it is named as a whole.
    expect(planReload(before, plan, before).staying).toEqual([
      expect.stringMatching(/^redaction \(Patterns file .* is not a list/),
    ]);
  });

  test('with more names than can be counted in a run need a restart', () => {
    const path = join(newDirectory(), 'patterns');
    const names = (first: number) => Array.from({ length: 32 }, (_, index) => `p${first + index}`);
    writeFileSync(path, patterns(...names(0)));
    const settings = load({ HTTPLOG_REDACT_FILE: path });
    const plan = planRecords(settings);
    writeFileSync(path, patterns(...names(100)));
    const result = planReload(settings, plan, settings);
    expect(result.plan.redaction).toEqual(plan.redaction);
    expect(told(result)).toEqual({
      ...NOTHING,
      needingRestart: [
        `the patterns of --redact-file ${path} (more than 64 names were counted since the start)`,
      ],
    });
  });
});

test('what workers cannot take stays, and everything else is taken over', () => {
  const current = load({});
  const plan = planRecords(current);
  const next = load({ HTTPLOG_PORT: '81', HTTPLOG_STATUS: '5xx', HTTPLOG_LOG_EVERY: '7' });
  const result = withoutWorkers(planReload(current, plan, next), current, plan, 'No memory');
  expect(result.settings).toEqual({ ...current, logEvery: 7 });
  expect(result.plan).toEqual(plan);
  expect(told(result)).toEqual({
    taken: ['-log_every 10000 -> 7'],
    needingRestart: [],
    staying: [expect.stringMatching(/^-p 80 -> 81, --status .* \(No memory\)$/)],
  });
});
