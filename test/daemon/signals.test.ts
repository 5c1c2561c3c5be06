import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { REPEATED_SIGNAL_MS } from '../../src/daemon/limits.ts';
import { RunSignals } from '../../src/daemon/signals.ts';

const SIGNALS = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGTERM', 'SIGINT'] as const;
const actions = {
  stop: vi.fn(),
  abandon: vi.fn(),
  reload: vi.fn(),
  reopen: vi.fn(),
  tellStatistics: vi.fn(),
};
let listeners: Map<string, Set<unknown>>;

/** As the process gets it, without ending the one that runs the tests. */
const send = (signal: NodeJS.Signals) => process.emit(signal, signal);

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  listeners = new Map(SIGNALS.map((signal) => [signal, new Set(process.listeners(signal))]));
});

afterEach(() => {
  vi.useRealTimers();
  for (const signal of SIGNALS) {
    for (const listener of process.listeners(signal)) {
      if (listeners.get(signal)?.has(listener) !== true) {
        process.removeListener(signal, listener);
      }
    }
  }
});

const addedTo = (signal: NodeJS.Signals) =>
  process.listenerCount(signal) - (listeners.get(signal)?.size ?? 0);

test('before there is a capture, signals are heard that would end it or open a debugger', () => {
  const signals = new RunSignals();
  expect(SIGNALS.map(addedTo)).toEqual([1, 1, 1, 0, 0]);
  send('SIGHUP');
  send('SIGUSR1');
  signals.begin(actions);
  expect(SIGNALS.map(addedTo)).toEqual([1, 1, 1, 1, 1]);
  expect(actions.reload).not.toHaveBeenCalled();
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) {
    send(signal);
  }
  expect(actions.reload).toHaveBeenCalledOnce();
  expect(actions.reopen).toHaveBeenCalledOnce();
  expect(actions.tellStatistics).toHaveBeenCalledOnce();
});

test('a stop that is asked for again ends at once, unless it is the same wish passed on', () => {
  new RunSignals().begin(actions);
  send('SIGINT');
  vi.advanceTimersByTime(REPEATED_SIGNAL_MS - 1);
  send('SIGINT');
  expect(actions.stop.mock.calls).toEqual([['SIGINT']]);
  expect(actions.abandon).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  send('SIGTERM');
  expect(actions.abandon.mock.calls).toEqual([['SIGTERM']]);
  expect(actions.stop).toHaveBeenCalledOnce();
});

test('after the end signals mean nothing', () => {
  const signals = new RunSignals();
  signals.begin(actions);
  signals.end();
  for (const signal of SIGNALS) {
    send(signal);
  }
  for (const action of Object.values(actions)) {
    expect(action).not.toHaveBeenCalled();
  }
});
