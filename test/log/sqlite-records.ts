import type { LineBatch } from '../../src/format/line-batch.ts';

const PATHS = ['/', '/login', '/api/items/17', '/search', '/static/app.js'];
const STATUSES = [200, 200, 200, 304, 404, 500];

/** An exchange as the JSON format writes it; the number decides everything. */
export function makeRecord(number: number, changes: object = {}): Record<string, unknown> {
  const digits = number.toString(16).padStart(12, '0');
  const path = PATHS[number % PATHS.length];
  return {
    record: 'exchange',
    time: new Date(Date.UTC(2026, 10, 21, 10) + number * 997).toISOString().replace('Z', '000Z'),
    id: `019aa5d2-5c00-7000-8000-${digits}`,
    side: 'server',
    type: 'CQ',
    client_ip: `192.0.2.${number % 50}`,
    client_port: 40_000 + (number % 20_000),
    server_ip: '198.51.100.7',
    server_port: 80,
    vlan: [100, 5],
    method: 'GET',
    target: `${path}?page=${number}`,
    path,
    query: `page=${number}`,
    version: 'HTTP/1.1',
    host: `host${number % 3}.example.com`,
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)',
    status: STATUSES[number % STATUSES.length],
    reason: 'OK',
    response_content_type: 'text/html; charset=UTF-8',
    content_length: number * 3,
    server: 'nginx/1.22.1',
    ttfb_ms: 1.25 + (number % 100),
    duration_ms: 2.5 + (number % 100),
    request_head_bytes: 312,
    request_body_bytes: 0,
    response_head_bytes: 240,
    response_body_bytes: number * 3,
    retransmitted_segments: 0,
    complete: true,
    request_headers: { Accept: 'text/html', Cookie: `session=${number}` },
    ...changes,
  };
}

/** A message as the JSON format writes it. */
export function makeMessage(number: number, changes: object = {}): Record<string, unknown> {
  const { complete: _complete, duration_ms: _duration, ...record } = makeRecord(number);
  return { ...record, record: 'message', ...changes };
}

/** A batch in a buffer that is larger than its lines. */
export function makeRecordBatch(records: readonly unknown[], day = 20261121): LineBatch {
  const lines = records.map((record) =>
    typeof record === 'string' ? `${record}\n` : `${JSON.stringify(record)}\n`,
  );
  const text = new TextEncoder().encode(lines.join(''));
  const bytes = new Uint8Array(text.byteLength + 1000).fill(0x21);
  bytes.set(text);
  return { bytes, byteLength: text.byteLength, lineCount: lines.length, output: 0, stream: 0, day };
}

export function makeRecords(count: number, first = 0): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, index) => makeRecord(first + index));
}
