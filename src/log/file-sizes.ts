import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { OwnFile } from './own-files.ts';

/** What the files of one output take of the disk, each with its companions. */
export class FileSizes {
  readonly #directory: string;
  readonly #companionSuffixes: readonly string[];
  /** Of files that nobody writes to any more, by name, so that each is looked at once. */
  readonly #known = new Map<string, number>();

  constructor(directory: string, companionSuffixes: readonly string[]) {
    this.#directory = directory;
    this.#companionSuffixes = companionSuffixes;
  }

  /** Looks at the disk; 0 for a file that is not there any more. */
  async read(name: string): Promise<number> {
    const path = join(this.#directory, name);
    let byteLength = await readSize(path);
    for (const suffix of this.#companionSuffixes) {
      byteLength += await readSize(`${path}${suffix}`);
    }
    return byteLength;
  }

  find(name: string): number | undefined {
    return this.#known.get(name);
  }

  note(name: string, byteLength: number): void {
    this.#known.set(name, byteLength);
  }

  forget(name: string): void {
    this.#known.delete(name);
  }

  /** @param files all that are there */
  forgetOthers(files: readonly OwnFile[]): void {
    if (this.#known.size > files.length) {
      const names = new Set(files.map(({ name }) => name));
      for (const name of this.#known.keys()) {
        if (!names.has(name)) {
          this.#known.delete(name);
        }
      }
    }
  }
}

async function readSize(path: string): Promise<number> {
  try {
    return (await lstat(path)).size;
  } catch {
    return 0;
  }
}
