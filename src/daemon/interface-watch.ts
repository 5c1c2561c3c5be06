import { readdirSync, readFileSync } from 'node:fs';
import { INTERFACE_WATCH_INTERVAL_MS } from './limits.ts';

/** What the watch tells. Each is called once a change. */
export interface InterfaceWatchEvents {
  onDown(): void;
  onUp(): void;
  onGone(): void;
  /** The interface has another name now; packets of it flow on. */
  onRenamed(name: string): void;
  /** The name is there again; `isSame` when it is the very interface that went down or never left. */
  onReplaced(): void;
}

/** One look at an interface. */
interface Sight {
  name: string;
  /** The kernel's number: another interface of the same name has another. */
  index: number;
  isUp: boolean;
}

/** @see include/uapi/linux/if.h */
const IFF_UP = 0x1;
const INTERFACES_PATH = '/sys/class/net';

/**
 * Looks at an interface once a second and tells when it goes down, vanishes, comes back or changes its name.
 * The packet socket itself survives "down" and another name; a vanished interface needs a new one.
 *
 * @returns what ends the watch
 */
export function watchInterface(name: string, events: InterfaceWatchEvents): () => void {
  let last = lookAt(name);
  const timer = setInterval(() => {
    const now = lookAt(name) ?? findRenamed(last);
    tellChange(last, now, events);
    last = now;
  }, INTERFACE_WATCH_INTERVAL_MS);
  return () => clearInterval(timer);
}

/** True when the interface is administratively up. */
export function isInterfaceUp(name: string): boolean {
  return lookAt(name)?.isUp === true;
}

/** What a new name means for who asked for the interface by `name`. */
export function describeRename(name: string, newName: string): string {
  return newName === name
    ? `Interface ${name} has its name again`
    : `Interface ${name} is called ${newName} now; its packets are captured on` +
        `. Give it its name back, or start again with -i ${newName}: once away, it is waited for as ${name}`;
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
  if (last.name !== now.name) {
    events.onRenamed(now.name);
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
    const index = Number(readFileSync(`${INTERFACES_PATH}/${name}/ifindex`, 'latin1'));
    const flags = Number(readFileSync(`${INTERFACES_PATH}/${name}/flags`, 'latin1'));
    return { name, index, isUp: (flags & IFF_UP) !== 0 };
  } catch {
    return undefined;
  }
}

/** The interface that was seen last, by its number: it may be there under another name. */
function findRenamed(last: Sight | undefined): Sight | undefined {
  if (last === undefined) {
    return undefined;
  }
  return readdirSync(INTERFACES_PATH)
    .map(lookAt)
    .find((sight) => sight?.index === last.index);
}
