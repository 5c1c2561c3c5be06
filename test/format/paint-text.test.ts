import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { paintTextLines } from '../../src/format/paint-text.ts';

const paint = (lines: string) => Buffer.from(paintTextLines(Buffer.from(lines))).toString();
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const strip = (lines: string) => lines.replace(/\x1b\[\d+m/g, '');

const REQUEST =
  '2019-09-01 14:16:51.002 10.0.0.9#50905 10.0.0.2#80 CQ GET / HTTP/1.1 a.example curl\n';
const RESPONSE = '2019-09-01 14:16:51.003 10.0.0.2#80 10.0.0.9#50905 SR HTTP/1.1 404 No 0 -\n';

describe('text lines in colour', () => {
  it('have their time, their type and their method', () => {
    expect(paint(REQUEST)).toBe(
      '\x1b[2m2019-09-01 14:16:51.002\x1b[0m 10.0.0.9#50905 10.0.0.2#80 ' +
        '\x1b[36mCQ\x1b[0m \x1b[1mGET\x1b[0m / HTTP/1.1 a.example curl\n',
    );
  });

  it('have their status', () => {
    expect(paint(RESPONSE)).toBe(
      '\x1b[2m2019-09-01 14:16:51.003\x1b[0m 10.0.0.2#80 10.0.0.9#50905 ' +
        '\x1b[35mSR\x1b[0m HTTP/1.1 \x1b[33m404\x1b[0m No 0 -\n',
    );
  });

  it.each(['browser.pcap', 'nginx-methods.pcap', 'vlan.pcap', 'snaplen-96.pcap'])(
    'are the same lines without the colours: %s',
    (file) => {
      const lines = readFileSync(new URL(`../golden/lines/${file}.lines`, import.meta.url), 'utf8');
      const painted = paint(lines);
      expect(strip(painted)).toBe(lines);
      const colorsCount = (painted.length - lines.length) / '\x1b[2m\x1b[0m'.length;
      expect(colorsCount).toBeGreaterThan(2 * lines.split('\n').length);
    },
  );

  it.each(['\n', 'a\n', 'a b c d\n', 'a b c d CQ\n', 'a b c d CR HTTP/1.1\n'])(
    'that are none, or cut, lose no byte: %j',
    (line) => {
      expect(strip(paint(line))).toBe(line);
    },
  );
});
