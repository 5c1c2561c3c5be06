import { appendFileSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OpenFile } from '../../src/log/open-file.ts';
import { makeDirectory, removeDirectory } from './small-disk.ts';

let directory = '';
let path = '';
beforeEach(() => {
  directory = makeDirectory();
  path = join(directory, 'file');
  writeFileSync(path, 'before');
});
afterEach(() => removeDirectory(directory));

const openFile = (previous?: OpenFile): Promise<OpenFile> =>
  OpenFile.adopt(openSync(path, 'a'), previous);
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (): string => readFileSync(path, 'utf8');

describe('OpenFile.takeBack', () => {
  for (const [byteLength, left] of [
    [0, 'beforeabcd'],
    [1, 'beforeabc'],
    [3, 'beforea'],
    [4, 'before'],
    [5, 'beforeabcd'],
  ] as const) {
    test(`${byteLength} of 4 bytes of our own leave ${left}`, async () => {
      const file = await openFile();
      await file.write([encode('ab'), encode('cd')]);
      await file.takeBack(byteLength);
      await file.close();
      expect(read()).toBe(left);
    });
  }

  test('nothing goes when another program has written after us', async () => {
    const file = await openFile();
    await file.write([encode('abcd')]);
    appendFileSync(path, 'other');
    await file.takeBack(2);
    await file.close();
    expect(read()).toBe('beforeabcdother');
  });

  test('bytes written before the file was opened anew are still our own', async () => {
    const previous = await openFile();
    await previous.write([encode('ab')]);
    const file = await openFile(previous);
    await file.write([encode('cd')]);
    await file.takeBack(3);
    await Promise.all([previous.close(), file.close()]);
    expect(read()).toBe('beforea');
  });

  test('but not when another program wrote in between', async () => {
    const previous = await openFile();
    await previous.write([encode('ab')]);
    appendFileSync(path, 'other');
    const file = await openFile(previous);
    await file.write([encode('cd')]);
    await file.takeBack(3);
    await Promise.all([previous.close(), file.close()]);
    expect(read()).toBe('beforeabothercd');
  });
});
