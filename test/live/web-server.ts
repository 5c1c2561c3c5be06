import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PATIENCE_MS } from '../patience.ts';
import { type RunningProcess, runCommand, startProcess, waitUntil } from './child-process.ts';

const NODE_SERVER_PROGRAM = fileURLToPath(new URL('node-server-main.ts', import.meta.url));
const READY_TIMEOUT_MS = PATIENCE_MS;

export interface WebServer {
  readonly pid: number;
  /** Ends the server and removes its folder. Safe to call twice. */
  stop(): Promise<void>;
}

export interface NginxOptions {
  /** Where it listens; without one it is this process's own namespace. */
  namespace?: string;
  /** All addresses, IPv4 and IPv6, unless `address` names one (IPv6 in brackets). */
  ports?: readonly number[];
  address?: string;
  workers?: number;
  /** Files to serve, by path below the root. Without them it is one `index.html`. */
  files?: Readonly<Record<string, string | Uint8Array>>;
  /** Lines for the `server` block, such as `location` blocks. */
  serverLines?: readonly string[];
}

export interface NginxServer extends WebServer {
  /** One line for each answered request: `CLIENT_ADDRESS CLIENT_PORT STATUS REQUEST_LINE`. */
  readonly accessLogPath: string;
  /** The lines so far. nginx writes them after the response, so wait for the number you expect. */
  readAccessLog(): string[];
}

/** Starts a real nginx with a configuration of its own and waits until it answers. */
export async function startNginx(options: NginxOptions = {}): Promise<NginxServer> {
  const folder = mkdtempSync(join(tmpdir(), 'httplog-nginx-'));
  const ports = options.ports ?? [80];
  const accessLogPath = join(folder, 'access.log');
  const files = options.files ?? { 'index.html': '<!doctype html><title>It works</title>\n' };
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, 'www', path)), { recursive: true });
    writeFileSync(join(folder, 'www', path), content);
  }
  const configurationPath = join(folder, 'nginx.conf');
  writeFileSync(configurationPath, nginxConfiguration(folder, accessLogPath, ports, options));
  const { namespace } = options;
  let nginx: RunningProcess | undefined;
  const stop = async () => {
    await nginx?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    // Without -e nginx opens its compiled-in error log first, which only root may do.
    const args = ['-e', join(folder, 'error.log'), '-p', folder, '-c', configurationPath];
    nginx = await startProcess('nginx', args, { namespace });
    await waitUntilListening(nginx, ports, namespace);
  } catch (error) {
    await stop();
    throw error;
  }
  const readAccessLog = () => {
    const lines = readFileSync(accessLogPath, 'utf8').split('\n');
    return lines.filter((line) => line !== '');
  };
  return { pid: nginx.pid, accessLogPath, readAccessLog, stop };
}

export interface NodeServerOptions {
  namespace?: string;
  port?: number;
  /** All addresses, IPv4 and IPv6, unless one is named. */
  address?: string;
}

/**
 * Starts the Node server of `node-server-main.ts` and waits until it listens.
 *
 * It answers GET with a short text, `/chunked` in chunks, POST with the number of bytes it received
 * (100 Continue where the client expects it), and keeps connections open.
 */
export async function startNodeServer(options: NodeServerOptions = {}): Promise<WebServer> {
  const args = [NODE_SERVER_PROGRAM, `${options.port ?? 8080}`, options.address ?? '::'];
  const server = await startProcess(process.execPath, args, { namespace: options.namespace });
  const stop = async () => void (await server.stop());
  try {
    await server.waitForOutput('stdout', /^listening$/m, READY_TIMEOUT_MS);
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: server.pid, stop };
}

function nginxConfiguration(
  folder: string,
  accessLogPath: string,
  ports: readonly number[],
  { address, workers = 1, serverLines = [] }: NginxOptions,
): string {
  const addresses = address === undefined ? ['0.0.0.0', '[::]'] : [address];
  const listenLines = ports.flatMap((port) => addresses.map((host) => `listen ${host}:${port};`));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes ${workers};
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 1024; }
http {
  ${temporary.map((name) => `${name}_temp_path ${folder}/temp_${name};`).join('\n  ')}
  types {
    text/html html; text/css css; text/javascript js; application/json json;
    image/png png; image/svg+xml svg; text/plain txt;
  }
  default_type application/octet-stream;
  log_format exchange '$remote_addr $remote_port $status $request';
  log_format timed '$msec $request_uri';
  access_log ${accessLogPath} exchange;
  keepalive_requests 1000000;
  server {
    ${listenLines.join('\n    ')}
    server_name _;
    root ${folder}/www;
    ${serverLines.join('\n    ')}
  }
}
`;
}

// Asks the kernel instead of the server: a request would be traffic that the test did not send.
export async function waitUntilListening(
  server: RunningProcess,
  ports: readonly number[],
  namespace: string | undefined,
): Promise<void> {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'];
  const isListening = async () => {
    if (server.hasExited()) {
      throw new Error(`The server ended at once: ${server.stderr().trim()}`);
    }
    const { stdout } = await runCommand('cat', tables, { namespace });
    return ports.every((port) => isPortListed(stdout, port));
  };
  await waitUntil(`a server listens on ${ports.join(', ')}`, isListening, READY_TIMEOUT_MS);
}

/** Whether a table of /proc/net/tcp has a socket in the state LISTEN (0A) on this port. */
function isPortListed(table: string, port: number): boolean {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  return new RegExp(`^ *\\d+: [0-9A-F]+:${hexPort} [0-9A-F]+:0000 0A `, 'm').test(table);
}
