import { describe, expect, it } from 'vitest';
import { BATCH_BYTES } from '../../src/limits.ts';
import { BufferPool } from '../../src/output/buffer-pool.ts';

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

  it('gives one in any case when asked so, and does not keep what is beyond its number', async () => {
    const pool = new BufferPool(1);
    const taken = [pool.takeAnyway(), pool.takeAnyway(), pool.takeAnyway()];
    expect(new Set(taken).size).toBe(3);
    expect([pool.isEmpty, pool.take()]).toEqual([true, null]);
    pool.give(taken[1]);
    pool.give(taken[2]);
    expect(pool.isEmpty).toBe(true);
    pool.give(taken[0]);
    expect(pool.isEmpty).toBe(false);
    expect(pool.take() === taken[0]).toBe(true);
    expect(pool.take()).toBeNull();
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
