import { Fifo } from './fifo.ts';

/** Of so many keys that begin, one is of those that nobody waits for, if there are any: they must not wait for ever. */
const PATIENCE = 4;

/**
 * Runs one job per key, a bounded number at a time, in order of arrival, urgent ones first. A key that is added while its job runs is run
 * again after it.
 */
export class WorkQueue {
  readonly #limit: number;
  readonly #run: (key: string) => Promise<void>;
  readonly #urgent = new Fifo<string>();
  readonly #waiting = new Fifo<string>();
  /** Whether each is to be run again, and how. */
  readonly #running = new Map<string, 'done' | 'again' | 'urgent'>();
  #begun = 0;

  /** @param run must not reject */
  constructor(limit: number, run: (key: string) => Promise<void>) {
    this.#limit = limit;
    this.#run = run;
  }

  add(key: string): void {
    const running = this.#running.get(key);
    if (running === 'done') this.#running.set(key, 'again');
    else if (running === undefined && !this.#urgent.has(key)) this.#waiting.add(key);
    this.#fill();
  }

  addUrgent(key: string): void {
    if (this.#running.has(key)) {
      this.#running.set(key, 'urgent');
      return;
    }
    this.#waiting.delete(key);
    this.#urgent.add(key);
    this.#fill();
  }

  /** Forgets what has not begun. */
  clear(): void {
    this.#urgent.clear();
    this.#waiting.clear();
    for (const key of this.#running.keys()) this.#running.set(key, 'done');
  }

  #fill(): void {
    while (this.#running.size < this.#limit) {
      const [first, second] = this.#begun % PATIENCE === 0 ? [this.#waiting, this.#urgent] : [this.#urgent, this.#waiting];
      const key = first.shift() ?? second.shift();
      if (key === undefined) return;
      this.#begun++;
      this.#running.set(key, 'done');
      void this.#run(key).finally(() => this.#ended(key));
    }
  }

  #ended(key: string): void {
    const then = this.#running.get(key);
    this.#running.delete(key);
    if (then === 'again') this.#waiting.add(key);
    else if (then === 'urgent') this.#urgent.add(key);
    this.#fill();
  }
}
