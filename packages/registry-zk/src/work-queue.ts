/** Of so many keys that begin, one is of those that nobody waits for, if there are any: they must not wait for ever. */
const PATIENCE = 4;

/**
 * Runs one job per key, a bounded number at a time, in order of arrival, urgent ones first. A key that is added while its job runs is run
 * again after it.
 */
export class WorkQueue {
  readonly #limit: number;
  readonly #run: (key: string) => Promise<void>;
  readonly #urgent = new Set<string>();
  readonly #waiting = new Set<string>();
  readonly #running = new Set<string>();
  #begun = 0;

  /** @param run must not reject */
  constructor(limit: number, run: (key: string) => Promise<void>) {
    this.#limit = limit;
    this.#run = run;
  }

  add(key: string): void {
    if (!this.#urgent.has(key)) this.#waiting.add(key);
    this.#fill();
  }

  addUrgent(key: string): void {
    this.#waiting.delete(key);
    this.#urgent.add(key);
    this.#fill();
  }

  /** Forgets what has not begun. */
  clear(): void {
    this.#urgent.clear();
    this.#waiting.clear();
  }

  #fill(): void {
    while (this.#running.size < this.#limit) {
      const queues = this.#begun % PATIENCE === 0 ? [this.#waiting, this.#urgent] : [this.#urgent, this.#waiting];
      if (!queues.some((queue) => this.#begin(queue))) return;
    }
  }

  #begin(queue: Set<string>): boolean {
    for (const key of queue) {
      if (this.#running.has(key)) continue;
      queue.delete(key);
      this.#running.add(key);
      this.#begun++;
      void this.#run(key).finally(() => {
        this.#running.delete(key);
        this.#fill();
      });
      return true;
    }
    return false;
  }
}
