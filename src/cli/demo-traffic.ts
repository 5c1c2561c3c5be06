import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingMessage,
  type RequestOptions,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export const DEMO_CLIENT_ADDRESS = '127.0.0.9';
export const DEMO_SERVER_ADDRESS = '127.0.0.1';
export const DEMO_STOCK_ADDRESS = '127.0.0.2';

/** Long enough between two requests that a person sees the lines come one after the other. */
const PAUSE_MS = 350;

const REQUESTS: readonly RequestOptions[] = [
  { method: 'GET', path: '/' },
  { method: 'GET', path: '/orders/42?fields=state' },
  { method: 'POST', path: '/orders', headers: { 'Content-Type': 'application/json' } },
  { method: 'HEAD', path: '/favicon.ico' },
  { method: 'GET', path: '/no/such/page' },
];

/** Real HTTP over loopback: a client asks a server, and the server itself asks a stock service. */
export interface DemoTraffic {
  serverPort: number;
  stockPort: number;
  /** Makes all requests, one after the other. */
  run(): Promise<void>;
  close(): void;
}

export async function startDemoTraffic(): Promise<DemoTraffic> {
  const stock = await listen(DEMO_STOCK_ADDRESS, (_request, response) => {
    sendJson(response, 200, { item: 'teapot', left: 7 });
  });
  const stockPort = portOf(stock);
  const stockAgent = new Agent({ keepAlive: true });
  const server = await listen(DEMO_SERVER_ADDRESS, (request, response) => {
    answer(request, response, stockPort, stockAgent).catch(() => response.destroy());
  });
  const serverPort = portOf(server);
  const clientAgent = new Agent({ keepAlive: true });
  return {
    serverPort,
    stockPort,
    run: () => makeRequests(serverPort, clientAgent),
    close: () => {
      clientAgent.destroy();
      stockAgent.destroy();
      server.close();
      stock.close();
    },
  };
}

async function makeRequests(port: number, agent: Agent): Promise<void> {
  for (const options of REQUESTS) {
    const headers = { 'User-Agent': 'demo-browser/1.0', ...options.headers };
    const localAddress = DEMO_CLIENT_ADDRESS;
    await ask({ ...options, host: DEMO_SERVER_ADDRESS, port, localAddress, headers, agent });
    await delay(PAUSE_MS);
  }
}

async function answer(
  incoming: IncomingMessage,
  response: ServerResponse,
  stockPort: number,
  agent: Agent,
): Promise<void> {
  const { method = '', url = '' } = incoming;
  if (url === '/no/such/page') {
    sendJson(response, 404, { error: 'not found' });
    return;
  }
  if (url.startsWith('/orders')) {
    await ask({
      host: DEMO_STOCK_ADDRESS,
      port: stockPort,
      localAddress: DEMO_SERVER_ADDRESS,
      path: '/stock/teapot',
      headers: { 'User-Agent': 'demo-shop/1.0' },
      agent,
    });
  }
  sendJson(response, method === 'POST' ? 201 : 200, { state: 'ready' });
}

async function ask(options: RequestOptions): Promise<void> {
  const outgoing = request(options);
  outgoing.end(options.method === 'POST' ? '{"item":"teapot"}' : undefined);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}

async function listen(
  address: string,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Server> {
  const server = createServer(onRequest);
  server.listen(0, address);
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
