import type { LineBatch, LineStream } from '../../src/format/line-batch.ts';

export interface BatchShape {
  lineCount?: number;
  day?: number;
  stream?: LineStream;
  /** Stands at the beginning of each line. */
  tag?: string;
}

/** A batch of numbered lines of different lengths, 40 to 139 bytes each. */
export function makeBatch(number: number, shape: BatchShape = {}): LineBatch {
  const { lineCount = 100, day = 20190901, stream = 0, tag = 'line' } = shape;
  const lines = Array.from({ length: lineCount }, (_, index) => {
    const head = `${tag} ${number}.${index} `;
    return `${head.padEnd(39 + ((number * 31 + index * 17) % 100), 'x')}\n`;
  });
  const bytes = new TextEncoder().encode(lines.join(''));
  return { bytes, byteLength: bytes.byteLength, lineCount, output: 0, stream, day };
}

export function makeBatches(count: number, shape: BatchShape = {}): LineBatch[] {
  return Array.from({ length: count }, (_, number) => makeBatch(number, shape));
}

export function joinText(batches: LineBatch[]): string {
  return batches.map(({ bytes }) => new TextDecoder().decode(bytes)).join('');
}

export function countLines(text: string): number {
  return text.split('\n').length - 1;
}

export function sumLines(batches: LineBatch[]): number {
  return batches.reduce((sum, { lineCount }) => sum + lineCount, 0);
}
