/**
 * Records the traffic of the README's picture: a small shop and its clients, on the loopback of a network namespace.
 *
 *     unshare -n node scripts/record-shop.ts docs/pictures/shop.pcap
 *
 * As root; what is outside of the namespace is not touched. Durations differ with every recording.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const SHOP = '192.0.2.80';
const CLIENTS = ['203.0.113.9', '203.0.113.77', '198.51.100.23'] as const;
const SETTLE_MS = 400;

interface Visit {
  client: 0 | 1 | 2;
  method: string;
  target: string;
  status: number;
  /** Bytes of the response's body. */
  bytes: number;
  /** How long the shop thinks, in milliseconds. */
  delayMs: number;
}

function visit(
  client: 0 | 1 | 2,
  request: string,
  status: number,
  bytes: number,
  delayMs = 0,
): Visit {
  const [method, target] = request.split(' ');
  return { client, method, target, status, bytes, delayMs };
}

const VISITS: readonly Visit[] = [
  visit(0, 'GET /', 200, 4_210, 3),
  visit(0, 'GET /style.css', 304, 0),
  visit(1, 'GET /products?sort=price&page=2', 200, 5_400, 41),
  visit(1, 'GET /products/1042', 200, 3_120, 12),
  visit(2, 'POST /login', 302, 0, 86),
  visit(0, 'GET /products/977', 200, 2_980, 15),
  visit(0, 'POST /cart', 201, 212, 24),
  visit(2, 'GET /search?q=blue+teapot+with+a+lid', 200, 3_260, 318),
  visit(1, 'GET /images/teapot.jpg', 200, 6_144),
  visit(2, 'GET /wp-login.php', 404, 153),
  visit(0, 'POST /orders', 500, 91, 1_204),
  visit(1, 'GET /products/1042', 200, 3_120, 11),
  visit(0, 'POST /orders', 201, 305, 640),
  visit(2, 'DELETE /cart/3', 204, 0, 9),
];

for (const address of [SHOP, ...CLIENTS]) {
  execFileSync('ip', ['address', 'add', `${address}/32`, 'dev', 'lo']);
}
execFileSync('ip', ['link', 'set', 'lo', 'up']);

const [file] = process.argv.slice(2);
const recorder = spawn('tcpdump', ['-i', 'lo', '-Z', 'root', '-U', '--immediate-mode', '-w', file]);
await once(recorder.stderr, 'data');

async function answer({ status, bytes, delayMs }: Visit, response: ServerResponse): Promise<void> {
  await sleep(delayMs);
  response.writeHead(status, status === 204 || status === 304 ? {} : { 'content-length': bytes });
  response.end(Buffer.alloc(bytes));
}

let current = VISITS[0];
const server = createServer((_, response) => void answer(current, response));
server.listen(80, SHOP);
await once(server, 'listening');
for (const next of VISITS) {
  current = next;
  const { client, method, target } = next;
  const headers = { host: 'shop.example', 'user-agent': 'demo/1.0' };
  const asked = request({
    host: SHOP,
    localAddress: CLIENTS[client],
    method,
    path: target,
    headers,
  });
  asked.end();
  const [response] = await once(asked, 'response');
  response.resume();
  await once(response, 'end');
  await sleep(60);
}
server.close();
server.closeAllConnections();
await sleep(SETTLE_MS);
recorder.kill('SIGTERM');
await once(recorder, 'exit');
