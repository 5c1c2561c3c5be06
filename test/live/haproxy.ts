import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningProcess, startProcess } from './child-process.ts';
import { type WebServer, waitUntilListening } from './web-server.ts';

export interface HaproxyOptions {
  namespace?: string;
  /** What is passed on, of all addresses of a port: lines for a `listen` block. */
  listens: readonly { port: number; lines: readonly string[] }[];
}

/** Starts a real haproxy with a configuration of its own and waits until it listens. */
export async function startHaproxy({ namespace, listens }: HaproxyOptions): Promise<WebServer> {
  const folder = mkdtempSync(join(tmpdir(), 'httplog-haproxy-'));
  const path = join(folder, 'haproxy.cfg');
  writeFileSync(path, haproxyConfiguration(listens));
  let haproxy: RunningProcess | undefined;
  const stop = async () => {
    await haproxy?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    haproxy = await startProcess('haproxy', ['-db', '-f', path], { namespace });
    const ports = listens.map(({ port }) => port);
    await waitUntilListening(haproxy, ports, namespace);
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: haproxy.pid, stop };
}

function haproxyConfiguration(listens: HaproxyOptions['listens']): string {
  const blocks = listens.map(({ port, lines }) =>
    [`listen port${port}`, `bind :::${port} v4v6`, ...lines].join('\n  '),
  );
  return `
global
  maxconn 1000
defaults
  mode http
  timeout connect 60s
  timeout client 60s
  timeout server 60s
${blocks.join('\n')}
`;
}
