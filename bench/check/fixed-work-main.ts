/**
 * The measure that httplog's time is divided by: always the same work on the same runtime, of the kinds that
 * httplog does. A slower machine, or a busy one, is slower at both.
 */
const BUFFER_BYTES = 4 * 1024 * 1024;
const ROUNDS = 15;
const LINE_FEED = 0x0a;

const source = new Uint8Array(BUFFER_BYTES);
const target = new Uint8Array(BUFFER_BYTES);
for (let index = 0; index < BUFFER_BYTES; index++) {
  source[index] = (index * 31) & 0x7f;
}

/** Looks at every byte, as a decoder does. */
function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let index = 0; index < bytes.length; index++) {
    if (bytes[index] === LINE_FEED) {
      count++;
    }
  }
  return count;
}

let lines = 0;
for (let round = 0; round < ROUNDS; round++) {
  target.set(source);
  lines += countLines(target);
}
console.log(lines);
