import { spawnSync } from 'node:child_process';

/** Messages are put together from segments in any order before they show: what exchanges are compared with. */
export const LOOK_FULL = 'full';
/** The same, but a segment that is missing is not waited for: what comes behind a gap shows too. */
export const LOOK_IN_ORDER = 'in order';
/** Heads alone are put together: a response shows although its body is not whole. */
export const LOOK_AT_HEADS = 'heads';
/** The same without waiting, and what tshark takes for another protocol by its port is HTTP. */
export const LOOK_AT_HEADS_IN_ORDER = 'heads in order';
export const LOOKS = [LOOK_FULL, LOOK_IN_ORDER, LOOK_AT_HEADS, LOOK_AT_HEADS_IN_ORDER] as const;

export type Look = (typeof LOOKS)[number];

const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;
/** A layer that occurs twice gives its values with this between them. */
const BETWEEN = '|';
const FIELDS = [
  'frame.number',
  'ip.src',
  'ipv6.src',
  'tcp.srcport',
  'http.request.method',
  'http.request.uri',
  'http.response.code',
  'http.request_in',
  'http.date',
] as const;
type FieldName = (typeof FIELDS)[number];

const PREFERENCES = ['-o', 'tcp.desegment_tcp_streams:TRUE', '-o', 'tcp.check_checksum:FALSE'];
const ANY_ORDER = ['-o', 'tcp.reassemble_out_of_order:TRUE'];
const IN_ORDER = ['-o', 'tcp.reassemble_out_of_order:FALSE'];
const HEADS = [
  ...['-o', 'http.desegment_body:FALSE', '-o', 'http.dechunk_body:FALSE'],
  ...['-o', 'http.decompress_body:FALSE'],
];
const NOTHING_BY_PORT = ['sip', 'pgsql', 'ipp'].flatMap((name) => ['--disable-protocol', name]);
const LOOK_ARGUMENTS: Record<Look, readonly string[]> = {
  [LOOK_FULL]: ANY_ORDER,
  [LOOK_IN_ORDER]: IN_ORDER,
  [LOOK_AT_HEADS]: [...ANY_ORDER, ...HEADS],
  [LOOK_AT_HEADS_IN_ORDER]: [...IN_ORDER, ...HEADS, ...NOTHING_BY_PORT],
};

/**
 * The request and the final response of each exchange that tshark finds in a capture, as the keys that
 * `pairKey` gives.
 */
export function readSharkPairs(path: string, look: Look): string[] {
  const args = [
    ...['-n', '-r', path, '-Y', 'http', '--enable-heuristic', 'http_tcp'],
    ...PREFERENCES,
    ...LOOK_ARGUMENTS[look],
    ...['-T', 'fields', '-E', `aggregator=${BETWEEN}`],
    ...FIELDS.flatMap((field) => ['-e', field]),
  ];
  const { stdout, error } = spawnSync('tshark', args, {
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  if (error !== undefined) {
    throw error;
  }
  return pairRows(stdout.split('\n').filter(Boolean).map(readRow));
}

/** What an exchange is known by on both sides. */
export function pairKey(
  client: string,
  port: string | number,
  method: string,
  target: string,
  status: string | number,
  date: string,
): string {
  return [client, port, method, target, status, date].join(' ');
}

type Row = (name: FieldName) => string[];

function readRow(line: string): Row {
  const columns = line.split('\t');
  return (name) => {
    const text = columns[FIELDS.indexOf(name)] ?? '';
    return text === '' ? [] : text.split(BETWEEN);
  };
}

function pairRows(rows: Row[]): string[] {
  const requests = new Map<string, { row: Row; answeredCount: number }>();
  const keys: string[] = [];
  for (const row of rows) {
    if (row('http.request.method').length > 0) {
      requests.set(row('frame.number')[0], { row, answeredCount: 0 });
    }
    row('http.response.code').forEach((status, index) => {
      const request = requests.get(row('http.request_in')[index] ?? '');
      const isInterim = status.startsWith('1') && status !== '101';
      if (request !== undefined && !isInterim) {
        keys.push(keyOf(request.row, request.answeredCount++, row, index));
      }
    });
  }
  return keys;
}

/** Of tunnels the innermost addresses; of a frame with several messages the one with this index. */
function keyOf(request: Row, requestIndex: number, response: Row, responseIndex: number): string {
  const client = [...request('ip.src'), ...request('ipv6.src')].at(-1) ?? '';
  const port = request('tcp.srcport').at(-1) ?? '';
  const methods = request('http.request.method');
  const index = Math.min(requestIndex, methods.length - 1);
  const target = request('http.request.uri')[index] ?? '';
  const statuses = response('http.response.code');
  const dates = response('http.date');
  const date = dates[dates.length === statuses.length ? responseIndex : 0] ?? '';
  return pairKey(client, port, methods[index], target, statuses[responseIndex], date);
}
