import { runChecked } from '../live/child-process.ts';

/** Between several values of one field; no header of the fixtures has it. */
const AGGREGATOR = '^';
const TSHARK_TIMEOUT_MS = 30_000;

const FIELDS = [
  'frame.time_epoch',
  'ip.src',
  'ipv6.src',
  'tcp.srcport',
  'ip.dst',
  'ipv6.dst',
  'tcp.dstport',
  'tcp.seq_raw',
  'http.request.method',
  'http.request.uri',
  'http.request.version',
  'http.host',
  'http.user_agent',
  'http.response.version',
  'http.response.code',
  'http.response.phrase',
  'http.content_length_header',
  'http.content_type',
  'ieee8021ad.id',
  'vlan.id',
] as const;

type Field = (typeof FIELDS)[number];

/**
 * The lines of a capture as tshark's dissection gives them, frame by frame without reassembly: another
 * program's reading of the same bytes, in the words of httplog's contract. For captures whose heads are whole
 * and whose text is plain.
 */
export async function readWithTshark(path: string): Promise<string[]> {
  // Sequence numbers too: tshark looks into no segment that it takes for one sent again.
  const switchedOff = [
    'tcp.desegment_tcp_streams',
    'ip.defragment',
    'tcp.analyze_sequence_numbers',
  ];
  const options = switchedOff.flatMap((name) => ['-o', `${name}:FALSE`]);
  const shape = ['-T', 'fields', '-E', 'occurrence=a', '-E', `aggregator=${AGGREGATOR}`];
  const fields = FIELDS.flatMap((field) => ['-e', field]);
  const output = await runChecked(
    'tshark',
    ['-n', '-r', path, '-Y', 'http.request or http.response', ...options, ...shape, ...fields],
    { timeoutMs: TSHARK_TIMEOUT_MS },
  );
  const lines = new Map<string, string>();
  for (const row of output.split('\n').filter((text) => text !== '')) {
    const values = row.split('\t');
    const all = (field: Field) => values[FIELDS.indexOf(field)].split(AGGREGATOR);
    const first = (field: Field) => all(field)[0];
    const tags = ['ieee8021ad.id' as const, 'vlan.id' as const]
      .map((field) => values[FIELDS.indexOf(field)].replaceAll(AGGREGATOR, '.'))
      .filter((ids) => ids !== '')
      .join('.');
    // Of several messages in a segment each has its own value of a field, or none has one.
    const messagesCount = Math.max(
      all('http.request.method').length,
      all('http.response.code').length,
    );
    for (let index = 0; index < messagesCount; index++) {
      const line = describeMessage((field) =>
        field.startsWith('http.') ? (all(field)[index] ?? '') : first(field),
      );
      // A segment that was sent, or seen, twice has the same messages.
      const place = [...line.split(' ').slice(2, 4), first('tcp.seq_raw'), index].join(' ');
      if (!lines.has(place)) {
        lines.set(place, tags === '' ? line : `${line} vlan=${tags}`);
      }
    }
  }
  return [...lines.values()];
}

function describeMessage(value: (field: Field) => string): string {
  const [seconds, fraction] = value('frame.time_epoch').split('.');
  const time = new Date(Number(seconds) * 1000).toISOString().slice(0, 19).replace('T', ' ');
  const source = `${value('ip.src') || value('ipv6.src')}#${value('tcp.srcport')}`;
  const target = `${value('ip.dst') || value('ipv6.dst')}#${value('tcp.dstport')}`;
  const message =
    value('http.request.method') === ''
      ? [
          'CR',
          value('http.response.version'),
          value('http.response.code'),
          value('http.response.phrase'),
          value('http.content_length_header') || '-',
          value('http.content_type') || '-',
        ]
      : [
          'CQ',
          value('http.request.method'),
          value('http.request.uri'),
          value('http.request.version'),
          value('http.host') || '-',
          value('http.user_agent') || '-',
        ];
  return `${time}.${fraction.slice(0, 3)} ${source} ${target} ${message.join(' ')}`;
}
