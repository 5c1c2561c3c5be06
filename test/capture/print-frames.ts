// Reads a capture as a program of its own: `node print-frames.ts PATH`. Prints one line for each
// moment `fill` gives frames or waits, then `{"packets":N}` or the error.
import { createFrame, FILL_END, FILL_IDLE } from '../../src/capture/frame.ts';
import { openCapture } from '../../src/capture/open-capture.ts';
import { HttplogError } from '../../src/errors.ts';

try {
  const capture = await openCapture(process.argv[2]);
  const frame = createFrame();
  let state = await capture.fill();
  while (state !== FILL_END) {
    while (capture.next(frame)) {
      console.log(frame.end - frame.offset);
    }
    if (state === FILL_IDLE) {
      console.log('idle');
    }
    state = await capture.fill();
  }
  console.log(JSON.stringify(capture.statistics()));
  capture.close();
} catch (error) {
  if (!(error instanceof HttplogError)) {
    throw error;
  }
  console.log(`${error.code} ${error.exitCode} ${error.message}`);
}
