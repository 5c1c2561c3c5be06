import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { loadConfiguration } from '../../src/config/configuration.ts';
import type { Configuration } from '../../src/config/settings.ts';

/** Options of different names that stand for each other: the layer decides, as for one option. */

const directory = mkdtempSync(join(tmpdir(), 'httplog-layers-'));
const systemFile = join(directory, 'system');

afterAll(() => rmSync(directory, { recursive: true }));

interface Layers {
  argv?: string[];
  environment?: Record<string, string>;
  file?: string;
}

function load({ argv = [], environment = {}, file = '' }: Layers): Configuration {
  writeFileSync(systemFile, file);
  const commandLine = parseArguments(argv);
  return loadConfiguration({ commandLine, environment, directory, systemFile });
}

const OUTPUTS = 'HTTPLOG_OUTPUTS=sqlite=/tmp/evil/,records=messages\n';
const OUTPUTS_ENVIRONMENT = { HTTPLOG_OUTPUTS: 'format=json,path=/tmp/evil/' };

describe('a place that a higher layer names', () => {
  test.each<[string, Layers]>([
    ['-o before --output of the file', { argv: ['-o', '-'], file: OUTPUTS }],
    [
      '-o before --output of the environment',
      { argv: ['-o', '-'], environment: OUTPUTS_ENVIRONMENT },
    ],
    [
      'HTTPLOG_OUTPUT before --output of the file',
      { environment: { HTTPLOG_OUTPUT: '-' }, file: OUTPUTS },
    ],
    [
      '-o before -d and --output of the file',
      { argv: ['-o', '-'], file: `${OUTPUTS}HTTPLOG_DIR=/x\n` },
    ],
  ])('counts: %s', (_, layers) => {
    const { settings, origins, warnings } = load(layers);
    expect(settings).toMatchObject({ outputs: [], outputPath: '-' });
    expect(origins.outputs).toBe('default');
    expect(warnings).toEqual([]);
  });

  test.each<[string, Layers]>([
    ['-d before --output of the file', { argv: ['-d', '/own'], file: OUTPUTS }],
    [
      '-d before --output of the environment',
      { argv: ['-d', '/own'], environment: OUTPUTS_ENVIRONMENT },
    ],
    [
      'HTTPLOG_DIR before --output of the file',
      { environment: { HTTPLOG_DIR: '/own' }, file: OUTPUTS },
    ],
    ['-d before -o of the file', { argv: ['-d', '/own'], file: 'HTTPLOG_OUTPUT=/tmp/evil\n' }],
    [
      '-d before -o of the environment and --output of the file',
      { argv: ['-d', '/own'], environment: { HTTPLOG_OUTPUT: '/tmp/evil' }, file: OUTPUTS },
    ],
  ])('counts: %s', (_, layers) => {
    const { settings, warnings } = load(layers);
    expect(settings).toMatchObject({ outputs: [], outputPath: undefined, directory: '/own' });
    expect(warnings).toEqual([]);
  });

  test.each<[string, Layers]>([
    ['-o of the file', { file: 'HTTPLOG_OUTPUT=/tmp/evil\nHTTPLOG_DIR=/tmp/evil\n' }],
    [
      '-o and -d of the environment',
      { environment: { HTTPLOG_OUTPUT: '/tmp/evil', HTTPLOG_DIR: '/' } },
    ],
  ])('counts: --output before %s', (_, layers) => {
    const { settings, warnings } = load({
      ...layers,
      argv: ['--output', 'format=text,path=/own/'],
    });
    expect(settings).toMatchObject({ outputs: [{ path: '/own/' }], outputPath: undefined });
    expect(warnings).toEqual([]);
  });

  test('counts: --output of the environment before -o of the file, -o of that before -d of the file', () => {
    const environment = OUTPUTS_ENVIRONMENT;
    expect(load({ environment, file: 'HTTPLOG_OUTPUT=a\n' }).settings).toMatchObject({
      outputs: [{ path: '/tmp/evil/' }],
      outputPath: undefined,
    });
    const { settings } = load({ environment: { HTTPLOG_OUTPUT: 'a' }, file: 'HTTPLOG_DIR=/x\n' });
    expect(settings).toMatchObject({ outputPath: 'a' });
  });

  test('is that of outputs which name none', () => {
    const file = "HTTPLOG_OUTPUTS='format=json format=text'\nHTTPLOG_DIR=/x\n";
    const { settings } = load({ argv: ['-d', '/own'], file });
    expect(settings).toMatchObject({
      directory: '/own',
      outputs: [{ format: { name: 'json' } }, { format: { name: 'text' } }],
    });
  });

  test('does not stand for one of its own layer', () => {
    const argv = ['-o', '-', '-d', '/own', '--output', 'path=a'];
    const { settings } = load({ argv });
    expect(settings).toMatchObject({
      outputs: [{ path: 'a' }],
      outputPath: '-',
      directory: '/own',
    });
  });
});

describe('ports and an expression', () => {
  test('of a higher layer count before the other of a lower one', () => {
    const environment = { HTTPLOG_FILTER: 'udp' };
    const { settings, warnings } = load({ argv: ['-p', '81'], environment });
    expect(settings).toMatchObject({ filter: undefined, ports: [{ first: 81, last: 81 }] });
    expect(warnings).toEqual([]);
    const other = load({ argv: ['-f', 'udp'], environment: { HTTPLOG_PORT: '81' } });
    expect([other.settings.filter, other.warnings]).toEqual(['udp', []]);
  });

  test('of one layer: the expression counts, and that is told', () => {
    const { settings, warnings } = load({ file: 'HTTPLOG_PORT=81\nHTTPLOG_FILTER=udp\n' });
    expect(settings.filter).toBe('udp');
    expect(warnings).toEqual([
      `Option -p (from ${systemFile} line 1) is not used, -f "udp" (from ${systemFile} line 2) takes its place`,
    ]);
  });
});
