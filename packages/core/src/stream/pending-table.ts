/** What a pending table keeps. */
export interface Pending {
  /** The id the table allocated; 0 before. */
  id: number;
}

const FIRST_SIZE = 16;

/**
 * Streams by the id that core allocated. A ring: the low bits find the slot and the whole id must agree, so that a late answer never
 * reaches the stream that has its slot now.
 */
export class PendingTable<S extends Pending> {
  size = 0;
  #slots: (S | undefined)[] = new Array<S | undefined>(FIRST_SIZE).fill(undefined);
  #nextId: number;
  readonly #maxId: number;

  /** @param maxId largest id to allocate, at most 2^31 - 1 */
  constructor(maxId: number, firstId = 1) {
    this.#maxId = maxId;
    this.#nextId = firstId;
  }

  /** Allocates an id for `stream` and keeps it. An id comes again only after all others. */
  add(stream: S): number {
    if (this.size * 2 >= this.#slots.length) this.#grow();
    const slots = this.#slots;
    const mask = slots.length - 1;
    let id = this.#nextId;
    while (slots[id & mask] !== undefined) id = this.#after(id);
    this.#nextId = this.#after(id);
    slots[id & mask] = stream;
    stream.id = id;
    this.size++;
    return id;
  }

  /** An id for a frame that waits for no stream. */
  skipId(): number {
    const id = this.#nextId;
    this.#nextId = this.#after(id);
    return id;
  }

  get(id: number): S | undefined {
    const stream = this.#slots[id & (this.#slots.length - 1)];
    return stream !== undefined && stream.id === id ? stream : undefined;
  }

  take(id: number): S | undefined {
    const slot = id & (this.#slots.length - 1);
    const stream = this.#slots[slot];
    if (stream === undefined || stream.id !== id) return undefined;
    this.#slots[slot] = undefined;
    this.size--;
    return stream;
  }

  /** Empties the table. */
  drain(): S[] {
    const all = this.#slots.filter((stream) => stream !== undefined);
    this.#slots.fill(undefined);
    this.size = 0;
    return all;
  }

  #after(id: number): number {
    return id >= this.#maxId ? 1 : id + 1;
  }
  #grow(): void {
    const slots = new Array<S | undefined>(this.#slots.length * 2).fill(undefined);
    // Ids that are distinct modulo n stay distinct modulo 2n.
    for (const stream of this.#slots) if (stream !== undefined) slots[stream.id & (slots.length - 1)] = stream;
    this.#slots = slots;
  }
}
