/** Nodes that cannot be read, of all trees of a registry: a node that two trees read is said once. */
export class Faults {
  /** By path: what was said of it, and how many trees cannot read it. */
  readonly #known = new Map<string, { readonly said: Set<string>; trees: number }>();

  /**
   * A tree cannot read it from now on.
   * @param what is the matter
   * @returns whether that is to be said
   */
  begin(path: string, what: string): boolean {
    const known = this.#known.get(path) ?? { said: new Set(), trees: 0 };
    this.#known.set(path, known);
    known.trees++;
    const isNews = !known.said.has(what);
    known.said.add(what);
    return isNews;
  }

  /**
   * A tree that could not read it can, or has lost sight of it.
   * @returns whether that was the last one
   */
  end(path: string): boolean {
    const known = this.#known.get(path);
    if (known === undefined || --known.trees > 0) return false;
    return this.#known.delete(path);
  }
}
