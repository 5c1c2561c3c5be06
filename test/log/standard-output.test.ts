import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { AppendTask } from './append-main.ts';
import { joinText, makeBatches, sumLines } from './line-batches.ts';
import { runAppend } from './run-append.ts';
import { useLogScene } from './scene.ts';

const BATCHES = makeBatches(100);
const TEXT = joinText(BATCHES);
const TASK: AppendTask = {
  target: { kind: 'stdout' },
  policy: 'fail',
  batchCount: BATCHES.length,
  closeMs: 5000,
};

const { pathOf } = useLogScene();

describe('openStandardOutput: a pipe or socket', () => {
  for (const [name, shellLine] of [
    ['a pipe whose reader starts late', '$APPEND | { sleep 0.3; cat; }'],
    ['a pipe read in small pieces', '$APPEND | dd bs=700 status=none'],
    ['a socket', '$APPEND'],
  ]) {
    test(`${name} gets every line`, () => {
      const { report, stdout } = runAppend(shellLine, TASK);
      expect(stdout).toBe(TEXT);
      expect(report.errors).toEqual([]);
      expect(report.counters).toMatchObject({ linesWritten: sumLines(BATCHES), linesDropped: 0 });
    });
  }

  for (const policy of ['fail', 'hold'] as const) {
    test(`a reader that leaves ends every append with HTTPLOG_OUTPUT_CLOSED (${policy})`, () => {
      const { report, stdout } = runAppend('$APPEND | head -n 3', { ...TASK, policy });
      expect(stdout).toBe(TEXT.split('\n').slice(0, 3).join('\n').concat('\n'));
      expect(report.errors.length).toBeGreaterThan(0);
      expect(new Set(report.errors.map(({ code }) => code))).toEqual(
        new Set(['HTTPLOG_OUTPUT_CLOSED']),
      );
      expect(report.errors[0].exitCode).toBe(0);
      expect(sumCounted(report.counters)).toBe(sumLines(BATCHES));
    });
  }

  test('a reader that takes nothing holds up neither the close nor the end of the process', () => {
    // The reader ends when the writer has: each would wait for the other without end.
    const end = pathOf('end');
    execFileSync('mkfifo', [end]);
    const shellLine = `{ $APPEND; : > ${end}; } | cat ${end}`;
    const { report } = runAppend(shellLine, { ...TASK, policy: 'hold', closeMs: 200 });
    expect(report.counters?.linesDropped).toBeGreaterThan(0);
    expect(sumCounted(report.counters)).toBe(sumLines(BATCHES));
  });
});

describe('openStandardOutput: a file', () => {
  test('a redirected file gets every line', () => {
    const path = pathOf('out');
    const { report } = runAppend(`$APPEND > ${path}`, TASK);
    expect(readFileSync(path, 'utf8')).toBe(TEXT);
    expect(report.counters).toMatchObject({ linesWritten: sumLines(BATCHES), filesOpened: 0 });
  });

  test('what stood in the file before stays', () => {
    const path = pathOf('out');
    writeFileSync(path, 'before\n');
    runAppend(`$APPEND >> ${path}`, TASK);
    expect(readFileSync(path, 'utf8')).toBe(`before\n${TEXT}`);
  });

  test('a device without space is HTTPLOG_WRITE, not a closed output', () => {
    const { report } = runAppend('$APPEND > /dev/full', TASK);
    expect(report.errors).toHaveLength(BATCHES.length);
    expect(report.errors[0]).toEqual({
      code: 'HTTPLOG_WRITE',
      exitCode: 1,
      message:
        'Cannot write standard output: no space left on device (ENOSPC); 0 lines were written',
    });
    expect(report.counters).toMatchObject({ linesWritten: 0, linesDropped: sumLines(BATCHES) });
  });
});

describe('openStandardOutput: a header', () => {
  /** Uint8Arrays do not survive JSON: the process gets its header as text. */
  const task: AppendTask = { ...TASK, header: '#fields\ttime\n' };
  const text = `#fields\ttime\n${TEXT}`;

  for (const shellLine of ['$APPEND | cat', '$APPEND | dd bs=5 status=none', '$APPEND']) {
    test(`comes once before the lines of ${shellLine}, and is none of them`, () => {
      const { report, stdout } = runAppend(shellLine, task);
      expect(stdout).toBe(text);
      expect(report.counters).toMatchObject({
        linesWritten: sumLines(BATCHES),
        bytesWritten: TEXT.length,
      });
    });
  }

  test('goes to a new file, and not to one that has bytes', () => {
    const path = pathOf('out');
    runAppend(`$APPEND > ${path}`, task);
    expect(readFileSync(path, 'utf8')).toBe(text);
    runAppend(`$APPEND >> ${path}`, task);
    expect(readFileSync(path, 'utf8')).toBe(`${text}${TEXT}`);
  });

  test('is not written without a line', () => {
    expect(runAppend('$APPEND | cat', { ...task, batchCount: 0 }).stdout).toBe('');
  });

  test('that nobody reads ends as lines do', () => {
    const { report } = runAppend('$APPEND | true', task);
    expect(report.errors[0].code).toBe('HTTPLOG_OUTPUT_CLOSED');
    expect(sumCounted(report.counters)).toBe(sumLines(BATCHES));
  });
});

function sumCounted(counters: Record<string, number> | undefined): number {
  return (counters?.linesWritten ?? 0) + (counters?.linesDropped ?? 0);
}
