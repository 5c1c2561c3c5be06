/**
 * What it costs to read connections as bytes: events alone, records, and lines of json with the usual redaction.
 *
 *     node bench/stream.ts [--rounds 5] [--seconds 1]
 *
 * Conversations are fed from memory, as a relay's reads of 64 KiB or as reads of 1,448 bytes. CPU time of this
 * process; the ways take turns, the first round is not counted.
 */
import { parseArgs } from 'node:util';
import { createCounters } from '../src/counters/counters.ts';
import { FILTER_EMPTY } from '../src/filter/filter-settings.ts';
import type { BatchSink } from '../src/format/line-batch.ts';
import { TEXT_COLUMNS_DEFAULT } from '../src/format/text-line.ts';
import { createTimestampText } from '../src/format/timestamp.ts';
import { createRecordFieldTables } from '../src/http/grammar.ts';
import { BATCH_BYTES } from '../src/limits.ts';
import { createBatchBuilder } from '../src/output/batch-builder.ts';
import { createRecordOutputs } from '../src/output/create-record-outputs.ts';
import { CLIENT_CHOICE_DEFAULT } from '../src/record/client-source.ts';
import { UNKNOWN } from '../src/record/exchange.ts';
import { SIDE_SERVER } from '../src/record/message-type.ts';
import { REDACTION_DEFAULTS } from '../src/redact/redaction-settings.ts';
import { ConnectionExchanges, createExchangeParts } from '../src/stream/exchanges.ts';
import {
  CLOSE_UNSEEN,
  type Direction,
  FROM_CLIENT,
  FROM_SERVER,
  type HttpEvents,
} from '../src/stream/http-events.ts';
import { HttpStream } from '../src/stream/http-stream.ts';
import { createStreamParts } from '../src/stream/stream-state.ts';
import { median } from './measure/statistics.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
  },
});

/** Exchanges of one connection. */
const EXCHANGES_PER_CONNECTION = 100;
const START_SEC = 1_700_000_000;
const BYTES_PER_MEGABYTE = 1e6;

const REQUEST = Buffer.from(
  'GET /shop/cart?item=7&user=ann HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n' +
    'Accept: text/html,application/xhtml+xml\r\nAccept-Language: en\r\nAccept-Encoding: gzip, br\r\n' +
    'Cookie: session=0123456789abcdef\r\nX-Request-ID: 4bf92f3577b34da6a3ce929d0e0e4736\r\n\r\n',
);

