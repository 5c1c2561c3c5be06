import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PATIENCE_MS } from '../patience.ts';
import { type RunningProcess, startProcess, waitUntil } from './child-process.ts';

const UPSTREAM_PROGRAM = fileURLToPath(new URL('exchange-upstream-main.ts', import.meta.url));
const READY_TIMEOUT_MS = PATIENCE_MS;

export const PROXY_PORT = 80;
export const UPSTREAM_PORT = 8080;

/** Columns of the access log, in its order; `-` for what there was not. */
const COLUMNS = [
  ['id', '$http_x_id'],
  ['status', '$status'],
  ['requestBytes', '$request_length'],
  ['bodyBytes', '$body_bytes_sent'],
  ['responseBytes', '$bytes_sent'],
  ['durationSec', '$request_time'],
  ['endSec', '$msec'],
  ['method', '$request_method'],
  ['path', '$uri'],
  ['upstreamStatus', '$upstream_status'],
  ['upstreamRequestBytes', '$upstream_bytes_sent'],
  ['upstreamResponseBytes', '$upstream_bytes_received'],
  ['upstreamSec', '$upstream_response_time'],
] as const;

/** What nginx says of one request, all as text. */
export type AccessLine = Record<(typeof COLUMNS)[number][0], string>;

export interface ExchangeServers {
  /** One a request; nginx writes a line when it has sent the response. */
  readAccessLines(): AccessLine[];
  stop(): Promise<void>;
}

/**
 * Starts nginx on `PROXY_PORT` in front of the server of `exchange-upstream-main.ts`, which listens
 * on `UPSTREAM_PORT` of all addresses. Each of the two repeats X-Id by itself.
 *
 * `/static/page.html` is nginx's own; `/small/` takes bodies of 1000 bytes; `/stream/` passes bodies
 * on while they come; everything else is passed on when it has come.
 */
export async function startExchangeServers(namespace: string): Promise<ExchangeServers> {
  const folder = mkdtempSync(join(tmpdir(), 'httplog-exchanges-'));
  const accessLogPath = join(folder, 'access.log');
  mkdirSync(join(folder, 'www', 'static'), { recursive: true });
  writeFileSync(join(folder, 'www', 'static', 'page.html'), '<!doctype html><title>Page</title>\n');
  writeFileSync(join(folder, 'nginx.conf'), nginxConfiguration(folder, accessLogPath));
  const processes: RunningProcess[] = [];
  const stop = async () => {
    for (const running of processes) {
      await running.stop();
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const upstreamArgs = [UPSTREAM_PROGRAM, `${UPSTREAM_PORT}`];
    const upstream = await startProcess(process.execPath, upstreamArgs, { namespace });
    processes.push(upstream);
    await upstream.waitForOutput('stdout', /^listening$/m, READY_TIMEOUT_MS);
    const nginxArgs = ['-e', join(folder, 'error.log'), '-p', folder];
    const configuration = ['-c', join(folder, 'nginx.conf')];
    const nginx = await startProcess('nginx', [...nginxArgs, ...configuration], { namespace });
    processes.unshift(nginx);
    // nginx writes its pid once its sockets listen.
    const isListening = () => nginx.hasExited() || readIfThere(join(folder, 'nginx.pid')) !== '';
    await waitUntil('nginx listens', isListening, READY_TIMEOUT_MS);
    if (nginx.hasExited()) {
      throw new Error(`nginx ended at once: ${nginx.stderr()}`);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { readAccessLines: () => parseAccessLog(readIfThere(accessLogPath)), stop };
}

function parseAccessLog(text: string): AccessLine[] {
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => {
    const values = line.split(' ');
    return Object.fromEntries(COLUMNS.map(([name], index) => [name, values[index]])) as AccessLine;
  });
}

function nginxConfiguration(folder: string, accessLogPath: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
daemon off;
user root;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log error;
events { worker_connections 1024; }
http {
  ${temporary.map((name) => `${name}_temp_path ${folder}/temp_${name};`).join('\n  ')}
  types { text/html html; }
  log_format exchange '${COLUMNS.map(([, variable]) => variable).join(' ')}';
  access_log ${accessLogPath} exchange;
  keepalive_requests 1000000;
  map $http_upgrade $upstream_connection { default upgrade; '' ''; }
  upstream application { server 127.0.0.1:${UPSTREAM_PORT}; keepalive 64; keepalive_requests 1000000; }
  server {
    listen 0.0.0.0:${PROXY_PORT};
    listen [::]:${PROXY_PORT};
    root ${folder}/www;
    add_header X-Id $http_x_id always;
    proxy_hide_header X-Id;
    proxy_http_version 1.1;
    proxy_set_header Connection $upstream_connection;
    proxy_set_header Upgrade $http_upgrade;
    location / { proxy_pass http://application; }
    location /static/ { }
    location /small/ { client_max_body_size 1000; proxy_pass http://application/length/; }
    location /stream/ { proxy_request_buffering off; proxy_pass http://application/length/; }
  }
}
`;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
