import { expect, test } from 'vitest';
import { type Configuration, loadConfiguration } from '../../src/daemon/configuration.ts';
import { planReload } from '../../src/daemon/reload.ts';

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

test('equal settings change nothing', () => {
  const settings = load({ HTTPLOG_LOCAL: '10.0.0.0/8', HTTPLOG_METHODS: 'all' });
  const same = load({ HTTPLOG_LOCAL: '10.0.0.0/8', HTTPLOG_METHODS: 'all' });
  expect(planReload(settings, same)).toEqual({ settings, changed: [], needingRestart: [] });
});

test('what can change is taken over and told, with what holds while it is not set', () => {
  const next = load({
    HTTPLOG_LOCAL: '10.0.0.0/8,fd00::/8',
    HTTPLOG_LOG_EVERY: '0',
    HTTPLOG_QUIET: 'on',
  });
  expect(planReload(load({}), next)).toEqual({
    settings: next,
    changed: [
      '--local (the addresses of this host; in replay none) -> 10.0.0.0/8,fd00::/8',
      '-log_every 10000 -> 0',
      '--quiet false -> true',
    ],
    needingRestart: [],
  });
});

test('what cannot change stays, and is named again by each reload until it is taken back', () => {
  const atStart = load({ HTTPLOG_DEVICE: 'eth0' });
  const next = load({ HTTPLOG_DEVICE: 'eth1', HTTPLOG_USER: 'root', HTTPLOG_QUIET: 'yes' });
  const first = planReload(atStart, next);
  expect(first.settings).toEqual({ ...atStart, quiet: true });
  expect(first.changed).toEqual(['--quiet false -> true']);
  const restarts = [
    '-i eth0 -> eth1',
    '--user (httplog if there is that user, else the one who starts it) -> root',
  ];
  expect(first.needingRestart).toEqual(restarts);
  const second = planReload(first.settings, next);
  expect(second).toEqual({ settings: first.settings, changed: [], needingRestart: restarts });
  expect(planReload(first.settings, atStart).needingRestart).toEqual([]);
});
