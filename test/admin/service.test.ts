import { describe, expect, onTestFinished, test } from 'vitest';
import type { CaptureSnapshot } from '../../src/admin/capture-snapshot.ts';
import { AdminService } from '../../src/admin/service.ts';
import { parseStatus } from '../../src/admin/status.ts';
import * as slots from '../../src/counters/counter-table.ts';
import { createCounters } from '../../src/counters/counters.ts';
import { createUpkeepCounters } from '../../src/counters/writer-counts.ts';
import { parseMetrics, readValue } from './parse-metrics.ts';

function makeCapture(): CaptureSnapshot {
  const writer = {
    linesWritten: 0,
    bytesWritten: 0,
    linesDropped: 0,
    writeErrors: 0,
    filesOpened: 0,
  };
  return {
    interfaceName: 'eth0',
    isCapturing: true,
    counters: createCounters(),
    writer,
    pendingBatches: 0,
    failingPaths: [],
    upkeep: createUpkeepCounters(),
    redactionNames: ['headers'],
    workersCount: 1,
    areWorkersAlive: true,
  };
}

function startService(capture?: CaptureSnapshot): AdminService {
  const service = new AdminService();
  onTestFinished(() => service.close());
  if (capture !== undefined) {
    service.follow({ snapshot: () => capture });
  }
  return service;
}

function ready(service: AdminService): [status: number | undefined, body: string | undefined] {
  const answer = service.answer('/readyz');
  const { body } = service.answer('/metrics') ?? { body: '' };
  expect(readValue(parseMetrics(body), 'httplog_ready')).toBe(answer?.statusCode === 200 ? 1 : 0);
  return [answer?.statusCode, answer?.body];
}

describe('/readyz', () => {
  test('is 503 until there is a capture, though /healthz is 200', () => {
    const service = startService();
    expect(ready(service)).toEqual([503, 'Starting\n']);
    expect(service.answer('/healthz')).toMatchObject({ statusCode: 200 });
    expect(parseStatus(service.answer('/status')?.body ?? '')).toMatchObject({ capture: null });
  });

  test('is 200 while all is well', () => {
    expect(ready(startService(makeCapture()))).toEqual([200, 'ok\n']);
  });

  test('is 503 with each reason on a line', () => {
    const failingPaths = ['/log/a', '/log/b\nc'];
    const changes = { isCapturing: false, failingPaths, areWorkersAlive: false };
    const capture = { ...makeCapture(), ...changes };
    const lines = [
      'Not capturing on eth0',
      'Cannot write /log/a',
      'Cannot write /log/b?c',
      'A decode worker is stuck',
      '',
    ];
    expect(ready(startService(capture))).toEqual([503, lines.join('\n')]);
  });

  test.each([
    ['packets', (capture: CaptureSnapshot) => capture.counters[slots.COUNTER_KERNEL_DROPS]++],
    ['lines', (capture: CaptureSnapshot) => capture.counters[slots.COUNTER_LINES_DROPPED]++],
    ['lines at the disk', (capture: CaptureSnapshot) => capture.writer.linesDropped++],
  ])('is 503 for ten seconds after a loss of %s', (_, lose) => {
    let nowMs = 50_000;
    const now = performance.now;
    performance.now = () => nowMs;
    onTestFinished(() => {
      performance.now = now;
    });
    const capture = makeCapture();
    const service = startService(capture);
    expect(ready(service)[0]).toBe(200);
    lose(capture);
    const reason = 'Packets or lines were dropped in the last 10 seconds\n';
    expect(ready(service)).toEqual([503, reason]);
    nowMs += 9999;
    expect(ready(service)).toEqual([503, reason]);
    nowMs += 1;
    expect(ready(service)[0]).toBe(200);
  });
});

describe('/metrics', () => {
  test('has the content type of its format, and what httplog knows already before the capture', () => {
    const answer = startService().answer('/metrics');
    expect(answer?.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    const names = [...parseMetrics(answer?.body ?? '').keys()];
    expect(names).toContain('process_resident_memory_bytes');
    expect(names).not.toContain('httplog_flows');
  });
});

describe('/status', () => {
  test('has the figures of the capture', () => {
    const capture = makeCapture();
    capture.counters[slots.COUNTER_KERNEL_PACKETS] = 7;
    capture.counters[slots.COUNTER_MESSAGES_FIRST + 2] = 3;
    capture.counters[slots.COUNTER_TRACKER_FIRST] = 2;
    capture.writer.linesWritten = 5;
    const status = parseStatus(startService(capture).answer('/status')?.body ?? '');
    expect(status).toMatchObject({ pid: process.pid, reasons: [] });
    expect(status?.capture).toEqual({
      interfaceName: 'eth0',
      isCapturing: true,
      workers: 1,
      packets: 7,
      packetsDropped: 0,
      messages: 3,
      exchanges: 2,
      linesWritten: 5,
      linesDropped: 0,
    });
  });

  test('has null for exchanges while none has ended', () => {
    const status = parseStatus(startService(makeCapture()).answer('/status')?.body ?? '');
    expect(status?.capture).toMatchObject({ packets: 0, messages: 0, exchanges: null });
  });

  test.each(['', '[]', 'null', '{}', '{"pid":1}', '<html>'])('%j is not one', (text) => {
    expect(parseStatus(text)).toBeNull();
  });

  test('is not one when anything of it is of another type', () => {
    const status = JSON.parse(startService(makeCapture()).answer('/status')?.body ?? '');
    for (const key of Object.keys(status)) {
      expect(parseStatus(JSON.stringify({ ...status, [key]: true }))).toBeNull();
    }
    for (const key of Object.keys(status.capture)) {
      const capture = { ...status.capture, [key]: [] };
      expect(parseStatus(JSON.stringify({ ...status, capture }))).toBeNull();
    }
  });
});

test('there are no other paths', () => {
  expect(startService().answer('/')).toBeUndefined();
});
