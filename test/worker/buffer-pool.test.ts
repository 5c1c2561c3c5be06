import { describe, expect, it } from 'vitest';
import { BATCH_BYTES } from '../../src/limits.ts';
import { BufferPool } from '../../src/worker/buffer-pool.ts';

/** Whether the promise is settled once everything that is ready has run. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let isDone = false;
  promise.then(() => {
    isDone = true;
  });
  await new Promise(setImmediate);
  return isDone;
}

describe('BufferPool', () => {
  it('makes as many buffers as it may, of a batch each, and no more', () => {
    const pool = new BufferPool(2);
    const taken = [pool.take(), pool.take(), pool.take()];
    expect(taken.map((bytes) => bytes?.length)).toEqual([BATCH_BYTES, BATCH_BYTES, undefined]);
    // Not with toBe: it would compare the bytes of megabytes to explain itself.
    expect(taken[0] === taken[1]).toBe(false);
  });

  it('gives a returned buffer again before it makes another', () => {
    const pool = new BufferPool(2);
    const bytes = pool.take() as Uint8Array<ArrayBuffer>;
    pool.give(bytes);
    expect(pool.take() === bytes).toBe(true);
    expect(pool.take() === bytes).toBe(false);
    expect(pool.take()).toBeNull();
  });

  it('is available while a buffer is free or unmade, and waits for one when there is none', async () => {
    const pool = new BufferPool(1);
    expect(await isSettled(pool.available())).toBe(true);
    const bytes = pool.take() as Uint8Array<ArrayBuffer>;
    const waits = [pool.available(), pool.available()];
    expect(await isSettled(waits[0])).toBe(false);
    pool.give(bytes);
    expect(await Promise.all(waits.map(isSettled))).toEqual([true, true]);
  });

  it('a wake ends every wait though there is no buffer', async () => {
    const pool = new BufferPool(0);
    const wait = pool.available();
    pool.wake();
    expect(await isSettled(wait)).toBe(true);
    expect(pool.take()).toBeNull();
    expect(await isSettled(pool.available())).toBe(false);
  });
});
