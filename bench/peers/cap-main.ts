/**
 * A peer of the bench: npm `cap`, live only. Arguments: interface, file of the lines, bytes of the kernel's
 * buffer. Ends on SIGINT. Compiled before it is run: the Node that `cap` is built for may be an older one.
 */
import { createRequire } from 'node:module';
import { describeFrame, openLines } from './plain-decoder.ts';

const FRAME_BYTES_MAX = 65_535;
const FILTER = 'tcp port 80';

const { Cap } = createRequire(import.meta.url)('cap');
const [device, output, bufferBytes] = process.argv.slice(2);
const lines = openLines(output);
const frame = Buffer.alloc(FRAME_BYTES_MAX);
const cap = new Cap();
cap.open(device, FILTER, Number(bufferBytes), frame);
cap.setMinBytes?.(0);
cap.on('packet', (byteLength: number) => {
  // The package gives no packet time.
  const line = describeFrame(frame.subarray(0, byteLength), Date.now());
  if (line !== undefined) {
    lines.write(line);
  }
});
process.once('SIGINT', () => {
  cap.close();
  lines.end();
});
