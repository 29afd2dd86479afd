/** Waits a moment after a change before its node is read, so that what else of it changes until then is read with it. */
export class Debounce {
  readonly #delayMs: number;
  readonly #read: (node: string) => void;
  /** When what changed is to be read, by performance.now(), the soonest first. */
  readonly #due = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(delayMs: number, read: (node: string) => void) {
    this.#delayMs = delayMs;
    this.#read = read;
  }

  /** From the first change on, so that a node that changes all the time is read all the time, and delays no other. */
  touch(node: string): void {
    if (this.#due.has(node)) return;
    this.#due.set(node, performance.now() + this.#delayMs);
    this.#timer ??= setTimeout(() => this.#readDue(), this.#delayMs);
  }

  clear(): void {
    this.#due.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #readDue(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [node, at] of this.#due) {
      // Timers may be early by a fraction.
      if (at - now >= 1) {
        this.#timer = setTimeout(() => this.#readDue(), at - now);
        return;
      }
      this.#due.delete(node);
      this.#read(node);
    }
  }
}
