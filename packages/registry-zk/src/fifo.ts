/** Shifted entries that are kept before they are cut off together. */
const SPENT = 1024;

/** Distinct keys in order of arrival. Unlike a Set's, its first key costs the same however many were there before. */
export class Fifo<T> {
  readonly #keys = new Set<T>();
  /** What was deleted is still in it. */
  #order: T[] = [];
  #head = 0;

  add(key: T): void {
    if (this.#keys.has(key)) return;
    this.#keys.add(key);
    this.#order.push(key);
  }

  has(key: T): boolean {
    return this.#keys.has(key);
  }

  delete(key: T): void {
    this.#keys.delete(key);
  }

  clear(): void {
    this.#keys.clear();
    this.#order = [];
    this.#head = 0;
  }

  /** Shifts one after the other, with what is added meanwhile. */
  *[Symbol.iterator](): Iterator<T> {
    for (let key = this.shift(); key !== undefined; key = this.shift()) yield key;
  }

  /** undefined: there is none. */
  shift(): T | undefined {
    while (this.#head < this.#order.length) {
      const key = this.#order[this.#head++];
      if (this.#head >= SPENT && this.#head * 2 > this.#order.length) {
        this.#order = this.#order.slice(this.#head);
        this.#head = 0;
      }
      if (key !== undefined && this.#keys.delete(key)) return key;
    }
    return undefined;
  }
}
