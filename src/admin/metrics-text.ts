/** One figure of a metric. */
export interface MetricSample {
  /** Behind the metric's name: `_bucket`, `_sum` and `_count` of a histogram. */
  suffix?: string;
  labels?: readonly (readonly [name: string, value: string])[];
  value: number;
}

/** What a metric is called and what it counts. */
export interface MetricNames {
  /** With its base unit at the end, and `_total` behind that for a counter. */
  name: string;
  /** One sentence without a final period. */
  help: string;
  /** What docs/metrics.md says beyond that. */
  note?: string | undefined;
}

/** A metric with all its samples, each with other labels. */
export interface Metric extends MetricNames {
  type: 'counter' | 'gauge' | 'histogram';
  samples: readonly MetricSample[];
}

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** A metric without labels. */
export function createMetric(type: 'counter' | 'gauge', names: MetricNames, value: number): Metric {
  return { ...names, type, samples: [{ value }] };
}

/** A metric with one label: a sample for each of its values. */
export function createLabelledMetric(
  type: 'counter' | 'gauge',
  names: MetricNames,
  label: string,
  values: readonly (readonly [labelValue: string, value: number])[],
): Metric {
  const samples = values.map(([labelValue, value]): MetricSample => {
    return { labels: [[label, labelValue]], value };
  });
  return { ...names, type, samples };
}

/**
 * A histogram.
 *
 * @param bounds upper bounds of the buckets, in rising order
 * @param counts of each bucket alone; one more than bounds, the last of all that was larger
 * @param sum of all values, in the unit of the bounds
 */
export function createHistogram(
  names: MetricNames,
  bounds: readonly number[],
  counts: readonly number[],
  sum: number,
): Metric {
  const samples: MetricSample[] = [];
  let count = 0;
  for (const [index, bucketCount] of counts.entries()) {
    count += bucketCount;
    const bound = printValue(bounds[index] ?? Number.POSITIVE_INFINITY);
    samples.push({ suffix: '_bucket', labels: [['le', bound]], value: count });
  }
  samples.push({ suffix: '_sum', value: sum }, { suffix: '_count', value: count });
  return { ...names, type: 'histogram', samples };
}

/**
 * Metrics in the text format of Prometheus, version 0.0.4.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function renderMetrics(metrics: readonly Metric[]): string {
  return metrics.map(renderMetric).join('');
}

function renderMetric({ name, help, type, samples }: Metric): string {
  const lines = samples.map(
    ({ suffix = '', labels = [], value }) =>
      `${name}${suffix}${renderLabels(labels)} ${printValue(value)}\n`,
  );
  return `# HELP ${name} ${escapeText(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function renderLabels(labels: NonNullable<MetricSample['labels']>): string {
  const pairs = labels.map(([name, value]) => `${name}="${escapeText(value, true)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** Label values may be an operator's own names: quotes end them, in a HELP line they do not. */
function escapeText(text: string, isQuoted = false): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return isQuoted ? escaped.replaceAll('"', '\\"') : escaped;
}

function printValue(value: number): string {
  if (Number.isFinite(value)) {
    return String(value);
  }
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
