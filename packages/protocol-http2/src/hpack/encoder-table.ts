import { type NameRule, ruleOf } from './indexing.ts';
import { ENTRY_OVERHEAD, STATIC_ENTRIES, STATIC_FIELDS } from './static-table.ts';

/** An entry of the dynamic table. */
export interface Entry {
  readonly name: KnownName;
  readonly value: string;
  readonly size: number;
  /** How many were added before it. */
  readonly order: number;
  /** It was referred to since it was added. */
  used: boolean;
  /** An older one of another name with the same value. */
  next: Entry | undefined;
}

/** What the tables and the policy know of a name. */
export interface KnownName {
  readonly name: string;
  readonly rule: NameRule;
  /** The first static index of the name, or 0. */
  readonly index: number;
  /** Static values, from `index` on. */
  readonly values: readonly string[];
  /** Its last entry in the dynamic table. */
  newest: Entry | undefined;
  /** How many it has there. */
  entries: number;
}

const STATIC_NAMES = staticNames();
const NO_VALUES: readonly string[] = [];

function staticNames(): ReadonlyMap<string, { index: number; values: string[] }> {
  const names = new Map<string, { index: number; values: string[] }>();
  STATIC_FIELDS.forEach(({ name, value }, i) => {
    const known = names.get(name);
    if (known === undefined) names.set(name, { index: i + 1, values: [value] });
    else known.values.push(value);
  });
  return names;
}

/** The tables of one direction as an encoder asks them: by name, then by value. */
export class EncoderTable {
  /** Counts changes: encoded bytes hold while it stands. */
  generation = 0;
  capacity: number;
  #bytes = 0;
  #added = 0;
  /** Names of the static table that were asked for, and those of the dynamic one. */
  readonly #names = new Map<string, KnownName>();
  /** The newest entry with a value. */
  readonly #values = new Map<string, Entry>();
  /** Oldest first, from #first on. */
  #queue: Entry[] = [];
  #first = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  name(name: string): KnownName {
    return this.#names.get(name) ?? this.#newName(name);
  }

  /** The index of a whole field, or 0. */
  find(name: KnownName, value: string): number {
    const { values, index, newest } = name;
    for (let i = 0; i < values.length; i++) if (values[i] === value) return index + i;
    if (newest === undefined) return 0;
    if (newest.value === value) return this.#use(newest);
    if (name.entries === 1) return 0;
    let entry = this.#values.get(value);
    while (entry !== undefined && entry.name !== name) entry = entry.next;
    return entry === undefined ? 0 : this.#use(entry);
  }

  /** An index of the name, or 0. */
  indexOf({ index, newest }: KnownName): number {
    return index > 0 || newest === undefined ? index : this.#indexOf(newest);
  }

  hasRoom(size: number): boolean {
    return this.#bytes + size <= this.capacity;
  }

  /** Adds an entry that is not there, and not larger than the table. */
  add(name: KnownName, value: string): void {
    const size = name.name.length + value.length + ENTRY_OVERHEAD;
    this.#evict(this.capacity - size);
    const entry = { name, value, size, order: this.#added++, used: false, next: this.#values.get(value) };
    name.newest = entry;
    name.entries++;
    this.#names.set(name.name, name);
    this.#values.set(value, entry);
    this.#queue.push(entry);
    this.#bytes += size;
    this.generation++;
  }

  resize(capacity: number): void {
    this.capacity = capacity;
    this.#evict(capacity);
    this.generation++;
  }

  #use(entry: Entry): number {
    entry.used = true;
    return this.#indexOf(entry);
  }

  #indexOf(entry: Entry): number {
    return STATIC_ENTRIES + this.#added - entry.order;
  }

  #newName(name: string): KnownName {
    const { index, values } = STATIC_NAMES.get(name) ?? { index: 0, values: NO_VALUES };
    const made = { name, rule: ruleOf(name), index, values, newest: undefined, entries: 0 };
    if (index > 0) this.#names.set(name, made);
    return made;
  }

  #evict(most: number): void {
    while (this.#bytes > most) this.#drop(this.#queue[this.#first++]!);
    if (this.#first > 32 && this.#first * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#first);
      this.#first = 0;
    }
  }

  #drop(entry: Entry): void {
    const { name, value, size } = entry;
    this.#bytes -= size;
    if (--name.entries === 0) {
      name.newest = undefined;
      if (name.index === 0) this.#names.delete(name.name);
    }
    const newest = this.#values.get(value);
    if (newest === entry) this.#values.delete(value);
    // entries leave in the order they came: this one is the last of its chain
    for (let other = newest; other !== undefined; other = other.next) if (other.next === entry) other.next = undefined;
  }
}
