import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import type { AdminStatus } from '../../src/admin/status.ts';
import { parseArguments } from '../../src/cli/arguments.ts';
import { describeAge, describeStatus, runStatusCommand } from '../../src/cli/status-command.ts';
import { loadConfiguration } from '../../src/config/configuration.ts';

const directory = mkdtempSync(join(tmpdir(), 'httplog-status-'));
afterAll(() => rmSync(directory, { recursive: true }));

const STATUS: AdminStatus = {
  pid: 77,
  version: '1.2.3',
  uptimeSeconds: 93_784,
  memoryBytes: 80 * 1024 * 1024,
  reasons: [],
  capture: {
    interfaceName: 'eth0',
    isCapturing: true,
    workers: 2,
    packets: 1000,
    packetsDropped: 3,
    messages: 200,
    exchanges: 100,
    linesWritten: 99,
    linesDropped: 1,
  },
};

async function runStatus(args: readonly string[]): Promise<[exitCode: number, output: string]> {
  const commandLine = parseArguments(['status', '--config', '/dev/null', ...args]);
  const configuration = loadConfiguration({ commandLine, environment: {}, directory });
  const environment = { HTTPLOG_PIDFILE: join(directory, 'no.pid') };
  let output = '';
  const exitCode = await runStatusCommand(configuration, environment, (text) => {
    output += text;
  });
  return [exitCode, output];
}

describe('httplog status', () => {
  test.each([
    [0, '0d 00:00:00'],
    [59.9, '0d 00:00:59'],
    [3600, '0d 01:00:00'],
    [86_399, '0d 23:59:59'],
    [93_784, '1d 02:03:04'],
    [365 * 86_400, '365d 00:00:00'],
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(describeAge(seconds)).toBe(text);
  });

  test('shows what the daemon tells', async () => {
    const socket = join(directory, 'told.sock');
    const server = createServer((_, response) => response.end(JSON.stringify(STATUS)));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    onTestFinished(() => void server.close());
    const [exitCode, output] = await runStatus(['--listen-admin', socket]);
    expect(exitCode).toBe(0);
    expect(output.split('\n')).toEqual([
      'pid        77',
      'uptime     1d 02:03:04',
      'memory     80 MB',
      'version    1.2.3',
      'ready      yes',
      'interface  eth0, capturing, 2 workers',
      'packets    1000 received, 3 dropped by the kernel',
      'messages   200',
      'exchanges  100',
      'lines      99 written, 1 dropped',
      '',
    ]);
  });

  test('shows why the daemon is not ready, and lets nothing play with the terminal', async () => {
    const socket = join(directory, 'evil.sock');
    const evil = { ...STATUS, version: '\x1b[2J', reasons: ['one', 'two\x9b'], capture: null };
    const server = createServer((_, response) => response.end(JSON.stringify(evil)));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    onTestFinished(() => void server.close());
    const [, output] = await runStatus(['--listen-admin', socket]);
    expect(output).toMatch(/^ready +no: one\n +and: two\?$/m);
    expect(output).toMatch(/^version +\?\[2J$/m);
  });

  test('leaves out exchanges where there are none to be', () => {
    const capture = { ...STATUS.capture, exchanges: null } as AdminStatus['capture'];
    const names = describeStatus({ ...STATUS, capture }).map(([name]) => name);
    expect(names).toContain('messages');
    expect(names).not.toContain('exchanges');
  });

  test('gives 3 when nothing runs', async () => {
    const text = `httplog does not run (pid file ${join(directory, 'no.pid')})\n`;
    expect(await runStatus([])).toEqual([3, text]);
    expect(await runStatus(['--listen-admin', join(directory, 'none.sock')])).toEqual([3, text]);
  });
});
