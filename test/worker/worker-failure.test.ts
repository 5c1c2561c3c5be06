import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { HttplogError } from '../../src/errors.ts';
import {
  describeFailure,
  restoreFailure,
  type WorkerFailure,
} from '../../src/worker/worker-failure.ts';

/** Sends the error through a real message port, as threads do. */
function sendThrough(error: unknown): HttplogError {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(describeFailure(error));
  const received = receiveMessageOnPort(port2)?.message as WorkerFailure;
  port1.close();
  return restoreFailure(received);
}

describe('describeFailure and restoreFailure', () => {
  it.each([undefined, 'Free some space'])('an HttplogError arrives whole, its hint %s', (hint) => {
    const error = new HttplogError('The disk is full', {
      code: 'HTTPLOG_DISK',
      exitCode: 4,
      ...(hint === undefined ? {} : { hint }),
    });
    const arrived = sendThrough(error);
    expect(arrived).toBeInstanceOf(HttplogError);
    expect(arrived).toMatchObject({
      message: 'The disk is full',
      code: 'HTTPLOG_DISK',
      exitCode: 4,
    });
    expect(arrived.hint).toBe(hint);
    expect(arrived.stack).toBe(error.stack);
  });

  it('any other error is a fault of the worker, with its stack', () => {
    const error = new TypeError('x is not a function');
    const arrived = sendThrough(error);
    expect(arrived).toMatchObject({
      message: 'x is not a function',
      code: 'HTTPLOG_WORKER',
      exitCode: 1,
    });
    expect(arrived.stack).toBe(error.stack);
  });

  it('what is no error at all is told as text', () => {
    expect(sendThrough('out of luck').message).toBe('out of luck');
    expect(sendThrough(undefined).message).toBe('undefined');
  });
});
