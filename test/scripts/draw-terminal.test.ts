import { describe, expect, test } from 'vitest';
import { drawTerminal, renderReadmePicture } from '../../scripts/draw-terminal.ts';
import { readProjectFile } from '../structure/source-files.ts';

describe('the picture of a terminal', () => {
  test('in the README is what its command prints', () => {
    expect(readProjectFile('README.md')).toContain('(docs/pictures/terminal.svg)');
    expect(readProjectFile('docs/pictures/terminal.svg')).toBe(renderReadmePicture());
  });

  test('places a run at its column, in its colour, until that ends', () => {
    const texts = drawTerminal('ab  \x1b[1;31mcd\x1b[0m ef\n').match(/<text.*<\/text>/g);
    expect(texts).toEqual([
      '<text x="16" y="30" textLength="16.8" fill="#d7dde4">ab</text>',
      '<text x="49.6" y="30" textLength="16.8" fill="#ff7b72" font-weight="bold">cd</text>',
      '<text x="74.8" y="30" textLength="16.8" fill="#d7dde4">ef</text>',
    ]);
  });

  test('shows markup as text', () => {
    const svg = drawTerminal('<script>"&\'');
    expect(svg).toContain('>&#60;script&#62;&#34;&#38;&#39;</text>');
    expect(svg).not.toContain('<script');
  });

  test.each(['\x1b[2J', '\x1b]0;title\x07', '\x9b31m', 'a\rb'])(
    'takes no other control: %j',
    (output) => {
      expect(() => drawTerminal(output)).toThrow(/^(Control character|Another escape sequence)/);
    },
  );
});
