import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CaptureSnapshot } from '../../src/admin/capture-snapshot.ts';
import { collectCaptureMetrics } from '../../src/admin/metrics-capture.ts';
import { ProcessMetrics } from '../../src/admin/metrics-process.ts';
import {
  createHistogram,
  createLabelledMetric,
  type Metric,
  renderMetrics,
} from '../../src/admin/metrics-text.ts';
import { readVersion } from '../../src/admin/version.ts';
import * as slots from '../../src/counters/counter-table.ts';
import { createCounters } from '../../src/counters/counters.ts';
import { waitUntil } from '../live/child-process.ts';
import { missingTool, titleWithReason } from '../live/requirements.ts';
import { PATIENCE_MS } from '../patience.ts';
import { readProjectFile } from '../structure/source-files.ts';
import { type ParsedMetric, parseMetrics, readValue } from './parse-metrics.ts';

/** Every counter has another value, so that no two can be taken for each other. */
function makeCapture(changes: Partial<CaptureSnapshot> = {}): CaptureSnapshot {
  return {
    interfaceName: 'eth0',
    isCapturing: true,
    counters: createCounters().map((_, slot) => 1000 + slot),
    writer: {
      linesWritten: 11,
      bytesWritten: 12,
      linesDropped: 13,
      writeErrors: 14,
      filesOpened: 15,
    },
    upkeep: {
      filesRotated: 21,
      filesCompressed: 22,
      compressionInputBytes: 23,
      compressionOutputBytes: 24,
      filesDeleted: { 'keep-days': 25, 'keep-files': 26, 'max-disk': 27 },
      upkeepErrors: 28,
    },
    pendingBatches: 16,
    failingPaths: ['/log/a'],
    redactionNames: ['headers', 'query'],
    workersCount: 2,
    areWorkersAlive: true,
    ...changes,
  };
}

/** What Prometheus' own tool has to say about a text. */
function checkMetrics(input: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    encoding: 'utf8',
    input,
  });
  return { status, output: stdout + stderr };
}

