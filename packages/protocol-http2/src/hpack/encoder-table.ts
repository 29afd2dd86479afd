import { type NameRule, ruleOf } from './indexing.ts';
import { ENTRY_OVERHEAD, STATIC_ENTRIES, STATIC_FIELDS } from './static-table.ts';

/** An entry of the dynamic table. */
export interface Entry {
  readonly name: NameEntries;
  readonly value: string;
  readonly size: number;
  /** How many were added before it. */
  readonly order: number;
  /** It was referred to since it was added. */
  used: boolean;
}

/** All that the tables and the policy know of a name. */
export interface NameEntries {
  readonly name: string;
  readonly rule: NameRule;
  /** The first static index of the name, or 0. */
  readonly index: number;
  /** Static values, from `index` on. */
  readonly values: readonly string[];
  /** Of the dynamic table, oldest first. */
  readonly entries: Entry[];
}

const STATIC_NAMES = staticNames();

function staticNames(): ReadonlyMap<string, { index: number; values: string[] }> {
  const names = new Map<string, { index: number; values: string[] }>();
  STATIC_FIELDS.forEach(({ name, value }, i) => {
    const known = names.get(name);
    if (known === undefined) names.set(name, { index: i + 1, values: value === '' ? [] : [value] });
    else known.values.push(value);
  });
  return names;
}
const NO_VALUES: readonly string[] = [];

/** The tables of one direction as an encoder asks them: by name, then by value. */
export class EncoderTable {
  /** Counts changes: encoded bytes hold while it stands. */
  generation = 0;
  capacity: number;
  #bytes = 0;
  #added = 0;
  /** Names of the static table that were asked for, and those of the dynamic one. */
  readonly #names = new Map<string, NameEntries>();
  /** Oldest first, from #first on. */
  #queue: Entry[] = [];
  #first = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  name(name: string): NameEntries {
    return this.#names.get(name) ?? this.#newName(name);
  }

  /** The index of an entry now. */
  indexOf(entry: Entry): number {
    return STATIC_ENTRIES + this.#added - entry.order;
  }

  hasRoom(size: number): boolean {
    return this.#bytes + size <= this.capacity;
  }

  /** Adds an entry that is not larger than the table. */
  add(name: NameEntries, value: string): void {
    const size = name.name.length + value.length + ENTRY_OVERHEAD;
    this.#evict(this.capacity - size);
    const entry = { name, value, size, order: this.#added++, used: false };
    name.entries.push(entry);
    if (name.index === 0) this.#names.set(name.name, name);
    this.#queue.push(entry);
    this.#bytes += size;
    this.generation++;
  }

  resize(capacity: number): void {
    this.capacity = capacity;
    this.#evict(capacity);
    this.generation++;
  }

  #newName(name: string): NameEntries {
    const { index, values } = STATIC_NAMES.get(name) ?? { index: 0, values: NO_VALUES };
    const made = { name, rule: ruleOf(name), index, values, entries: [] };
    if (index > 0) this.#names.set(name, made);
    return made;
  }

  #evict(most: number): void {
    while (this.#bytes > most) {
      const { name, size } = this.#queue[this.#first++]!;
      name.entries.shift();
      if (name.index === 0 && name.entries.length === 0) this.#names.delete(name.name);
      this.#bytes -= size;
    }
    if (this.#first > 32 && this.#first * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#first);
      this.#first = 0;
    }
  }
}
