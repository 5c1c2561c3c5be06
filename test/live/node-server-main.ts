/** A small HTTP server, run as a process of its own by `web-server.ts`: PORT ADDRESS. */
import { createServer } from 'node:http';

const [port, address] = process.argv.slice(2);

const server = createServer((request, response) => {
  let byteLength = 0;
  request.on('data', (chunk: Buffer) => {
    byteLength += chunk.length;
  });
  request.on('end', () => {
    if (request.url === '/chunked') {
      response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.write('first chunk\n');
      response.end('second chunk\n');
      return;
    }
    const isUpload = request.method === 'POST' || request.method === 'PUT';
    const body = isUpload ? `${byteLength} bytes received\n` : `${request.method} ${request.url}\n`;
    response.writeHead(isUpload ? 201 : 200, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
    });
    response.end(body);
  });
});

server.keepAliveTimeout = 60_000;
server.listen(Number(port), address, () => console.log('listening'));
