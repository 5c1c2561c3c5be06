/**
 * A client that loads a page as a browser does, run by `web-client.ts`: the page, then what belongs
 * to it over six connections, then all of it again with the validators it was given. URL on the
 * command line.
 */
import { Agent, request } from 'node:http';

const [pageUrl, host] = process.argv.slice(2);
const CONNECTIONS_MAX = 6;
const IDLE_TIMEOUT_MS = 60_000;
const ASSETS: readonly (readonly [string, string])[] = [
  ['/style.css', 'text/css,*/*;q=0.1'],
  ['/app.js', '*/*'],
  ['/images/logo.svg', 'image/avif,image/webp,image/svg+xml,image/*;q=0.8,*/*;q=0.5'],
  ['/images/one.png', 'image/avif,image/webp,image/svg+xml,image/*;q=0.8,*/*;q=0.5'],
  ['/images/two.png', 'image/avif,image/webp,image/svg+xml,image/*;q=0.8,*/*;q=0.5'],
  ['/images/three.png', 'image/avif,image/webp,image/svg+xml,image/*;q=0.8,*/*;q=0.5'],
  ['/api/items.json?page=1&sort=name', 'application/json'],
  ['/favicon.ico', 'image/avif,image/webp,*/*;q=0.8'],
];

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX, timeout: IDLE_TIMEOUT_MS });
const entityTags = new Map<string, string>();
let cookie = '';
let answered = 0;

function load(path: string, accept: string, isPage: boolean): Promise<void> {
  const headers = [
    ['Host', host],
    ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'],
    ['Accept', accept],
    ['Accept-Language', 'en-US,en;q=0.5'],
    ['Accept-Encoding', 'gzip, deflate'],
    ['Connection', 'keep-alive'],
    ...(isPage ? [['Upgrade-Insecure-Requests', '1']] : [['Referer', `http://${host}/`]]),
    ...(cookie === '' ? [] : [['Cookie', cookie]]),
    ...(entityTags.has(path) ? [['If-None-Match', entityTags.get(path) as string]] : []),
    ['Priority', isPage ? 'u=0, i' : 'u=5'],
  ].flat();
  return new Promise((resolve, reject) => {
    const exchange = request(new URL(path, pageUrl), { agent, headers, setHost: false });
    exchange.on('error', reject);
    exchange.on('timeout', () => exchange.destroy(new Error(`No answer in time: ${path}`)));
    exchange.on('response', (response) => {
      cookie ||= response.headers['set-cookie']?.[0].split(';')[0] ?? '';
      if (response.headers.etag !== undefined) {
        entityTags.set(path, response.headers.etag);
      }
      response.resume();
      response.on('end', () => {
        answered += 1;
        resolve();
      });
    });
    exchange.end();
  });
}

for (let visit = 0; visit < 2; visit += 1) {
  await load('/', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true);
  await Promise.all(ASSETS.map(([path, accept]) => load(path, accept, false)));
}
agent.destroy();
console.log(JSON.stringify({ answered }));
