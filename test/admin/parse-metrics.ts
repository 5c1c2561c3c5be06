/** A reader of Prometheus' text format 0.0.4 that shares nothing with its writer, and takes no mistake. */

export interface ParsedMetric {
  name: string;
  type: string;
  help: string;
  samples: { name: string; labels: Record<string, string>; value: number }[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const TYPES = ['counter', 'gauge', 'histogram'];

/** The metrics by name; throws at the first line that breaks a rule of the format. */
export function parseMetrics(text: string): Map<string, ParsedMetric> {
  const metrics = new Map<string, ParsedMetric>();
  const series = new Set<string>();
  if (!text.endsWith('\n')) {
    throw new Error('the last line has no line feed');
  }
  let metric: ParsedMetric | undefined;
  let help: { name: string; text: string } | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    if (line.startsWith('# HELP ')) {
      const [name, ...words] = line.slice('# HELP '.length).split(' ');
      help = { name, text: words.join(' ') };
    } else if (line.startsWith('# TYPE ')) {
      const [name, type] = line.slice('# TYPE '.length).split(' ');
      check(help?.name === name, `no HELP before ${line}`);
      check(NAME.test(name) && TYPES.includes(type), line);
      check(!metrics.has(name), `${name} comes twice`);
      metric = { name, type, help: help?.text ?? '', samples: [] };
      metrics.set(name, metric);
    } else {
      check(metric !== undefined, `no TYPE before ${line}`);
      const sample = parseSample(line);
      check(belongs(sample.name, metric as ParsedMetric), `${line} is not of ${metric?.name}`);
      const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
      check(!series.has(key), `${line} comes twice`);
      series.add(key);
      metric?.samples.push(sample);
    }
  }
  return metrics;
}

/** The value of the sample with these labels. */
export function readValue(
  metrics: Map<string, ParsedMetric>,
  name: string,
  labels: Record<string, string> = {},
): number {
  const all = [...metrics.values()].flatMap(({ samples }) => samples);
  const wanted = JSON.stringify(Object.entries(labels).sort());
  const found = all.find(
    (sample) =>
      sample.name === name && JSON.stringify(Object.entries(sample.labels).sort()) === wanted,
  );
  check(found !== undefined, `no ${name} ${wanted}`);
  return found?.value ?? Number.NaN;
}

function belongs(name: string, metric: ParsedMetric): boolean {
  return metric.type === 'histogram'
    ? ['_bucket', '_sum', '_count'].some((suffix) => name === metric.name + suffix)
    : name === metric.name;
}

/** By hand, character after character: quotes and braces may stand in a label's value. */
function parseSample(line: string): ParsedMetric['samples'][number] {
  const name = /^[^ {]+/.exec(line)?.[0] ?? '';
  check(NAME.test(name), line);
  const labels: Record<string, string> = {};
  let at = name.length;
  if (line[at] === '{') {
    at++;
    while (line[at] !== '}') {
      const label = /^[a-zA-Z_][a-zA-Z0-9_]*(?==")/.exec(line.slice(at))?.[0] ?? '';
      check(label !== '' && !(label in labels), line);
      at += label.length + 2;
      let value = '';
      while (line[at] !== '"') {
        check(at < line.length, line);
        if (line[at] === '\\') {
          const escaped = { n: '\n', '\\': '\\', '"': '"' }[line[at + 1]];
          check(escaped !== undefined, line);
          value += escaped;
          at += 2;
        } else {
          value += line[at++];
        }
      }
      labels[label] = value;
      at++;
      check(line[at] === ',' || line[at] === '}', line);
      at += line[at] === ',' ? 1 : 0;
    }
    at++;
  }
  const text = line.slice(at);
  check(/^ (-?[0-9.]+(e[+-]?[0-9]+)?|\+Inf|-Inf|NaN)$/.test(text), line);
  const value = Number(text.trim().replace('Inf', 'Infinity'));
  return { name, labels, value };
}

function check(isRight: boolean, what: string): void {
  if (!isRight) {
    throw new Error(`Not the text format: ${what}`);
  }
}
