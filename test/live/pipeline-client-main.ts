/** Writes bytes to a server as they are, run by `web-client.ts`: JSON on the command line. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

interface Spec {
  host: string;
  port: number;
  writes: string[];
  responses: number;
}

/** Milliseconds between two writes: long enough that each is a segment of its own. */
const WRITE_INTERVAL_MS = 20;
const IDLE_TIMEOUT_MS = 60_000;

const spec: Spec = JSON.parse(process.argv[2]);
const socket = connect({ host: spec.host, port: spec.port, noDelay: true });
let answer = '';

socket.setEncoding('latin1');
socket.setTimeout(IDLE_TIMEOUT_MS, () => socket.destroy(new Error('No answer in time')));
socket.on('data', (chunk: string) => {
  answer += chunk;
  if (answer.split('HTTP/1.1 ').length - 1 >= spec.responses) {
    socket.end();
  }
});
socket.on('close', () => process.stdout.write(answer));

for (const bytes of spec.writes) {
  socket.write(Buffer.from(bytes, 'latin1'));
  await sleep(WRITE_INTERVAL_MS);
}
