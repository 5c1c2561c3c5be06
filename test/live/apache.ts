import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type RunningProcess, startProcess } from './child-process.ts';
import { type WebServer, waitUntilListening } from './web-server.ts';

const MODULES_FOLDER = '/usr/lib/apache2/modules';
const MODULES = [
  'mpm_event',
  'authz_core',
  'alias',
  'mime',
  'headers',
  'filter',
  'deflate',
  'cgid',
];

export interface ApacheOptions {
  namespace: string;
  port: number;
  /** Files to serve, by path below the root. */
  files: Readonly<Record<string, string>>;
}

export interface ApacheServer extends WebServer {
  /** The request lines answered so far. Apache writes them after the response, so wait for the number you expect. */
  readRequestLines(): string[];
}

/**
 * Starts a real Apache with a configuration of its own and waits until it listens. Each response has the line of its
 * request as `X-Line`; `/cgi/count` answers with the number of bytes that it was sent, in chunks; html is deflated
 * for those who take it.
 */
export async function startApache(options: ApacheOptions): Promise<ApacheServer> {
  const folder = mkdtempSync(join(tmpdir(), 'httplog-apache-'));
  // Its children are another user's.
  chmodSync(folder, 0o755);
  for (const [path, content] of Object.entries(options.files)) {
    mkdirSync(dirname(join(folder, 'www', path)), { recursive: true });
    writeFileSync(join(folder, 'www', path), content);
  }
  mkdirSync(join(folder, 'cgi'));
  const program = join(folder, 'cgi', 'count');
  writeFileSync(program, "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'\nexec wc -c\n");
  chmodSync(program, 0o755);
  const configuration = join(folder, 'apache.conf');
  writeFileSync(configuration, apacheConfiguration(folder, options.port));
  const { namespace } = options;
  let apache: RunningProcess | undefined;
  const stop = async () => {
    await apache?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    apache = await startProcess('apache2', ['-f', configuration, '-DFOREGROUND'], { namespace });
    await waitUntilListening(apache, [options.port], namespace);
  } catch (error) {
    await stop();
    throw error;
  }
  const readRequestLines = () => {
    const lines = readFileSync(join(folder, 'access.log'), 'utf8').split('\n');
    return lines.slice(0, -1);
  };
  return { pid: apache.pid, readRequestLines, stop };
}

function apacheConfiguration(folder: string, port: number): string {
  const loads = MODULES.map((name) => `LoadModule ${name}_module ${MODULES_FOLDER}/mod_${name}.so`);
  return `
ServerRoot ${folder}
ServerName localhost
DefaultRuntimeDir ${folder}
PidFile ${folder}/apache.pid
Listen 0.0.0.0:${port}
Listen [::]:${port}
${loads.join('\n')}
${process.getuid?.() === 0 ? 'User nobody\nGroup nogroup' : ''}
ScriptSock ${folder}/cgi.socket
ErrorLog ${folder}/error.log
LogFormat "%r" line
CustomLog ${folder}/access.log line
Timeout 60
KeepAlive On
KeepAliveTimeout 60
MaxKeepAliveRequests 0
StartServers 2
ServerLimit 2
ThreadsPerChild 64
MinSpareThreads 1
MaxSpareThreads 128
MaxRequestWorkers 128
DocumentRoot ${folder}/www
TypesConfig /dev/null
AddType text/html .html
AddOutputFilterByType DEFLATE text/html
Header always set X-Line "expr=%{THE_REQUEST}"
ScriptAlias /cgi/ ${folder}/cgi/
<Directory ${folder}>
  Require all granted
</Directory>
`;
}
