import type { HeaderField } from '@polywire/core/spi';
import { ENTRY_OVERHEAD, fieldBytes, STATIC_ENTRIES, STATIC_FIELDS } from './static-table.ts';

/** What SETTINGS_HEADER_TABLE_SIZE is until a peer says otherwise. */
export const INITIAL_TABLE_BYTES = 4096;

const FIRST_RING = 16;

/** The static and the dynamic table of one direction: RFC 7541, section 2.3. */
export class DecoderTable {
  /** Counts changes: what was found out about indexes holds while it stands. */
  generation = 0;
  #capacity = INITIAL_TABLE_BYTES;
  #bytes = 0;
  /** Oldest entry at #first. The length is a power of two. */
  #ring = new Array<HeaderField | undefined>(FIRST_RING).fill(undefined);
  #first = 0;
  #count = 0;

  get capacity(): number {
    return this.#capacity;
  }

  /** The entry of an index from 1; undefined when there is none. */
  get(index: number): HeaderField | undefined {
    if (index <= STATIC_ENTRIES) return STATIC_FIELDS[index - 1];
    const age = index - STATIC_ENTRIES;
    if (age > this.#count) return undefined;
    return this.#ring[(this.#first + this.#count - age) & (this.#ring.length - 1)];
  }

  add(field: HeaderField): void {
    const size = fieldBytes(field);
    this.makeRoom(size);
    if (size > this.#capacity) return;
    if (this.#count === this.#ring.length) this.#grow();
    this.#ring[(this.#first + this.#count++) & (this.#ring.length - 1)] = field;
    this.#bytes += size;
  }

  /** What adding an entry of this size does before it is added: one larger than the table empties it and is not kept. */
  makeRoom(size: number): void {
    this.generation++;
    this.#evict(Math.max(this.#capacity - size, 0));
  }

  /** Whether an entry of this size would be kept. */
  fits(size: number): boolean {
    return size <= this.#capacity;
  }

  resize(capacity: number): void {
    this.generation++;
    this.#capacity = capacity;
    this.#evict(capacity);
  }

  #evict(most: number): void {
    while (this.#bytes > most) {
      const oldest = this.#ring[this.#first];
      this.#ring[this.#first] = undefined;
      this.#first = (this.#first + 1) & (this.#ring.length - 1);
      this.#count--;
      this.#bytes -= oldest === undefined ? ENTRY_OVERHEAD : fieldBytes(oldest);
    }
  }

  #grow(): void {
    const { length } = this.#ring;
    const ring = new Array<HeaderField | undefined>(length * 2).fill(undefined);
    for (let i = 0; i < this.#count; i++) ring[i] = this.#ring[(this.#first + i) & (length - 1)];
    this.#ring = ring;
    this.#first = 0;
  }
}
