/**
 * Loaded into every thread with `--import`: holds decode workers at a point of their work for as long as there is a
 * file of that name, so that what else happens meanwhile is made certain.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, threadName, workerData } from 'node:worker_threads';
import koffi from 'koffi';
import type { HoldPoint } from './held-workers.ts';

const LOOK_INTERVAL_MS = 10;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const ENOMEM = 12;
const SOL_PACKET = 263;
const PACKET_FANOUT = 18;
/** libpcap's engine waits so long once it knows that its interface is gone. */
const DRAIN_WAIT_MS = 480;

type Call = (...args: unknown[]) => unknown;

const directory = process.env.HOLD_WORKER_DIRECTORY;
const index = (threadName ?? '').split(' ')[1];

if (directory !== undefined && !isMainThread && workerData?.capture !== undefined) {
  holdWhileThere(directory, 'start');
  watchCalls(directory);
}

function isOrdered(folder: string, point: HoldPoint): boolean {
  return existsSync(join(folder, `${point}-${index}`));
}

function holdWhileThere(folder: string, point: HoldPoint): void {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  while (isOrdered(folder, point)) {
    writeFileSync(join(folder, `held-${point}-${index}`), '');
    Atomics.wait(clock, 0, 0, LOOK_INTERVAL_MS);
  }
}

/** The C library, when it is loaded from now on, gives functions that may be held. */
function watchCalls(folder: string): void {
  const { load } = koffi;
  koffi.load = (...args) => {
    const library = load(...args);
    if (args[0] !== 'libc.so.6') {
      return library;
    }
    return new Proxy(library, {
      get: (target, key) =>
        key === 'func'
          ? (...signature: [string]) => hold(folder, signature[0], target.func(...signature))
          : Reflect.get(target, key),
    });
  };
}

function hold(folder: string, signature: string, call: Call): Call {
  if (signature.startsWith('int setsockopt(')) {
    return (...args) => {
      if (args[1] === SOL_PACKET && args[2] === PACKET_FANOUT) {
        holdWhileThere(folder, 'fanout');
      }
      // One of several is refused by the kernel when its memory is short just then.
      if (args[1] === SOL_SOCKET && args[2] === SO_ATTACH_FILTER && isOrdered(folder, 'refuse')) {
        koffi.errno(ENOMEM);
        return -1;
      }
      return call(...args);
    };
  }
  if (signature.startsWith('int bind(')) {
    return (...args) => {
      holdWhileThere(folder, 'bind');
      return call(...args);
    };
  }
  if (signature.startsWith('int poll(')) {
    return (...args) => {
      holdWhileThere(folder, args[2] === DRAIN_WAIT_MS ? 'drain' : 'poll');
      if (isOrdered(folder, 'throw')) {
        throw new TypeError('thrown while it waits for packets');
      }
      return call(...args);
    };
  }
  return call;
}
