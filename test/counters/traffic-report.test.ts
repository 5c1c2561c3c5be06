import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addDuration,
  createDurationHistogram,
  findPercentile,
} from '../../src/counters/duration-histogram.ts';
import {
  REPORT_CLIENTS_MAX,
  REPORT_HOSTS_MAX,
  REPORT_ROUTES_MAX,
} from '../../src/counters/limits.ts';
import { findRoute } from '../../src/counters/route.ts';
import { TrafficReport } from '../../src/counters/traffic-report.ts';

describe('the route of a path', () => {
  test.each([
    ['/', '/'],
    ['', ''],
    ['/orders', '/orders'],
    ['/orders/42', '/orders/:id'],
    ['/orders/42/items/7/', '/orders/:id/items/:id/'],
    ['/images/1001.png', '/images/:id.png'],
    ['/u/016cebc4-3c7a-7001-8002-030405060708', '/u/:id'],
    ['/blobs/deadbeef01', '/blobs/:id'],
    ['/s/c3RhdGU9MQxyz_-1', '/s/:id'],
    ['/v2/api', '/v2/api'],
    ['/app.3.js', '/app.3.js'],
    ['/a-long-name-without-numbers', '/a-long-name-without-numbers'],
    ['/2024-report', '/2024-report'],
  ])('of %j is %j', (path, route) => {
    expect(findRoute(path)).toBe(route);
  });
});

describe('percentiles of durations', () => {
  test('are right to some 5 %, and never beyond the shortest and the longest', () => {
    const durations = fc.array(fc.integer({ min: 0, max: 3600e9 }), { minLength: 1 });
    fc.assert(
      fc.property(durations, fc.constantFrom(0.5, 0.9, 0.99), (values, share) => {
        const histogram = createDurationHistogram();
        for (const value of values) {
          addDuration(histogram, value);
        }
        const sorted = values.toSorted((one, other) => one - other);
        const exact = sorted[Math.ceil(values.length * share) - 1];
        const found = findPercentile(histogram, share);
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact * 0.05 + 100);
        expect(found).toBeGreaterThanOrEqual(sorted[0]);
        expect(found).toBeLessThanOrEqual(sorted[sorted.length - 1]);
      }),
    );
  });

  test('of one are that one, and the longest of all has a place', () => {
    const histogram = createDurationHistogram();
    addDuration(histogram, 2 ** 53);
    expect(findPercentile(histogram, 0.5)).toBe(2 ** 53);
  });
});

/** A line as the format `report` writes it. */
function lineOf(changes: {
  ms?: number;
  ns?: number;
  status?: number;
  incomplete?: number;
  client?: string;
  method?: string;
  host?: string;
  path?: string;
}): string {
  const { ms = 1000, ns = 5_000_000, status = 200, incomplete = 0 } = changes;
  const { client = '10.0.0.9', method = 'GET', host = 'a.example', path = '/' } = changes;
  return `${[ms, ns + 1, status, incomplete, client, method, host, path].join('\t')}\n`;
}

function reportOf(...lines: string[]): TrafficReport {
  const report = new TrafficReport();
  report.take(new Uint8Array(Buffer.from(lines.join(''))));
  return report;
}

describe('the report of the traffic', () => {
  test('adds up by status, reason, route, host, client and time', () => {
    const report = reportOf(
      lineOf({ path: '/orders/1' }),
      lineOf({ path: '/orders/2', status: 503, ms: 1999, host: 'b.example' }),
      lineOf({ status: 0, ns: -1, incomplete: 1, ms: 3000, client: '10.0.0.8' }),
      lineOf({ method: '', path: '', host: '', status: 200, incomplete: 2 }),
    );
    expect(report).toMatchObject({ count: 4, firstMs: 1000, lastMs: 3000, busiest: 3 });
    expect([...report.statusClasses]).toEqual([1, 0, 2, 0, 0, 1, 0, 0, 0, 0]);
    expect([...report.incomplete]).toEqual([2, 1, 1, 0, 0, 0]);
    expect([...report.routes.keys()]).toEqual(['GET /orders/:id', 'GET /']);
    expect(report.routes.get('GET /orders/:id')).toMatchObject({ count: 2, errors: 1 });
    expect(report.routes.get('GET /orders/:id')?.durations.count).toBe(2);
    expect(report.routes.get('GET /')?.durations.count).toBe(0);
    expect(Object.fromEntries(report.hosts)).toEqual({
      'a.example': { count: 2, errors: 1 },
      'b.example': { count: 1, errors: 1 },
      '': { count: 1, errors: 1 },
    });
    expect(report.clients.get('10.0.0.9')).toEqual({ count: 3, errors: 2 });
    expect(report.others).toEqual({ routes: 0, hosts: 0, clients: 0 });
  });

  test('is bounded: what comes later is counted together', () => {
    const lines = Array.from({ length: REPORT_CLIENTS_MAX + 5 }, (_, index) =>
      lineOf({
        ms: index * 1000,
        path: `/${'x'.repeat(index % 7)}${index}a`,
        host: `h${index}`,
        client: `c${index}`,
      }),
    );
    const report = reportOf(...lines, lineOf({ client: 'c0' }));
    expect(report.count).toBe(REPORT_CLIENTS_MAX + 6);
    expect(report.clients.size).toBe(REPORT_CLIENTS_MAX);
    expect(report.clients.get('c0')?.count).toBe(2);
    expect(report.others.clients).toBe(5);
    expect(report.hosts.size).toBe(REPORT_HOSTS_MAX);
    expect(report.hosts.size + report.others.hosts).toBe(report.count);
    expect(report.routes.size).toBe(REPORT_ROUTES_MAX);
    expect(report.busiest).toBeLessThanOrEqual(2);
  });
});
