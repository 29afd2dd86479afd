/** Longest time, in ms, that is worked through before sockets and timers are looked at again. */
const SHARE_MS = 8;

/** Keeps work that comes in thousands of small pieces from holding up the event loop. */
export class LoopShare {
  /** When the turn of the event loop at hand began to be used; undefined: it was not. */
  #began: number | undefined;

  /** To be asked before each piece; when it is true, `next` comes first. */
  get isSpent(): boolean {
    const now = performance.now();
    if (this.#began !== undefined) return now - this.#began > SHARE_MS;
    this.#began = now;
    setImmediate(() => {
      this.#began = undefined;
    });
    return false;
  }

  /** Resolves in the next turn, whose share may be spent by then, too. */
  next(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}
