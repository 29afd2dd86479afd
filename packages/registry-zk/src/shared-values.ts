/** So many different values are shared at a time. */
const LIMIT = 4096;

/** Keeps one object for equal values, so that tens of thousands of endpoints that say the same do not each have their own. */
export class SharedValues<T> {
  readonly #values = new Map<string, T>();

  /** @param create makes the value that `key` stands for */
  get(key: string, create: () => T): T {
    let value = this.#values.get(key);
    if (value === undefined) {
      // Values that are different each time must not pile up.
      if (this.#values.size >= LIMIT) this.#values.clear();
      value = create();
      this.#values.set(key, value);
    }
    return value;
  }
}
