import { closeSync, openSync, readSync } from 'node:fs';
import { lateCrypto } from '../late-modules.ts';

const RANDOM_DEVICE = '/dev/urandom';

/** 32 bits that nobody can foresee: the kernel's, which `crypto` takes a quarter of a start to ask for. */
export function chooseRandomWord(): number {
  const word = new Int32Array(1);
  let fd: number;
  try {
    fd = openSync(RANDOM_DEVICE, 'r');
  } catch {
    return lateCrypto().getRandomValues(word)[0]; // A root without devices.
  }
  try {
    readSync(fd, word);
  } finally {
    closeSync(fd);
  }
  return word[0];
}
