import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { folder, writeTemporary } from '../cli/run-replay.ts';
import { Conversation, EPOCH_SEC } from '../exchange/conversation.ts';
import { pcap } from '../fixtures/build-captures.ts';
import { runHttplog } from '../live/httplog-process.ts';
import { SECRET_FIELDS, SECRET_PLACES, secretOf } from './secret-places.ts';

/** What each output shows of the secrets, in each way of hiding them. */

const NANOSECONDS_PER_SECOND = 1e9;

const TEMPLATE = [
  ...['time', 'id', 'client_ip', 'method', 'target', 'path', 'query', 'host', 'user', 'user_agent'],
  ...['referer', 'forwarded_for', 'forwarded', 'request_id', 'correlation_id', 'traceparent'],
  ...['request_content_type', 'status', 'reason', 'response_content_type', 'location', 'server'],
  ...SECRET_FIELDS.flatMap((name) => [`request.header.${name}`, `response.header.${name}`]),
]
  .map((field) => `{${field}}`)
  .join(' ');

/** By name: what `--output` is told. Eight are the most that a run has. */
const OUTPUTS: readonly Readonly<Record<string, string>>[] = [
  {
    text: 'format=text',
    json: 'format=json',
    'json, messages': 'format=json,records=messages',
    ecs: 'format=ecs',
    otel: 'format=otel',
    common: 'format=common',
    combined: 'format=combined',
    'combined-timed': 'format=combined-timed',
  },
  {
    short: 'format=short',
    audit: 'format=audit',
    tsv: 'format=tsv',
    har: 'format=har',
    template: `format=template:'${TEMPLATE}'`,
    'sqlite, exchanges': 'records=exchanges',
    'sqlite, messages': 'records=messages',
  },
];

export const OUTPUT_NAMES: readonly string[] = OUTPUTS.flatMap((outputs) => Object.keys(outputs));

const SECRET_PATTERN = "- name: secret\n  pattern: 'Zq\\d{3}Vx9Rt'\n";

/** Ways of hiding, from nothing said to everything. */
export const WAYS = {
  default: [],
  pattern: ['--redact-file', 'secret.yaml'],
  redact: ['--header-mode', 'redact', '--query-mode', 'redact', '--cookie-mode', 'redact'],
  drop: ['--header-mode', 'drop', '--query-mode', 'drop', '--cookie-mode', 'drop'],
} as const;

export type Way = keyof typeof WAYS;

/** By place: names of the outputs that show its secret. */
export async function findLeaks(way: Way): Promise<string[][]> {
  writeFileSync(join(folder, 'secret.yaml'), SECRET_PATTERN);
  const capture = writeTemporary('secrets.pcap', buildCapture());
  const leaks: string[][] = SECRET_PLACES.map(() => []);
  for (const outputs of OUTPUTS) {
    const names = Object.keys(outputs);
    const targets = names.map((name, index) => ({ name, file: `${way}-${index}` }));
    const options = targets.map(({ name, file }) =>
      name.startsWith('sqlite')
        ? `--output=${outputs[name]},sqlite=${file}`
        : `--output=${outputs[name]},path=${file}`,
    );
    for (const { file } of targets) {
      rmSync(join(folder, file), { force: true });
    }
    const { code, stderr } = await runHttplog(
      ['replay', capture, ...options, ...WAYS[way], '--header', SECRET_FIELDS.join(',')],
      { cwd: folder },
    );
    if (code !== 0 || stderr !== '') {
      throw new Error(`Exit code ${code}: ${stderr}`);
    }
    for (const { name, file } of targets) {
      const text = allForms(readOutput(name, join(folder, file)));
      SECRET_PLACES.forEach((_, index) => {
        if (text.includes(secretOf(index).toLowerCase())) {
          leaks[index].push(name);
        }
      });
    }
  }
  return leaks;
}

function buildCapture(): Uint8Array {
  const frames = SECRET_PLACES.flatMap(
    ({ requestHead, responseHead }, index) =>
      new Conversation({
        client: { address: '192.0.2.2', port: 20_000 + index },
        server: { address: '198.51.100.1', port: 80 },
        startMs: 10 * index,
      })
        .handshake()
        .fromClient(requestHead)
        .fromServer(responseHead)
        .finFromServer().frames,
  );
  const packets = frames.map(({ bytes, timeNs }) => ({
    bytes,
    time: {
      sec: EPOCH_SEC + Math.floor(timeNs / NANOSECONDS_PER_SECOND),
      subsecNs: timeNs % NANOSECONDS_PER_SECOND,
    },
  }));
  return pcap(packets, { nanoseconds: true });
}

function readOutput(name: string, path: string): string {
  if (!name.startsWith('sqlite')) {
    return readFileSync(path, 'utf8');
  }
  const database = new DatabaseSync(path, { readOnly: true });
  const table = name.endsWith('messages') ? 'messages' : 'exchanges';
  const rows = database.prepare(`SELECT * FROM ${table}`).all();
  database.close();
  // The file's own bytes too: what was taken back would still be in it.
  return `${JSON.stringify(rows)}\n${readFileSync(path, 'latin1')}`;
}

/** The text, and what can be read out of it, in lower case. */
function allForms(text: string): string {
  const unescaped = text
    .replaceAll(/\\x([0-9a-f]{2})|\\u00([0-9a-f]{2})/gi, (_, first, second) =>
      String.fromCharCode(Number.parseInt(first ?? second, 16)),
    )
    .replaceAll(/\\(["\\/])/g, '$1');
  const forms = [text, unescaped];
  for (let form = unescaped; /%[0-9a-f]{2}/i.test(form); forms.push(form)) {
    form = form.replaceAll(/%([0-9a-f]{2})/gi, (_, digits) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    );
  }
  const encoded = forms.join('\n').match(/[0-9A-Za-z+/]{12,}={0,2}/g) ?? [];
  const decoded = [...new Set(encoded)].map((run) => Buffer.from(run, 'base64').toString('latin1'));
  return [...forms, ...decoded].join('\n').toLowerCase();
}
