import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { BATCH_BYTES } from '../../src/limits.ts';
import { BufferPools } from '../../src/output/buffer-pool.ts';
import { HASTY_BATCHES_SHARE } from '../../src/output/limits.ts';
import {
  type BatchMessage,
  PortSink,
  type ReturnedBuffer,
  returnBuffer,
} from '../../src/output/port-sink.ts';

function receiveFrom<T>(port: MessagePort): T {
  return receiveMessageOnPort(port)?.message;
}

describe('PortSink', () => {
  it('sends batches without copying them, and takes their buffers back', () => {
    const { port1, port2 } = new MessageChannel();
    const sink = new PortSink(port1, new BufferPools(2, 1), false);
    sink.take(0);
    const bytes = sink.take(0) as Uint8Array<ArrayBuffer>;
    expect(sink.take(0)).toBeNull();
    bytes.set(Buffer.from('a line\n'));
    sink.put({ bytes, byteLength: 7, lineCount: 1, output: 0, stream: 2, day: 20190901 });
    const { kind, batch } = receiveFrom<BatchMessage>(port2);
    expect(kind).toBe('batch');
    expect(batch).toMatchObject({
      byteLength: 7,
      lineCount: 1,
      output: 0,
      stream: 2,
      day: 20190901,
    });
    expect(Buffer.from(batch.bytes.subarray(0, 7)).toString()).toBe('a line\n');
    // One memory on both sides: nothing was copied, and no buffer detached, which would slow down every access.
    bytes[0] = 0x41;
    expect(batch.bytes[0]).toBe(0x41);
    expect(bytes.byteLength).toBe(BATCH_BYTES);

    returnBuffer(port2, batch);
    const returned = receiveFrom<ReturnedBuffer>(port1);
    expect(returned.kind).toBe('buffer');
    sink.give(returned);
    expect(sink.take(0)?.byteLength).toBe(BATCH_BYTES);
    port1.close();
  });

  it('is full when all buffers are out; a lossless one then gives one more, the other none', () => {
    const { port1 } = new MessageChannel();
    const lossless = new PortSink(port1, new BufferPools(2, 1), true);
    const lossy = new PortSink(port1, new BufferPools(2, 1), false);
    for (const isFullAfter of [false, true]) {
      const taken = [lossless.take(0), lossy.take(0)];
      expect(taken.map((bytes) => bytes?.byteLength)).toEqual([BATCH_BYTES, BATCH_BYTES]);
      expect([lossless.isFull, lossy.isFull]).toEqual([isFullAfter, isFullAfter]);
    }
    expect(lossless.take(0)?.byteLength).toBe(BATCH_BYTES);
    expect(lossy.take(0)).toBeNull();
    expect([lossless.isFull, lossy.isFull]).toEqual([true, true]);
    port1.close();
  });

  it('is ready when a buffer came back', async () => {
    const { port1 } = new MessageChannel();
    const sink = new PortSink(port1, new BufferPools(2, 1), false);
    await sink.ready();
    sink.take(0);
    const bytes = sink.take(0) as Uint8Array<ArrayBuffer>;
    const ready = sink.ready();
    sink.give({ kind: 'buffer', bytes, output: 0 });
    await ready;
    expect(sink.take(0) === bytes).toBe(true);
    port1.close();
  });

  it('gives each output buffers of its own', () => {
    const { port1 } = new MessageChannel();
    const sink = new PortSink(port1, new BufferPools(4, 2), false);
    expect([sink.take(0), sink.take(0)].every((bytes) => bytes !== null)).toBe(true);
    expect([sink.take(0), sink.isFull]).toEqual([null, true]);
    const bytes = sink.take(1) as Uint8Array<ArrayBuffer>;
    expect(bytes.byteLength).toBe(BATCH_BYTES);
    sink.give({ kind: 'buffer', bytes, output: 1 });
    expect(sink.take(0)).toBeNull();
    port1.close();
  });

  it('tells an output behind when a share of its buffers is away, and not when they are back', () => {
    const { port1, port2 } = new MessageChannel();
    const sink = new PortSink(port1, new BufferPools(2 * 2 * HASTY_BATCHES_SHARE, 2), false);
    const put = (output: number) => {
      const bytes = sink.take(output) as Uint8Array<ArrayBuffer>;
      sink.put({ bytes, byteLength: 1, lineCount: 1, output, stream: 0, day: 20190901 });
    };
    put(0);
    put(1);
    expect([sink.isBehind(0), sink.isBehind(1)]).toEqual([false, false]);
    put(0);
    expect([sink.isBehind(0), sink.isBehind(1)]).toEqual([true, false]);
    returnBuffer(port2, receiveFrom<BatchMessage>(port2).batch);
    sink.give(receiveFrom<ReturnedBuffer>(port1));
    expect(sink.isBehind(0)).toBe(false);
    port1.close();
  });

  it('with two buffers waits for the one that is away', () => {
    const { port1 } = new MessageChannel();
    const sink = new PortSink(port1, new BufferPools(2, 1), false);
    expect(sink.isBehind(0)).toBe(false);
    const bytes = sink.take(0) as Uint8Array<ArrayBuffer>;
    sink.put({ bytes, byteLength: 1, lineCount: 1, output: 0, stream: 0, day: 20190901 });
    expect(sink.isBehind(0)).toBe(true);
    port1.close();
  });
});
