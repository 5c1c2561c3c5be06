/** Clients that stop in the middle of a head, run by `unfinished-heads.test.ts`: JSON on the command line. */
import { connect, type Socket } from 'node:net';

interface Spec {
  host: string;
  port: number;
  scenes: {
    /** Each is written when the server has answered the one before. */
    writes: string[];
    /** `wait`: for the server to close the connection; `reset`: with an RST behind the last write. */
    ending: 'wait' | 'reset';
  }[];
}

const IDLE_TIMEOUT_MS = 60_000;

const spec: Spec = JSON.parse(process.argv[2]);
const answers = await Promise.all(spec.scenes.map(({ writes, ending }) => play(writes, ending)));
process.stdout.write(JSON.stringify(answers));

/** What the server has answered; a connection that it resets in the end has been answered all the same. */
async function play(writes: readonly string[], ending: string): Promise<string> {
  const socket = connect({ host: spec.host, port: spec.port, noDelay: true });
  socket.setEncoding('latin1');
  socket.setTimeout(IDLE_TIMEOUT_MS, () => socket.destroy());
  socket.on('error', () => {});
  let answer = '';
  let answered = () => {};
  socket.on('data', (chunk: string) => {
    answer += chunk;
    answered();
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  for (const [index, text] of writes.entries()) {
    const isLast = index === writes.length - 1;
    const next = new Promise<void>((resolve) => {
      answered = resolve;
    });
    await write(socket, text);
    if (!isLast) {
      await Promise.race([next, closed]);
    }
  }
  if (ending === 'reset') {
    socket.resetAndDestroy();
  }
  await closed;
  return answer;
}

/** Resolves when the kernel has the bytes, which are sent at once: nothing else is under way. */
function write(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve) => {
    socket.write(Buffer.from(text, 'latin1'), () => resolve());
  });
}
