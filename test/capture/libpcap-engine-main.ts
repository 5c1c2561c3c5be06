/**
 * Runs the libpcap engine in a process of its own, for tests that need another user or namespace.
 *
 * Arguments: interface, port. Prints `ready`, one line a message (`message LINKTYPE FIRST-LINE`), and at the end, on
 * SIGTERM or by an error, one line more; an error's exit code is the process's.
 */
import { createFrame, FILL_END } from '../../src/capture/frame.ts';
import { openLibpcapEngine } from '../../src/capture/libpcap-engine.ts';
import { HttplogError } from '../../src/errors.ts';

const RING_BYTES = 8 * 1024 * 1024;

async function captureMessages(interfaceName: string, port: number): Promise<void> {
  const engine = openLibpcapEngine({
    interfaceName,
    snaplen: 1560,
    ringBytes: RING_BYTES,
    isPromiscuous: false,
    filter: { ports: [{ first: port, last: port }] },
  });
  process.once('SIGTERM', () => engine.stop());
  console.log('ready');
  const frame = createFrame();
  while ((await engine.fill()) !== FILL_END) {
    while (engine.next(frame)) {
      const text = Buffer.from(frame.bytes.subarray(frame.offset, frame.end)).toString('latin1');
      const firstLine = /GET .*|HTTP\/1.*/.exec(text)?.[0];
      if (firstLine !== undefined) {
        console.log(`message ${frame.linkType} ${firstLine.trim()}`);
      }
    }
  }
  engine.close();
  console.log(`end ${JSON.stringify(engine.statistics())}`);
}

try {
  await captureMessages(process.argv[2], Number(process.argv[3]));
} catch (error) {
  if (!(error instanceof HttplogError)) {
    throw error;
  }
  console.log(`error ${error.code} ${error.message} (${error.hint})`);
  process.exitCode = error.exitCode;
}
