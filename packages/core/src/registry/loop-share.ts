/** Longest time, in ms, that is worked through before sockets and timers are looked at again. */
const SHARE_MS = 8;
/** Pieces that are done without a look at the clock. */
const AT_ONCE = 16;

/** Keeps work that comes in thousands of small pieces from holding up the event loop. Who waits gets on in order of arrival. */
export class LoopShare {
  /** When the turn of the event loop at hand began to be used; undefined: it was not. */
  #began: number | undefined = undefined;
  #waiting: (() => void)[] = [];

  /** To be asked before each piece; when it is true, `next` comes first. */
  get isSpent(): boolean {
    const now = performance.now();
    if (this.#began !== undefined) return now - this.#began > SHARE_MS;
    this.#began = now;
    setImmediate(() => {
      this.#began = undefined;
      this.#resume();
    });
    return false;
  }

  /** Resolves in a later turn, of which something is left when it does. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      // So that there is a next turn.
      void this.isSpent;
    });
  }

  /**
   * Works through many small pieces: the first few at once, the others as turns allow, with what is added to a Map or Set meanwhile.
   * @param work false: nothing more is to be done; must not throw
   * @returns undefined: all of it is done
   */
  each<T>(pieces: Iterable<T>, work: (piece: T) => unknown): Promise<void> | undefined {
    const rest = pieces[Symbol.iterator]();
    return this.#work(rest, work) ? undefined : this.#later(rest, work);
  }

  async #later<T>(rest: Iterator<T>, work: (piece: T) => unknown): Promise<void> {
    do await this.next();
    while (!this.#work(rest, work));
  }

  /** @returns whether nothing is left */
  #work<T>(rest: Iterator<T>, work: (piece: T) => unknown): boolean {
    // The clock runs from the first one on.
    void this.isSpent;
    for (let done = 1; ; done++) {
      const { done: isEnd, value } = rest.next();
      if (isEnd === true) return true;
      if (work(value) === false) {
        rest.return?.();
        return true;
      }
      if (done % AT_ONCE === 0 && this.isSpent) return false;
    }
  }

  /** One after the other, so that none of them uses more than is left by those before it. */
  #resume(): void {
    if (this.#waiting.length === 0 || this.isSpent) return;
    this.#waiting.shift()?.();
    queueMicrotask(() => this.#resume());
  }
}

/** Of the process: all such work together takes one share of a turn. */
export const loopShare = new LoopShare();
