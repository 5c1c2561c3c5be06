/** A small proxy that CONNECT opens tunnels through, run as a process of its own: PORT. */
import { createServer } from 'node:http';
import { connect } from 'node:net';

const [port] = process.argv.slice(2);

const proxy = createServer((_request, response) => {
  response.writeHead(405, { 'Content-Length': 0 }).end();
});

proxy.on('connect', ({ url = '' }, client, head) => {
  const [, host, targetPort] = /^\[?([^\]]+)\]?:(\d+)$/.exec(url) ?? [];
  const target = connect(Number(targetPort), host, () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    target.write(head);
    target.pipe(client).pipe(target);
  });
  target.on('error', () => client.destroy());
  client.on('error', () => target.destroy());
});

proxy.listen(Number(port), '::', () => console.log('listening'));
