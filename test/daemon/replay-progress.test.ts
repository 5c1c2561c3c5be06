import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PROGRESS_INTERVAL_MS } from '../../src/daemon/limits.ts';
import { showProgress } from '../../src/daemon/replay-progress.ts';

const { isTTY } = process.stderr;
let shown = '';

beforeEach(() => {
  shown = '';
  vi.useFakeTimers();
  // The bar itself looks, too.
  process.stderr.isTTY = true;
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    shown += text;
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  process.stderr.isTTY = isTTY;
  vi.useRealTimers();
});

test('a replay that ends before the first interval does shows no bar', async () => {
  const hide = await showProgress(() => ({ bytesRead: 1, bytesTotal: 2 }), true);
  vi.advanceTimersByTime(PROGRESS_INTERVAL_MS - 1);
  hide();
  vi.advanceTimersByTime(10 * PROGRESS_INTERVAL_MS);
  expect(shown).toBe('');
});

test('one that takes longer shows it, and where it is', async () => {
  const hide = await showProgress(() => ({ bytesRead: 5e6, bytesTotal: 10e6 }), true);
  vi.advanceTimersByTime(PROGRESS_INTERVAL_MS);
  expect(shown).toMatch(/replay #+-+ 50% \| 5 MB \| /);
  hide();
  expect(shown).toContain('\x1b[?25h');
});

test('nothing is shown where standard error is no terminal', async () => {
  const hide = await showProgress(() => ({ bytesRead: 1, bytesTotal: 2 }), false);
  vi.advanceTimersByTime(2 * PROGRESS_INTERVAL_MS);
  hide();
  expect(shown).toBe('');
});
