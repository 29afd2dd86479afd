/** Runs one job per key, a bounded number at a time, in order of arrival. A key that is added while its job runs is run again after it. */
export class WorkQueue {
  readonly #limit: number;
  readonly #run: (key: string) => Promise<void>;
  readonly #waiting = new Set<string>();
  readonly #running = new Set<string>();

  /** @param run must not reject */
  constructor(limit: number, run: (key: string) => Promise<void>) {
    this.#limit = limit;
    this.#run = run;
  }

  add(key: string): void {
    this.#waiting.add(key);
    this.#fill();
  }

  /** Forgets what has not begun. */
  clear(): void {
    this.#waiting.clear();
  }

  #fill(): void {
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#limit) return;
      if (this.#running.has(key)) continue;
      this.#waiting.delete(key);
      this.#running.add(key);
      void this.#run(key).finally(() => {
        this.#running.delete(key);
        this.#fill();
      });
    }
  }
}