describe('the metrics of a capture', () => {
  const text = renderMetrics(collectCaptureMetrics(makeCapture()));
  const metrics = parseMetrics(text);

  test('show each counter where it belongs', () => {
    const value = (name: string, labels?: Record<string, string>) =>
      readValue(metrics, name, labels);
    const at = (slot: number) => 1000 + slot;
    expect(value('httplog_packets_received_total')).toBe(at(slots.COUNTER_KERNEL_PACKETS));
    expect(value('httplog_packets_dropped_total')).toBe(at(slots.COUNTER_KERNEL_DROPS));
    expect(value('httplog_ring_freezes_total')).toBe(at(slots.COUNTER_KERNEL_FREEZES));
    expect(value('httplog_ring_fill_ratio')).toBe(at(slots.COUNTER_RING_FILL));
    expect(value('httplog_ring_fill_max_ratio')).toBe(at(slots.COUNTER_RING_FILL_MAX));
    expect(value('httplog_packets_unread_total')).toBe(at(slots.COUNTER_PACKETS_UNREAD));
    expect(value('httplog_other_segments_total', { protocol: 'http2' })).toBe(
      at(slots.COUNTER_OTHER_PROTOCOL_FIRST + 1),
    );
    expect(value('httplog_frame_bytes_total')).toBe(at(slots.COUNTER_FRAME_BYTES));
    expect(value('httplog_frames_total', { verdict: 'segment' })).toBe(
      at(slots.COUNTER_VERDICT_FIRST),
    );
    expect(value('httplog_frames_total', { verdict: 'tunnel_too_deep' })).toBe(
      at(slots.COUNTER_VERDICT_FIRST + 18),
    );
    expect(value('httplog_messages_total', { type: 'SR' })).toBe(
      at(slots.COUNTER_MESSAGES_FIRST + 3),
    );
    expect(value('httplog_exchanges_total', { outcome: 'complete' })).toBe(
      at(slots.COUNTER_TRACKER_FIRST),
    );
    expect(value('httplog_exchanges_total', { outcome: 'gap' })).toBe(
      at(slots.COUNTER_TRACKER_FIRST + 5),
    );
    expect(value('httplog_flows')).toBe(at(slots.COUNTER_TRACKER_FIRST + 8));
    expect(value('httplog_redactions_total', { pattern: 'query' })).toBe(
      at(slots.COUNTER_REDACTIONS_FIRST + 1),
    );
    expect(value('httplog_requests_total', { method: 'GET' })).toBe(at(slots.COUNTER_METHOD_FIRST));
    expect(value('httplog_requests_total', { method: 'other' })).toBe(
      at(slots.COUNTER_METHOD_FIRST + 9),
    );
    expect(value('httplog_responses_total', { status_class: '5xx' })).toBe(
      at(slots.COUNTER_STATUS_CLASS_FIRST + 4),
    );
    expect(value('httplog_lines_written_total')).toBe(11);
    expect(value('httplog_written_bytes_total')).toBe(12);
    expect(value('httplog_lines_dropped_total', { reason: 'given_up' })).toBe(13);
    expect(value('httplog_lines_dropped_total', { reason: 'no_buffer' })).toBe(
      at(slots.COUNTER_LINES_DROPPED),
    );
    expect(value('httplog_write_errors_total')).toBe(14);
    expect(value('httplog_files_opened_total')).toBe(15);
    expect(value('httplog_files_rotated_total')).toBe(21);
    expect(value('httplog_files_compressed_total')).toBe(22);
    expect(value('httplog_compression_input_bytes_total')).toBe(23);
    expect(value('httplog_compression_output_bytes_total')).toBe(24);
    expect(value('httplog_files_deleted_total', { reason: 'keep_days' })).toBe(25);
    expect(value('httplog_files_deleted_total', { reason: 'keep_files' })).toBe(26);
    expect(value('httplog_files_deleted_total', { reason: 'max_disk' })).toBe(27);
    expect(value('httplog_upkeep_errors_total')).toBe(28);
    expect(value('httplog_batches_pending')).toBe(16);
    expect(value('httplog_files_failing')).toBe(1);
    expect(value('httplog_workers')).toBe(2);
    expect(value('httplog_capturing')).toBe(1);
  });

  test('say that nothing is captured when nothing is', () => {
    const idle = collectCaptureMetrics(makeCapture({ isCapturing: false }));
    expect(readValue(parseMetrics(renderMetrics(idle)), 'httplog_capturing')).toBe(0);
  });

  test('have a histogram whose buckets grow up to the count', () => {
    const { samples } = metrics.get('httplog_exchange_time_to_first_byte_seconds') as ParsedMetric;
    const buckets = samples.filter(({ labels }) => 'le' in labels);
    const bounds = buckets.map(({ labels }) => Number(labels.le.replace('+Inf', 'Infinity')));
    expect(bounds).toEqual([...slots.FIRST_BYTE_BOUNDS_SEC, Number.POSITIVE_INFINITY]);
    const counts = buckets.map(({ value }) => value);
    expect(counts).toEqual(counts.toSorted((one, other) => one - other));
    const name = 'httplog_exchange_time_to_first_byte_seconds';
    expect(counts.at(-1)).toBe(readValue(metrics, `${name}_count`));
    const all = slots.FIRST_BYTE_COUNTS_COUNT;
    const first = 1000 + slots.COUNTER_FIRST_BYTE_FIRST;
    expect(counts.at(-1)).toBe(all * first + (all * (all - 1)) / 2);
    expect(readValue(metrics, `${name}_sum`)).toBe(1000 + slots.COUNTER_FIRST_BYTE_SEC);
  });
});

/** Milliseconds until the event loop has been looked at. */
const WAIT_MS = PATIENCE_MS;

