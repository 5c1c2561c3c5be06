/**
 * What every line must be, whatever came in: well-formed UTF-8 without control characters, its columns where
 * they belong, and no backslash that does not begin an escape.
 */
const IPV4 = '\\d{1,3}(?:\\.\\d{1,3}){3}';
const IPV6 = '[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}';
const ENDPOINT = `(?:${IPV4}|${IPV6})#\\d{1,5}`;
const LINE = new RegExp(
  `^\\d{4,6}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3} ${ENDPOINT} ${ENDPOINT} ` +
    `(?:C|S)(?:Q [A-Z]+|R HTTP/\\d(?:\\.\\d)?).* \\S+ \\S.*$`,
);
/** C0, DEL and C1 controls. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;
const ESCAPES = /\\(?:\\|x[0-9A-F]{2})/g;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * @param text lines as they were written, one character a byte
 * @throws when one of them is not a line of httplog's
 */
export function checkLines(text: string): void {
  if (text === '') {
    return;
  }
  if (!text.endsWith('\n')) {
    throw new Error(`The last line has no end: ${JSON.stringify(text.slice(-100))}`);
  }
  for (const line of text.slice(0, -1).split('\n')) {
    const characters = decoder.decode(Buffer.from(line, 'latin1'));
    if (CONTROL.test(characters)) {
      throw new Error(`A line has a control character: ${JSON.stringify(line)}`);
    }
    if (!LINE.test(line)) {
      throw new Error(`A line has not the form of one: ${JSON.stringify(line)}`);
    }
    if (line.replace(ESCAPES, '').includes('\\')) {
      throw new Error(`A line has a backslash that escapes nothing: ${JSON.stringify(line)}`);
    }
  }
}
