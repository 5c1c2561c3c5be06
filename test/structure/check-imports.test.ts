import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkSources } from '../../scripts/check-imports.ts';
import { PROJECT } from './source-files.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'httplog-imports-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(path: string, text: string): void {
  const file = join(directory, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** The findings for one file with these lines. */
function check(path: string, ...lines: string[]): string[] {
  write(path, `${lines.join('\n')}\n`);
  return checkSources(directory);
}

test('the sources of httplog have no finding', () => {
  expect(checkSources(`${PROJECT}src`)).toEqual([]);
});

describe('imports that flow with the data', () => {
  test.each([
    ['decode/tcp.ts', "import type { Frame } from '../capture/frame.ts';"],
    ['decode/tcp.ts', "import { VLAN_TAGS_MAX } from '../limits.ts';"],
    ['exchange/note.ts', "import type { Segment } from '../decode/segment.ts';"],
    ['format/json-line.ts', "import type { Exchange } from '../record/exchange.ts';"],
    ['log/log-writer.ts', "import { HttplogError } from '../errors.ts';"],
    ['output/write.ts', "import { createRedactor } from '../redact/redactor.ts';"],
    ['worker/pipeline.ts', "import { decodeFrame } from '../decode/decode-frame.ts';"],
    ['worker/open.ts', "const { open } = await import('../capture/af-packet-engine.ts');"],
    ['daemon/run-capture.ts', "import { loadConfiguration } from '../config/configuration.ts';"],
    ['daemon/replay.ts', "const { Piscina } = await import('piscina');"],
    ['cli/main.ts', "import { runCapture } from '../daemon/run-capture.ts';"],
    ['system/libc.ts', "import koffi from 'koffi';"],
    ['capture/file.ts', "import { readSync } from 'node:fs';"],
  ])('%s: %s', (path, line) => {
    expect(check(path, line)).toEqual([]);
  });
});

describe('imports against the data', () => {
  test.each([
    ['decode/tcp.ts', "import { writeLine } from '../format/text-line.ts';", 'format/text-line.ts'],
    ['decode/tcp.ts', "import { HttplogError } from '../errors.ts';", 'errors.ts'],
    [
      'decode/tcp.ts',
      "import type { X } from '../capture/pcap-reader.ts';",
      'capture/pcap-reader.ts',
    ],
    [
      'capture/frame.ts',
      "import type { Segment } from '../decode/segment.ts';",
      'decode/segment.ts',
    ],
    [
      'http/scan-head.ts',
      "import type { Segment } from '../decode/segment.ts';",
      'decode/segment.ts',
    ],
    ['record/exchange.ts', "import type { Frame } from '../capture/frame.ts';", 'capture/frame.ts'],
    [
      'format/escape.ts',
      "import type { Segment } from '../decode/segment.ts';",
      'decode/segment.ts',
    ],
    [
      'format/escape.ts',
      "import { hasFilter } from '../filter/filter-settings.ts';",
      'filter/filter-settings.ts',
    ],
    [
      'output/write.ts',
      "import { createTracker } from '../exchange/tracker.ts';",
      'exchange/tracker.ts',
    ],
    ['log/log-writer.ts', "import { X } from '../worker/counters.ts';", 'worker/counters.ts'],
    ['config/options.ts', "import { X } from '../plan/output-plan.ts';", 'plan/output-plan.ts'],
    ['admin/server.ts', "import { X } from '../worker/pipeline.ts';", 'worker/pipeline.ts'],
    ['worker/pipeline.ts', "import { X } from '../daemon/summary.ts';", 'daemon/summary.ts'],
    ['daemon/run.ts', "import { X } from '../capture/frame.ts';", 'capture/frame.ts'],
    ['daemon/run.ts', "const cli = await import('../cli/main.ts');", 'cli/main.ts'],
    ['cli/main.ts', "import { X } from '../worker/replay.ts';", 'worker/replay.ts'],
    ['limits.ts', "export { X } from './errors.ts';", 'errors.ts'],
  ])('%s: %s', (path, line, target) => {
    const room = path.split('/')[0];
    expect(check(path, line)).toEqual([`${path} -> ${target}: ${room} must not know it`]);
  });

  test('an import over several lines is seen, and a comment or a text is not', () => {
    const findings = check(
      'decode/tcp.ts',
      "// import { X } from '../log/log-writer.ts';",
      "const text = `from '../log/open-file.ts'`;",
      'import {',
      '  type A,',
      '  b,',
      "} from '../log/outage.ts';",
    );
    expect(findings).toEqual(['decode/tcp.ts -> log/outage.ts: decode must not know it']);
  });
});

/** The rules of the house, a room each: what it must know least, its neighbours first. */
describe('each room', () => {
  test.each([
    ['system/libc.ts', 'capture/frame.ts'],
    ['system/libc.ts', 'log/log-writer.ts'],
    ['capture/frame.ts', 'http/grammar.ts'],
    ['decode/tcp.ts', 'exchange/tracker.ts'],
    ['decode/tcp.ts', 'worker/pipeline.ts'],
    ['exchange/tracker.ts', 'decode/decode-frame.ts'],
    ['exchange/tracker.ts', 'format/json-line.ts'],
    ['exchange/tracker.ts', 'output/record-outputs.ts'],
    ['http/grammar.ts', 'record/exchange.ts'],
    ['record/exchange.ts', 'exchange/flow-key.ts'],
    ['record/exchange.ts', 'decode/segment.ts'],
    ['filter/path-pattern.ts', 'redact/redactor.ts'],
    ['filter/path-pattern.ts', 'format/escape.ts'],
    ['redact/redactor.ts', 'filter/filter-settings.ts'],
    ['redact/redactor.ts', 'format/escape.ts'],
    ['format/escape.ts', 'redact/redactor.ts'],
    ['format/escape.ts', 'output/record-outputs.ts'],
    ['counters/counter-table.ts', 'log/log-writer.ts'],
    ['counters/counter-table.ts', 'exchange/tracker.ts'],
    ['output/write.ts', 'capture/frame.ts'],
    ['output/write.ts', 'decode/segment.ts'],
    ['output/write.ts', 'log/log-writer.ts'],
    ['log/log-writer.ts', 'format/text-line.ts'],
    ['log/log-writer.ts', 'output/record-outputs.ts'],
    ['log/log-writer.ts', 'config/settings.ts'],
    ['log/log-writer.ts', 'plan/output-plan.ts'],
    ['config/options.ts', 'format/json-line.ts'],
    ['config/options.ts', 'log/log-writer.ts'],
    ['config/options.ts', 'worker/pipeline.ts'],
    ['plan/output-plan.ts', 'worker/pipeline.ts'],
    ['plan/output-plan.ts', 'admin/summary.ts'],
    ['plan/output-plan.ts', 'daemon/run-capture.ts'],
    ['plan/output-plan.ts', 'exchange/tracker.ts'],
    ['admin/server.ts', 'decode/segment.ts'],
    ['admin/server.ts', 'config/option-table.ts'],
    ['admin/server.ts', 'daemon/run-capture.ts'],
    ['worker/pipeline.ts', 'config/settings.ts'],
    ['worker/pipeline.ts', 'plan/capture-plan.ts'],
    ['worker/pipeline.ts', 'log/log-writer.ts'],
    ['worker/pipeline.ts', 'admin/summary.ts'],
    ['daemon/run.ts', 'decode/segment.ts'],
    ['daemon/run.ts', 'exchange/tracker.ts'],
    ['daemon/run.ts', 'format/json-line.ts'],
    ['cli/main.ts', 'log/log-writer.ts'],
    ['cli/main.ts', 'capture/frame.ts'],
    ['cli/main.ts', 'format/json-line.ts'],
    ['cli/main.ts', 'counters/counters.ts'],
  ])('%s knows nothing of %s', (path, target) => {
    const [room] = path.split('/');
    expect(check(path, `import { X } from '../${target}';`)).toEqual([
      `${path} -> ${target}: ${room} must not know it`,
    ]);
    expect(check(path, `import type { X } from '../${target}';`)).toEqual([
      `${path} -> ${target}: ${room} must not know it`,
    ]);
  });
});

describe('files that wait for each other', () => {
  test('two of one room are a finding, whether by values or by types', () => {
    write('log/a.ts', "import { b } from './b.ts';\n");
    expect(check('log/b.ts', "import type { A } from './a.ts';")).toEqual([
      'log/a.ts, log/b.ts: these files wait for each other',
    ]);
  });

  test('a ring of three is one finding, and a file beside it is not in it', () => {
    write('log/a.ts', "import { b } from './b.ts';\n");
    write('log/b.ts', "import { c } from './c.ts';\n");
    write('log/d.ts', "import { a } from './a.ts';\n");
    expect(check('log/c.ts', "import { a } from './a.ts';")).toEqual([
      'log/a.ts, log/b.ts, log/c.ts: these files wait for each other',
    ]);
  });

  test('layers that hold each other are the one exception', () => {
    write('decode/gre.ts', "import { decodeIpv4 } from './ipv4.ts';\n");
    expect(check('decode/ipv4.ts', "import { decodeGre } from './gre.ts';")).toEqual([]);
  });
});

describe('rooms within a room', () => {
  test('the longest name counts, and siblings do not know each other', () => {
    const rooms = {
      ship: { rooms: [], node: [], packages: [] },
      'ship/nats': { rooms: ['ship/'], node: ['net'], packages: [] },
    } as const;
    const found = (path: string, line: string) => {
      write(path, `${line}\n`);
      return checkSources(directory, rooms);
    };
    expect(found('ship/nats/send.ts', "import { connect } from 'node:net';")).toEqual([]);
    expect(found('ship/nats/encode.ts', "import { retry } from '../retry.ts';")).toEqual([]);
    expect(found('ship/queue.ts', "import { send } from './nats/send.ts';")).toEqual([
      'ship/queue.ts -> ship/nats/send.ts: ship must not know it',
    ]);
    rmSync(join(directory, 'ship/queue.ts'));
    expect(found('ship/loki/send.ts', "import { send } from '../nats/send.ts';")).toEqual([
      'ship/loki/send.ts -> ship/nats/send.ts: ship must not know it',
    ]);
  });
});

describe('modules from outside', () => {
  test.each([
    ['decode/tcp.ts', "import { Buffer } from 'node:buffer';", 'node:buffer: not for decode'],
    ['format/address.ts', "import { isIP } from 'node:net';", 'node:net: not for format'],
    ['log/log-writer.ts', "import pino from 'pino';", 'pino: not for log'],
    ['daemon/run.ts', "import koffi from 'koffi';", 'koffi: not for daemon'],
    ['plan/output-plan.ts', "import pino from 'pino';", 'pino: not for plan'],
    ['cli/main.ts', "import { x } from '@scope/name/file';", '@scope/name/file: not for cli'],
    ['capture/frame.ts', "import 'node:fs';", 'node:fs: this file works on bytes alone'],
  ])('%s: %s', (path, line, finding) => {
    expect(check(path, line)).toEqual([`${path} -> ${finding}`]);
  });
});

describe('the form of a file', () => {
  test('a default export is a finding, and a named one is not', () => {
    const finding = ['log/a.ts has a default export: give it its name'];
    expect(check('log/a.ts', 'export default function f(): void {}')).toEqual(finding);
    expect(check('log/a.ts', 'const f = 1;', 'export { f as default };')).toEqual(finding);
    expect(check('log/a.ts', 'export const f = 1;')).toEqual([]);
  });

  test('300 lines are allowed and 301 are a finding', () => {
    expect(check('log/a.ts', ...Array(300).fill(''))).toEqual([]);
    expect(check('log/a.ts', ...Array(301).fill(''))).toEqual([
      'log/a.ts has 301 lines, allowed are 300',
    ]);
  });

  test('a room that is not in the table is a finding', () => {
    expect(check('new-room/a.ts', "import 'node:fs';")).toEqual([
      'new-room/a.ts is in no room: add new-room to the table of scripts/rooms.ts',
    ]);
  });
});

test('the command prints a line for each finding and ends with 1, else with 0', () => {
  const run = () =>
    spawnSync(process.execPath, [`${PROJECT}scripts/check-imports.ts`, directory], {
      encoding: 'utf8',
    });
  write('errors.ts', 'export const a = 1;\n');
  expect(run()).toMatchObject({ status: 0, stdout: '', stderr: '' });
  write('decode/a.ts', "import { X } from '../errors.ts';\nimport 'node:fs';\n");
  expect(run()).toMatchObject({
    status: 1,
    stderr:
      'decode/a.ts -> errors.ts: decode must not know it\ndecode/a.ts -> node:fs: not for decode\n',
  });
});
