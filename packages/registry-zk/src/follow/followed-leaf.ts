import { CONNECTION_LOSS, hasCode } from '../client/errors.ts';
import type { Layout, LeafReader } from './layout.ts';
import type { NodeReader } from './node-reader.ts';

const NO_DATA = Buffer.alloc(0);
const NO_CHILDREN: ReadonlyMap<string, Buffer> = new Map();
/** Of leaves whose children have no data that is read. Never added to. */
const NO_CHANGES = new Set<string>();

/** A leaf that is there, and what is known of its children's data. */
export class FollowedLeaf {
  readonly reader: LeafReader;
  /** Whether it was read as a whole once. */
  wasAnnounced = false;
  /** Why the data of some child could not be read, where they are read apart; what was known of it is among the children. */
  failure: Error | undefined;
  readonly #path: string;
  readonly #layout: Pick<Layout, 'readsData' | 'readsApart' | 'isRead'>;
  #known = NO_CHILDREN;
  /** Children whose data may have changed since they were read last. */
  readonly #changed: Set<string>;

  constructor(path: string, layout: Pick<Layout, 'readsData' | 'readsApart' | 'isRead'>, reader: LeafReader) {
    this.#path = path;
    this.#layout = layout;
    this.#changed = layout.readsData ? new Set() : NO_CHANGES;
    this.reader = reader;
  }

  /** @param child undefined: any of them */
  changed(child?: string): void {
    if (!this.#layout.readsData) return;
    if (child !== undefined) this.#changed.add(child);
    else for (const name of this.#known.keys()) this.#changed.add(name);
  }

  /** Reads the data that is new or may have changed. */
  async children(all: readonly string[], nodes: NodeReader, watch: boolean): Promise<ReadonlyMap<string, Buffer>> {
    const layout = this.#layout;
    if (!layout.readsData) return all.length === 0 ? NO_CHILDREN : new Map(all.map((name) => [name, NO_DATA]));
    const names = all.filter((name) => layout.isRead?.(name) ?? true);
    // Taken before the reads: what changes meanwhile is read by the next.
    const changed = new Set(this.#changed);
    this.#changed.clear();
    const known = this.#known;
    const unchanged = (name: string): Buffer | undefined => (changed.has(name) ? undefined : known.get(name));
    try {
      if (layout.readsApart) this.#known = await this.#apart(names, unchanged, nodes, watch);
      else this.#known = await nodes.data(this.#path, names, unchanged, watch);
    } catch (error) {
      for (const name of changed) this.#changed.add(name);
      throw error;
    }
    return this.#known;
  }

  async #apart(
    names: readonly string[],
    unchanged: (name: string) => Buffer | undefined,
    nodes: NodeReader,
    watch: boolean,
  ): Promise<ReadonlyMap<string, Buffer>> {
    this.failure = undefined;
    const former = this.#known;
    const now = new Map<string, Buffer>();
    const readOne = async (name: string): Promise<void> => {
      let data: Buffer | undefined;
      try {
        data = (await nodes.data(this.#path, [name], unchanged, watch)).get(name);
      } catch (error) {
        if (hasCode(error, CONNECTION_LOSS)) throw error;
        this.failure ??= error instanceof Error ? error : new Error(String(error));
        this.#changed.add(name);
        data = former.get(name);
      }
      if (data !== undefined) now.set(name, data);
    };
    await Promise.all(names.map(readOne));
    return now;
  }
}
