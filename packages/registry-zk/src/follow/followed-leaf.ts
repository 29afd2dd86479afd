import type { LeafReader } from './layout.ts';
import type { NodeReader } from './node-reader.ts';

const NO_DATA = Buffer.alloc(0);

/** A leaf that is there, and what is known of its children's data. */
export class FollowedLeaf {
  readonly reader: LeafReader;
  /** Whether it was read as a whole once. */
  wasAnnounced = false;
  readonly #path: string;
  readonly #readsData: boolean;
  #known: ReadonlyMap<string, Buffer> = new Map();
  /** Children whose data may have changed since they were read last. */
  readonly #changed = new Set<string>();

  constructor(path: string, readsData: boolean, reader: LeafReader) {
    this.#path = path;
    this.#readsData = readsData;
    this.reader = reader;
  }

  /** @param child undefined: any of them */
  changed(child?: string): void {
    if (!this.#readsData) return;
    if (child !== undefined) this.#changed.add(child);
    else for (const name of this.#known.keys()) this.#changed.add(name);
  }

  /** Reads the data that is new or may have changed. */
  async children(names: readonly string[], nodes: NodeReader, watch: boolean): Promise<ReadonlyMap<string, Buffer>> {
    if (!this.#readsData) return new Map(names.map((name) => [name, NO_DATA]));
    // Taken before the reads: what changes meanwhile is read by the next.
    const changed = new Set(this.#changed);
    this.#changed.clear();
    const known = this.#known;
    try {
      this.#known = await nodes.data(this.#path, names, (name) => (changed.has(name) ? undefined : known.get(name)), watch);
    } catch (error) {
      for (const name of changed) this.#changed.add(name);
      throw error;
    }
    return this.#known;
  }
}
