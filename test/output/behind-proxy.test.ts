import { describe, expect, test } from 'vitest';
import { PROXIES_TRUSTED_DEFAULT } from '../../src/config/client-spelling.ts';
import { parseNetwork } from '../../src/config/network-values.ts';
import { FILTER_EMPTY } from '../../src/filter/filter-settings.ts';
import {
  FORMAT_NAMES,
  type RecordFormatName,
  usualRecords,
} from '../../src/format/format-table.ts';
import type { OutputSettings } from '../../src/output/output-settings.ts';
import type { ClientSourceName } from '../../src/record/client-source.ts';
import type { Records } from '../../src/record/record-kinds.ts';
import { REDACTION_DEFAULTS } from '../../src/redact/redaction-settings.ts';
import type { PipelineSettings } from '../../src/worker/pipeline-settings.ts';
import { Conversation } from '../exchange/conversation.ts';
import { attributesOf, logRecordOf } from '../format/json-model.ts';
import { ListSink, run } from '../worker/pipeline-parts.ts';

/** What lines say of connections that a proxy has passed on, from their packets to each format. */

const PEER = { address: '10.0.0.1', port: 40_000 };
const SERVER = { address: '10.0.0.2', port: 80 };
const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const V1 = 'PROXY TCP4 192.0.2.7 198.51.100.4 5555 80\r\n';
const V1_MAPPED = 'PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.4 5555 80\r\n';
const V2 = Buffer.concat([
  Buffer.from('\r\n\r\n\0\r\nQUIT\n\x21\x21', 'latin1'),
  Buffer.from([0, 36]),
  Buffer.from('20010db8000000000000000000000007', 'hex'),
  Buffer.from('20010db8000000000000000000000008', 'hex'),
  Buffer.from([0x15, 0xb3, 0, 80]),
]);
const KEY = new Uint8Array(Buffer.from('0123456789abcdef'));
const TEMPLATE =
  '{client_ip} {proxy_client_ip} {proxy_client_port} {original_client_ip} {original_client_port} {client_from}' +
  ' {forwarded_for} {forwarded} {proxy_server_ip} {proxy_server_port}';

const get = (path: string, ...lines: string[]) =>
  ['GET /', path, ' HTTP/1.1\r\nHost: h\r\n', ...lines.map((line) => `${line}\r\n`), '\r\n'].join(
    '',
  );

/** Two requests of one connection, the header before them in a segment of its own. */
function conversation(header: string | Uint8Array, ...lines: string[]): Conversation {
  return new Conversation({ client: PEER, server: SERVER })
    .handshake()
    .fromClient(header)
    .fromClient(get('a', ...lines))
    .fromServer(RESPONSE)
    .fromClient(get('b', ...lines))
    .fromServer(RESPONSE);
}

function output(format: RecordFormatName, records: Records = usualRecords(format)): OutputSettings {
  const template = format === 'template' ? TEMPLATE : undefined;
  return { format, template, records, isSplitByType: false };
}

function clientOf(source: ClientSourceName): PipelineSettings['client'] {
  return { source, trusted: PROXIES_TRUSTED_DEFAULT.map(parseNetwork) };
}

async function linesOf(
  frames: Conversation,
  outputs: OutputSettings[],
  settings: Partial<PipelineSettings> = {},
): Promise<string[]> {
  const sink = new ListSink();
  await run(frames.frames, { sink, settings: { outputs, ...settings } });
  return sink.lines;
}

