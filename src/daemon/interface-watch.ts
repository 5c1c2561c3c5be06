import { readFileSync } from 'node:fs';
import { INTERFACE_WATCH_INTERVAL_MS } from '../limits.ts';

/** What the watch tells. Each is called once a change. */
export interface InterfaceWatchEvents {
  onDown(): void;
  onUp(): void;
  onGone(): void;
  /** The name is there again; `isSame` when it is the very interface that went down or never left. */
  onReplaced(): void;
}

/** One look at an interface. */
interface Sight {
  /** The kernel's number: another interface of the same name has another. */
  index: number;
  isUp: boolean;
}

/** @see include/uapi/linux/if.h */
const IFF_UP = 0x1;

/**
 * Looks at an interface once a second and tells when it goes down, vanishes or comes back. The packet
 * socket itself survives "down"; a vanished interface needs a new one.
 *
 * @returns what ends the watch
 */
export function watchInterface(name: string, events: InterfaceWatchEvents): () => void {
  let last = lookAt(name);
  const timer = setInterval(() => {
    const now = lookAt(name);
    tellChange(last, now, events);
    last = now;
  }, INTERFACE_WATCH_INTERVAL_MS);
  return () => clearInterval(timer);
}

/** True when the interface is administratively up. */
export function isInterfaceUp(name: string): boolean {
  return lookAt(name)?.isUp === true;
}

function tellChange(
  last: Sight | undefined,
  now: Sight | undefined,
  events: InterfaceWatchEvents,
): void {
  if (now === undefined) {
    if (last !== undefined) {
      events.onGone();
    }
    return;
  }
  if (last === undefined || last.index !== now.index) {
    events.onReplaced();
    return;
  }
  if (last.isUp !== now.isUp) {
    if (now.isUp) {
      events.onUp();
    } else {
      events.onDown();
    }
  }
}

function lookAt(name: string): Sight | undefined {
  try {
    const index = Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'latin1'));
    const flags = Number(readFileSync(`/sys/class/net/${name}/flags`, 'latin1'));
    return { index, isUp: (flags & IFF_UP) !== 0 };
  } catch {
    return undefined;
  }
}
