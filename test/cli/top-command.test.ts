import { expect, test } from 'vitest';
import { runHttplog } from '../live/httplog-process.ts';

test('top without a terminal says so, exit 2', async () => {
  const exit = await runHttplog(['top', '-i', 'lo']);
  expect(exit).toMatchObject({ code: 2, stdout: '' });
  expect(exit.stderr).toContain('httplog top draws on a terminal, and standard output is none');
});

test.each(['99ms', '2h', '0', 'often'])('--interval %s is refused', async (text) => {
  const exit = await runHttplog(['top', '--interval', text]);
  expect(exit.code).toBe(2);
  expect(exit.stderr).toContain('a duration from 100ms to 1h, as in 500ms or 2s');
});

test('outputs are no options of it', async () => {
  const exit = await runHttplog(['top', '-o', '-']);
  expect(exit.code).toBe(2);
  expect(exit.stderr).toContain('-o');
});