describe('every exchange of a connection with a PROXY header', () => {
  test.each([
    ['version 1', V1, '192.0.2.7', '198.51.100.4'],
    ['version 2', V2, '2001:db8::7', '2001:db8::8'],
    ['of a socket of both IP versions', V1_MAPPED, '192.0.2.7', '198.51.100.4'],
  ])(
    '%s: has the ends that it names, and who has opened the connection',
    async (_, header, ip, proxyIp) => {
      const lines = await linesOf(conversation(header), [output('json')]);
      expect(lines.map((line) => JSON.parse(line))).toMatchObject(
        ['/a', '/b'].map((target) => ({
          target,
          complete: true,
          client_ip: PEER.address,
          proxy_client_ip: ip,
          proxy_client_port: 5555,
          proxy_server_ip: proxyIp,
          proxy_server_port: 80,
        })),
      );
      expect(lines.join()).not.toMatch(/client_from|original_client/);
    },
  );

  test('has none where it is not first, as a client may write it too', async () => {
    const frames = new Conversation({ client: PEER, server: SERVER })
      .handshake()
      .fromClient(get('a'))
      .fromServer(RESPONSE)
      .fromClient(`${V1}${get('b')}`)
      .fromServer(RESPONSE);
    const lines = await linesOf(frames, [output('json')], { client: clientOf('proxy') });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { target: '/a', original_client_ip: PEER.address, client_from: 'peer' },
      { target: '/b', original_client_ip: PEER.address, client_from: 'peer' },
    ]);
    expect(lines.join()).not.toContain('192.0.2.7');
  });

  test('so have messages, where the header is asked for', async () => {
    const lines = await linesOf(conversation(V1), [output('json', 'messages')], {
      client: clientOf('proxy'),
    });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject(
      ['CQ', 'CR', 'CQ', 'CR'].map((type) => ({
        type,
        client_ip: PEER.address,
        proxy_client_ip: '192.0.2.7',
        original_client_ip: '192.0.2.7',
        client_from: 'proxy',
      })),
    );
  });
});

describe('the client that was asked for', () => {
  const client = clientOf('proxy');
  const first = async (format: RecordFormatName) =>
    (await linesOf(conversation(V1), [output(format)], { client }))[0];

  test.each(['common', 'combined', 'combined-timed'] as const)(
    '%s: is the host',
    async (format) => {
      expect(await first(format)).toMatch(/^192\.0\.2\.7 - - /);
    },
  );

  test('audit: is the source', async () => {
    expect(await first('audit')).toContain(' Source: 192.0.2.7 ');
  });

  test('ecs: is client, and source who has opened the connection', async () => {
    expect(JSON.parse(await first('ecs'))).toMatchObject({
      source: { ip: PEER.address, port: PEER.port },
      client: { ip: '192.0.2.7', port: 5555 },
      network: { forwarded_ip: '192.0.2.7' },
      httplog: {
        proxy_client_ip: '192.0.2.7',
        proxy_client_port: 5555,
        proxy_server_ip: '198.51.100.4',
        proxy_server_port: 80,
        client_from: 'proxy',
      },
    });
  });

  test('otel: is client.address, and the network has who has opened the connection', async () => {
    const attributes = Object.fromEntries(
      attributesOf(logRecordOf(JSON.parse(await first('otel')))),
    );
    expect(attributes).toMatchObject({
      'client.address': '192.0.2.7',
      'client.port': '5555',
      'network.peer.address': PEER.address,
      'network.local.address': SERVER.address,
      'httplog.proxy_client.address': '192.0.2.7',
      'httplog.proxy_client.port': '5555',
      'httplog.proxy_server.address': '198.51.100.4',
      'httplog.proxy_server.port': '80',
      'httplog.client_from': 'proxy',
    });
  });

  test('template and tsv: has fields of its own', async () => {
    expect(await first('template')).toBe(
      '10.0.0.1 192.0.2.7 5555 192.0.2.7 5555 proxy - - 198.51.100.4 80',
    );
    expect((await first('tsv')).split('\t').slice(-11, -4).join(' ')).toBe(
      '192.0.2.7 5555 192.0.2.7 proxy F 198.51.100.4 80',
    );
  });

  test('text: is as without', async () => {
    const lines = await linesOf(conversation(V1), [output('text')], { client });
    expect(lines[0]).toContain(' 10.0.0.1#40000 10.0.0.2#80 CQ GET /a ');
  });

  test('is not where its port is not told', async () => {
    const frames = conversation('', 'X-Forwarded-For: 192.0.2.1');
    const asked = { client: clientOf('x-forwarded-for') };
    const [json] = await linesOf(frames, [output('json')], asked);
    expect(JSON.parse(json)).toMatchObject({
      original_client_ip: '192.0.2.1',
      client_from: 'x-forwarded-for',
    });
    expect(json).not.toContain('original_client_port');
    const [ecs] = await linesOf(frames, [output('ecs')], asked);
    expect(JSON.parse(ecs).client).toEqual({ ip: '192.0.2.1', bytes: expect.any(Number) });
    const [otel] = await linesOf(frames, [output('otel')], asked);
    expect(otel).not.toContain('client.port');
  });

  test('is whom --client chooses by', async () => {
    const clients = [
      { ...parseNetwork('192.0.2.0/24'), network: '192.0.2.0/24', isNegated: false },
    ];
    const filter = { ...FILTER_EMPTY, clients };
    expect(await linesOf(conversation(V1), [output('json')], { client, filter })).toHaveLength(2);
    expect(await linesOf(conversation(V1), [output('json')], { filter })).toHaveLength(0);
    const unasked = { client: clientOf('peer'), filter };
    expect(await linesOf(conversation(V1), [output('json')], unasked)).toHaveLength(0);
  });
});