function response(bodyBytes: number): Buffer {
  const head = `HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sat, 28 Nov 2026 00:00:00 GMT\r\nContent-Type: text/html\r\nContent-Length: ${bodyBytes}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), Buffer.alloc(bodyBytes, 'x')]);
}

function chunkedResponse(bodyBytes: number, chunkBytes: number): Buffer {
  const parts = [
    Buffer.from('HTTP/1.1 200 OK\r\nServer: nginx\r\nTransfer-Encoding: chunked\r\n\r\n'),
  ];
  for (let at = 0; at < bodyBytes; at += chunkBytes) {
    parts.push(
      Buffer.from(`${chunkBytes.toString(16)}\r\n`),
      Buffer.alloc(chunkBytes, 'x'),
      Buffer.from('\r\n'),
    );
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

interface Conversation {
  name: string;
  answer: Buffer;
  /** Bytes of a feed at most. */
  readBytes: number;
}

const CONVERSATIONS: readonly Conversation[] = [
  { name: 'small: 150 B', answer: response(150), readBytes: 65_536 },
  { name: 'small, heads in two reads', answer: response(150), readBytes: 200 },
  { name: 'middle: 64 KB', answer: response(65_536), readBytes: 65_536 },
  { name: 'middle, in reads of 1,448 B', answer: response(65_536), readBytes: 1448 },
  { name: 'middle, in chunks of 1 KiB', answer: chunkedResponse(65_536, 1024), readBytes: 65_536 },
  { name: 'large: 10 MB', answer: response(10_000_000), readBytes: 65_536 },
];

const nothing = (): void => {};
const NO_EVENTS: HttpEvents = {
  requestHead: nothing,
  requestData: nothing,
  requestEnd: nothing,
  interimHead: nothing,
  responseHead: nothing,
  responseData: nothing,
  responseEnd: nothing,
  missing: nothing,
  upgraded: nothing,
  upgradedData: nothing,
  proxied: nothing,
  lost: nothing,
  closed: nothing,
};

const fields = createRecordFieldTables([]);
const streamParts = createStreamParts(fields);
let exchangesCount = 0;
const count = (): void => {
  exchangesCount++;
};
const batch = new Uint8Array(BATCH_BYTES);
const sink: BatchSink = { isFull: false, take: () => batch, put: nothing, ready: async () => {} };
const settings = {
  outputs: [
    { format: 'json', template: undefined, records: 'exchanges', isSplitByType: false } as const,
  ],
  headerNames: [],
  client: CLIENT_CHOICE_DEFAULT,
  filter: FILTER_EMPTY,
  redaction: REDACTION_DEFAULTS,
  textColumns: TEXT_COLUMNS_DEFAULT,
  hostName: 'bench',
};
const outputs = createRecordOutputs(
  settings,
  { ...settings, namedFields: fields.namedFields, utcOffset: () => 0 },
  [createBatchBuilder(sink, false)],
  createCounters(),
  createTimestampText(() => 0),
);
const facts = {
  client: { address: Uint8Array.of(192, 0, 2, 1), port: 40000 },
  server: { address: Uint8Array.of(198, 51, 100, 7), port: 80 },
  side: SIDE_SERVER,
  seedWord: 7,
  connectNs: UNKNOWN,
} as const;
const recordParts = createExchangeParts(streamParts, { exchange: count });
const keptParts = createExchangeParts(
  streamParts,
  { exchange: count },
  { isHeadKept: true, bodyBytesMax: 65_536 },
);
const lineParts = createExchangeParts(streamParts, outputs);

const WAYS: readonly { name: string; open: () => HttpStream }[] = [
  { name: 'events', open: () => new HttpStream(streamParts, NO_EVENTS) },
  { name: 'records', open: () => new ConnectionExchanges(recordParts, facts).stream },
  {
    name: 'records, heads and 64 KiB of bodies',
    open: () => new ConnectionExchanges(keptParts, facts).stream,
  },
  { name: 'lines of json', open: () => new ConnectionExchanges(lineParts, facts).stream },
];

function feedAll(stream: HttpStream, from: Direction, bytes: Buffer, readBytes: number): void {
  for (let at = 0; at < bytes.length; at += readBytes) {
    stream.feed(from, bytes, at, Math.min(bytes.length, at + readBytes), START_SEC, at);
  }
}

/** Exchanges a second of CPU time. */
function measure({ answer, readBytes }: Conversation, open: () => HttpStream): number {
  const untilMs = performance.now() + (1000 * Number(values.seconds)) / 2;
  const started = process.cpuUsage();
  let exchanges = 0;
  while (performance.now() < untilMs) {
    const stream = open();
    for (let index = 0; index < EXCHANGES_PER_CONNECTION; index++) {
      feedAll(stream, FROM_CLIENT, REQUEST, readBytes);
      feedAll(stream, FROM_SERVER, answer, readBytes);
    }
    stream.close(FROM_CLIENT, CLOSE_UNSEEN);
    exchanges += EXCHANGES_PER_CONNECTION;
  }
  const { user, system } = process.cpuUsage(started);
  return exchanges / ((user + system) / 1e6);
}

const rows = CONVERSATIONS.flatMap((conversation) => {
  const figures = WAYS.map((): number[] => []);
  for (let round = -1; round < Number(values.rounds); round++) {
    WAYS.forEach(({ open }, way) => {
      const perSecond = measure(conversation, open);
      if (round >= 0) {
        figures[way].push(perSecond);
      }
    });
  }
  const bytes = REQUEST.length + conversation.answer.length;
  return WAYS.map(({ name }, way) => {
    const perSecond = median(figures[way]);
    return {
      conversation: conversation.name,
      way: name,
      'CPU us an exchange': (1e6 / perSecond).toFixed(2),
      'exchanges a CPU second': Math.round(perSecond),
      'MB a CPU second': Math.round((perSecond * bytes) / BYTES_PER_MEGABYTE),
    };
  });
});
console.table(rows);
if (exchangesCount === 0 || recordParts.lostCounts.some((lost) => lost > 0)) {
  console.error('The conversations were not read');
  process.exitCode = 1;
}
