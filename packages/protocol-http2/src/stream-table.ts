const FIRST_SIZE = 8;
/** An empty table larger than this shrinks. */
const LARGE = 256;

/** What a stream table keeps. */
export interface Identified {
  readonly id: number;
}

/**
 * Open streams by id. A ring, since ids grow one by one: the low bits find the place and the whole id must agree. A stream that lives so
 * long that the ids came round to its place keeps it, and those that should have it stand in a map.
 */
export class StreamTable<S extends Identified> {
  size = 0;
  #slots: (S | undefined)[] = [];
  #others: Map<number, S> | undefined = undefined;

  get(id: number): S | undefined {
    const stream = this.#slots[(id >> 1) & (this.#slots.length - 1)];
    if (stream !== undefined && stream.id === id) return stream;
    return this.#others?.get(id);
  }

  add(stream: S): void {
    if (this.size * 2 >= this.#slots.length) this.#grow();
    this.size++;
    const slot = (stream.id >> 1) & (this.#slots.length - 1);
    if (this.#slots[slot] === undefined) {
      this.#slots[slot] = stream;
      return;
    }
    this.#others ??= new Map();
    this.#others.set(stream.id, stream);
  }

  /** False when it is not there. */
  delete(stream: S): boolean {
    const slot = (stream.id >> 1) & (this.#slots.length - 1);
    if (this.#slots[slot] === stream) this.#slots[slot] = undefined;
    else if (this.#others?.delete(stream.id) !== true) return false;
    this.size--;
    if (this.size === 0 && this.#slots.length > LARGE) this.#slots = [];
    return true;
  }

  all(): S[] {
    const all: S[] = [];
    for (const stream of this.#slots) if (stream !== undefined) all.push(stream);
    if (this.#others !== undefined) all.push(...this.#others.values());
    return all;
  }

  #grow(): void {
    const all = this.all();
    this.#others?.clear();
    this.#slots = new Array<S | undefined>(Math.max(FIRST_SIZE, this.#slots.length * 2)).fill(undefined);
    this.size = 0;
    for (const stream of all) this.add(stream);
  }
}