describe('the metrics of the process', () => {
  let ofProcess: ProcessMetrics;
  beforeEach(() => {
    ofProcess = new ProcessMetrics('1.2.3');
  });
  afterEach(() => ofProcess.close());

  test('tell memory, time, files and build', async () => {
    const metrics = parseMetrics(renderMetrics(ofProcess.collect()));
    expect(readValue(metrics, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
    expect(readValue(metrics, 'process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(readValue(metrics, 'process_open_fds')).toBeGreaterThan(2);
    const startedSec = readValue(metrics, 'process_start_time_seconds');
    expect(startedSec).toBeLessThanOrEqual(Date.now() / 1000 + 1);
    expect(startedSec).toBeGreaterThan(Date.now() / 1000 - 3600);
    const labels = { version: '1.2.3', node: process.versions.node };
    expect(readValue(metrics, 'httplog_build_info', labels)).toBe(1);
  });

  test('tell how late the event loop was', async () => {
    const name = 'httplog_event_loop_delay_seconds';
    const readMax = () =>
      readValue(parseMetrics(renderMetrics(ofProcess.collect())), name, { statistic: 'max' });
    await waitUntil('it looks', () => readMax() > 0, WAIT_MS);
    const until = performance.now() + 150;
    while (performance.now() < until) {
      // The event loop waits.
    }
    await waitUntil('it has looked', () => readMax() > 0.1, WAIT_MS);
    expect(readMax()).toBeLessThan(10);
  });

  test('know the version of this installation', () => {
    expect(readVersion()).toBe(JSON.parse(readProjectFile('package.json')).version);
  });
});

describe('all metrics', () => {
  const ofProcess = new ProcessMetrics('1.2.3');
  const all: Metric[] = [...collectCaptureMetrics(makeCapture()), ...ofProcess.collect()];
  ofProcess.close();

  test.each(all.map((metric) => [metric.name, metric] as const))('%s has its name', (_, metric) => {
    const { name, type, help } = metric;
    expect(name).toMatch(/^(httplog|process)_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(name).not.toMatch(/_(ms|milliseconds|kb|mb|kilobytes|percent)(_|$)/);
    expect(help).toMatch(/^[A-Z0-9].*[^.\s]$/);
  });

  const noPromtool = missingTool('promtool');
  test.skipIf(noPromtool)(titleWithReason('promtool finds nothing wrong', noPromtool), () => {
    expect(checkMetrics(renderMetrics(all))).toEqual({ status: 0, output: '' });
    const wrong = 'httplog_files_rotated 1\n# TYPE httplog_files_rotated counter\n';
    expect(checkMetrics(wrong).status).not.toBe(0);
  });

  test('are all in docs/metrics.md, and nothing else is', () => {
    const rows = [...readProjectFile('docs/metrics.md').matchAll(/^\| `([a-z_]+)[`{]/gm)];
    const documented = rows.map(([, name]) => name);
    const names = ['httplog_ready', ...all.map(({ name }) => name)];
    expect(documented.toSorted()).toEqual(names.toSorted());
  });
});

describe('the text format', () => {
  test('keeps any label value as it is', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 12 })), (values) => {
        const metric = createLabelledMetric(
          'counter',
          { name: 'a_total', help: 'Help with \\ and\nlines' },
          'name',
          values.map((value, index) => [value, index]),
        );
        const parsed = parseMetrics(renderMetrics([metric])).get('a_total');
        expect(parsed?.help).toBe('Help with \\\\ and\\nlines');
        expect(parsed?.samples.map(({ labels }) => labels.name)).toEqual(values);
        expect(parsed?.samples.map(({ value }) => value)).toEqual([...values.keys()]);
      }),
      { numRuns: 200 },
    );
  });

  test('has the values that are no numbers, large ones and small ones', () => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 60, 1e-9];
    const metric = createLabelledMetric(
      'gauge',
      { name: 'a', help: 'Help' },
      'n',
      values.map((value, index) => [`${index}`, value]),
    );
    const parsed = parseMetrics(renderMetrics([metric])).get('a');
    expect(parsed?.samples.map(({ value }) => value)).toEqual(values);
  });

  test('counts the buckets of a histogram up', () => {
    const text = renderMetrics([
      createHistogram({ name: 'a_seconds', help: 'Help' }, [0.5, 1], [3, 0, 2], 7.5),
    ]);
    expect(text).toBe(
      '# HELP a_seconds Help\n# TYPE a_seconds histogram\n' +
        'a_seconds_bucket{le="0.5"} 3\na_seconds_bucket{le="1"} 3\na_seconds_bucket{le="+Inf"} 5\n' +
        'a_seconds_sum 7.5\na_seconds_count 5\n',
    );
  });
});
