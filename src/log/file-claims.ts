/** Who has which file of an output, by name: those who write it, or who compresses or deletes it. */
export class FileClaims {
  /** How often each name is held: a file may be opened again while it is still being closed. */
  readonly #holds = new Map<string, number>();
  readonly #taken = new Map<string, Promise<void>>();

  /** **Nobody has taken it.** */
  hold(name: string): void {
    this.#holds.set(name, (this.#holds.get(name) ?? 0) + 1);
  }

  release(name: string): void {
    const count = (this.#holds.get(name) ?? 0) - 1;
    if (count > 0) {
      this.#holds.set(name, count);
    } else {
      this.#holds.delete(name);
    }
  }

  /** Somebody writes it. */
  isHeld(name: string): boolean {
    return this.#holds.has(name);
  }

  heldNames(): string[] {
    return [...this.#holds.keys()];
  }

  /** Somebody compresses or deletes it. */
  isTaken(name: string): boolean {
    return this.#taken.has(name);
  }

  isBusy(name: string): boolean {
    return this.#holds.has(name) || this.#taken.has(name);
  }

  /** Does something with a file that nobody else may have meanwhile; not at all when somebody has it. */
  async take(name: string, work: () => Promise<void>): Promise<void> {
    if (this.isBusy(name)) {
      return;
    }
    const working = work();
    this.#taken.set(name, working);
    try {
      await working;
    } finally {
      this.#taken.delete(name);
    }
  }

  /** Resolves when nobody has taken it any more. */
  async untaken(name: string): Promise<void> {
    while (this.#taken.has(name)) {
      await this.#taken.get(name);
    }
  }
}
