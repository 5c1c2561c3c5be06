import { expect, test } from 'vitest';
import { describeTraffic } from '../../src/admin/describe-traffic.ts';
import { TrafficReport } from '../../src/counters/traffic-report.ts';

function describeLines(...lines: (string | number)[][]): string[] {
  const report = new TrafficReport();
  const text = lines.map((columns) => `${columns.join('\t')}\n`).join('');
  report.take(new Uint8Array(Buffer.from(text)));
  return describeTraffic(report);
}

test('of nothing there is nothing to say', () => {
  expect(describeLines()).toEqual([]);
});

test('slowest routes come first, busiest hosts and clients stand beside each other', () => {
  const path = '/a/path/that/is/longer/than/its/column/is';
  expect(
    describeLines(
      [1000, 12_000_001, 200, 0, '10.0.0.9', 'GET', 'a.example', '/'],
      [1500, 1_400_000_001, 200, 0, '10.0.0.9', 'POST', 'a.example', '/orders/7'],
      [2000, 2_000_000_001, 500, 0, '10.0.0.8', 'GET', 'b.example', path],
      [3000, 0, 0, 1, '10.0.0.9', 'GET', 'a.example', '/never'],
    ),
  ).toEqual([
    '',
    '4 exchanges in 3.0 s: 1 a second, 2 in the busiest',
    'Status: none 1, 2xx 2, 5xx 1',
    'Not whole: no response 1',
    '',
    'Slowest routes                                 count    errors      p50      p99',
    'GET /a/path/that/is/longer/than/its/colum…         1         1    2.0 s    2.0 s',
    'POST /orders/:id                                   1         0    1.4 s    1.4 s',
    'GET /                                              1         0    12 ms    12 ms',
    '',
    'Busiest hosts                     count  Busiest clients                   count',
    'a.example                             3  10.0.0.9                              3',
    'b.example                             1  10.0.0.8                              1',
  ]);
});

test('fits a terminal of 80 by 24, whatever there was', () => {
  const lines = Array.from({ length: 12_000 }, (_, index) => [
    ...[index * 10, 1e15 + index, 100 + (index % 900), index % 6],
    ...[`2001:db8:1234:5678:9abc:def0:1234:${index}`, 'G'.repeat(160)],
    ...[`${'h'.repeat(150)}${index}`, `/${'p'.repeat(150)}${index}`],
  ]);
  const described = describeLines(...lines);
  expect(described.filter((line) => line.length > 80)).toEqual([]);
  expect(described.length).toBeLessThanOrEqual(23);
  expect(described).toContain('  gap 2,000');
  expect(described.join('\n')).toContain('(later ones)');
});
