/**
 * Draws what a program wrote to a terminal as an SVG image; the README's picture is made by
 *
 *     node scripts/draw-terminal.ts docs/pictures/terminal.svg
 *
 * from the output of the command that stands in it.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const COLUMNS = 100;
const FONT_SIZE = 14;
/** Pixels from one character to the next; each run of text is stretched to it, whatever the font. */
const COLUMN_WIDTH = 8.4;
const LINE_HEIGHT = 19;
const MARGIN = 16;

const BACKGROUND = '#1b1f24';
const FOREGROUND = '#d7dde4';
/** By the parameters of Select Graphic Rendition (ECMA-48 section 8.3.117); others leave the style as it is. */
const COLORS: Record<string, string> = {
  31: '#ff7b72',
  32: '#7ee787',
  33: '#f2cc60',
  34: '#79c0ff',
  35: '#d2a8ff',
  36: '#76e3ea',
};

/** Control Sequence Introducer, ECMA-48 section 8.3.16. */
const SEQUENCE_START = '\x1b[';

interface Style {
  color: string;
  bold: boolean;
  dim: boolean;
}

const PLAIN: Style = { color: FOREGROUND, bold: false, dim: false };

/**
 * An SVG image of lines with SGR sequences.
 *
 * Text is data: it is escaped for XML, and control characters and other escape sequences than SGR are an error.
 */
export function drawTerminal(output: string): string {
  const lines = output.trimEnd().split('\n');
  const width = Math.ceil(COLUMNS * COLUMN_WIDTH + 2 * MARGIN);
  const height = lines.length * LINE_HEIGHT + 2 * MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>`,
    `<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="${FONT_SIZE}" xml:space="preserve">`,
    ...lines.flatMap((line, row) => drawLine(line, MARGIN + row * LINE_HEIGHT + FONT_SIZE)),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function drawLine(line: string, y: number): string[] {
  const runs: string[] = [];
  let style = PLAIN;
  let column = 0;
  for (const [index, piece] of line.split(SEQUENCE_START).entries()) {
    const [sequence, parameters] = (index > 0 && /^([\d;]*)m/.exec(piece)) || ['', undefined];
    if (index > 0 && parameters === undefined) {
      throw new Error('Another escape sequence than SGR in the output');
    }
    style = parameters?.split(';').reduce(applySgr, style) ?? style;
    const text = piece.slice(sequence.length);
    // Blanks need no element, so a run begins and ends with a character that is seen.
    for (const { 0: words, index: at } of text.matchAll(/[^ ]+(?: [^ ]+)*/g)) {
      const before = [...text.slice(0, at)].length;
      runs.push(drawRun(words, column + before, y, style));
    }
    column += [...text].length;
  }
  return runs;
}

function applySgr(style: Style, parameter: string): Style {
  if (parameter === '' || parameter === '0') {
    return PLAIN;
  }
  if (parameter === '1') {
    return { ...style, bold: true };
  }
  if (parameter === '2') {
    return { ...style, dim: true };
  }
  return { ...style, color: COLORS[parameter] ?? style.color };
}

function drawRun(text: string, column: number, y: number, { color, bold, dim }: Style): string {
  const x = toPixels(MARGIN + column * COLUMN_WIDTH);
  const length = toPixels([...text].length * COLUMN_WIDTH);
  const weight = bold ? ' font-weight="bold"' : '';
  const opacity = dim ? ' opacity="0.65"' : '';
  return `<text x="${x}" y="${y}" textLength="${length}" fill="${color}"${weight}${opacity}>${escapeXml(text)}</text>`;
}

function toPixels(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escapeXml(text: string): string {
  const control = /\p{Cc}/u.exec(text);
  if (control !== null) {
    throw new Error(`Control character U+00${control[0].charCodeAt(0).toString(16)} in the output`);
  }
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const CAPTURE = 'docs/pictures/shop.pcap';
const COMMAND = `httplog replay shop.pcap --format short --report always --quiet`;

/** What a terminal of 100 columns shows of the command of the README's picture, behind a prompt. */
export function renderReadmePicture(): string {
  const [, ...args] = COMMAND.replace('shop.pcap', CAPTURE).split(' ');
  const { stdout, stderr } = spawnSync('bin/httplog', [...args, '--color', 'always'], {
    cwd: new URL('../', import.meta.url),
    encoding: 'utf8',
    env: { PATH: process.env.PATH, TZ: 'UTC', COLUMNS: String(COLUMNS) },
  });
  return drawTerminal(`\x1b[32m$\x1b[0m \x1b[1m${COMMAND}\x1b[0m\n${stdout}${stderr}`);
}

if (import.meta.main) {
  const [file] = process.argv.slice(2);
  writeFileSync(file, renderReadmePicture());
}