describe('hidden addresses', () => {
  const addresses = [
    ['truncate', { method: 'truncate', idKey: KEY }],
    ['hash', { method: 'hash', key: KEY, idKey: KEY }],
  ] as const;
  const lines = [
    'X-Forwarded-For: 192.0.2.9, 192.0.2.1',
    'X-Forwarded-For: 192.0.2.2',
    'Forwarded: for=192.0.2.3',
  ];
  const outputs = FORMAT_NAMES.filter((format) => format !== 'text').map((format) =>
    output(format),
  );
  const all = [
    ...outputs,
    output('text'),
    output('json', 'messages'),
    output('template', 'messages'),
  ];

  for (const [method, anonymization] of addresses) {
    test.each(['peer', 'proxy', 'forwarded', 'x-forwarded-for'] as const)(
      `${method}: no format shows one, with --client-from %s`,
      async (source) => {
        for (const header of [V1, '']) {
          const shown = await linesOf(conversation(header, ...lines), all, {
            client: clientOf(source),
            redaction: { ...REDACTION_DEFAULTS, addresses: anonymization },
            headerNames: ['x-forwarded-for', 'forwarded'],
          });
          expect(shown.length).toBeGreaterThan(2 * all.length);
          expect(shown.join('\n')).not.toMatch(/192\.0\.2\.[1-9]|10\.0\.0\.1\b/);
        }
      },
    );
  }

  test('the client that is hidden is one for all its requests', async () => {
    const redaction = { ...REDACTION_DEFAULTS, addresses: addresses[1][1] };
    const shown = await linesOf(conversation(V1), [output('json')], {
      client: clientOf('proxy'),
      redaction,
    });
    const parsed = shown.map((line) => JSON.parse(line));
    expect(new Set(parsed.map((line) => line.original_client_ip)).size).toBe(1);
    expect(parsed[0].original_client_ip).toBe(parsed[0].proxy_client_ip);
    expect(parsed[0].original_client_ip).not.toBe(parsed[0].client_ip);
  });

  test.each(['drop', 'redact'] as const)(
    'a field that is hidden (%s) is not shown under another name',
    async (mode) => {
      const headers = { default: undefined, byName: [['x-forwarded-for', mode]] as const };
      const shown = await linesOf(conversation('', 'X-Forwarded-For: 192.0.2.1'), all, {
        client: clientOf('x-forwarded-for'),
        redaction: { ...REDACTION_DEFAULTS, headers },
      });
      expect(shown.join('\n')).not.toContain('192.0.2.1');
    },
  );
});
