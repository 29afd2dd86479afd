/** Keeps what was reported and lets a test wait for what is still to come. */
export class Recorder<T> {
  readonly all: T[] = [];
  #waiters: { wanted: (item: T) => boolean; resolve: (item: T) => void }[] = [];

  add(item: T): void {
    this.all.push(item);
    const due = this.#waiters.filter((waiter) => waiter.wanted(item));
    this.#waiters = this.#waiters.filter((waiter) => !due.includes(waiter));
    for (const waiter of due) waiter.resolve(item);
  }

  /** Resolves with the next item that fits, reported from now on. */
  next(wanted: (item: T) => boolean): Promise<T> {
    return new Promise((resolve) => {
      this.#waiters.push({ wanted, resolve });
    });
  }
}
