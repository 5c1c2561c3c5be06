import { expect, test } from 'vitest';
import { describeTop, drawScreen, findRate, type TopMoment } from '../../src/admin/top-screen.ts';
import { TrafficReport } from '../../src/counters/traffic-report.ts';

function momentOf(moment: Partial<TopMoment> = {}): TopMoment {
  const report = new TrafficReport();
  const rest = { interfaceName: 'eth0', isCapturing: true, ratePerSecond: 0, loss: undefined };
  return { ...rest, report, ...moment };
}

test('the first line says where and how much, the others what was seen', () => {
  const report = new TrafficReport();
  report.take(Buffer.from('1000\t5000001\t200\t0\t10.0.0.9\tGET\ta.example\t/\n'));
  const lines = describeTop(momentOf({ report, ratePerSecond: 12.4 }));
  expect(lines[0]).toBe('httplog top on eth0: 12 a second. q ends, r begins anew');
  expect(lines).toContain('Status: 2xx 1');
  expect(lines.some((line) => line.startsWith('GET / '))).toBe(true);
});

test('nothing, loss and an interface that is down are told', () => {
  expect(describeTop(momentOf()).slice(1)).toEqual(['', 'No exchange yet']);
  expect(describeTop(momentOf({ loss: '3 packets' }))[1]).toBe('Lost: 3 packets');
  expect(describeTop(momentOf({ isCapturing: false }))[0]).toContain('waits for the interface');
});

test('a screen is drawn in its place, no wider and no higher than it is', () => {
  expect(drawScreen(['abc', 'abcd', 'x'], 3, 2)).toBe('\x1b[Habc\x1b[K\nab\u2026\x1b[K\x1b[J');
  expect(drawScreen([], 80, 24)).toBe('\x1b[H\x1b[J');
});

test('a rate is by the second, and never below 0', () => {
  expect(findRate(10, 20, 500)).toBe(20);
  expect(findRate(20, 10, 500)).toBe(0);
  expect(findRate(0, 10, 0)).toBe(0);
});
