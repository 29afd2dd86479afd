const SLOTS = 256;

/** Which ids may be open on a caller's connection. Sure of what it denies: most requests need no second look. */
export class CallerIds {
  readonly #counts = new Uint32Array(SLOTS);

  add(id: number): void {
    this.#counts[id & (SLOTS - 1)]!++;
  }
  remove(id: number): void {
    this.#counts[id & (SLOTS - 1)]!--;
  }
  mayHave(id: number): boolean {
    return this.#counts[id & (SLOTS - 1)] !== 0;
  }
}
