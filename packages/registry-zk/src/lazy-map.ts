/** What was computed last: whoever looks once looks again at once, and most maps are never looked at. */
const latest: { of: object | undefined; map: ReadonlyMap<string, string> } = { of: undefined, map: new Map() };

/**
 * A map that is computed when it is looked at, and not kept: of the tens of thousands of providers of a large registry, few are ever called, and their
 * parameters would take most of the memory.
 */
export abstract class LazyMap implements ReadonlyMap<string, string> {
  /** Always the same. */
  protected abstract compute(): ReadonlyMap<string, string>;

  get size(): number {
    return this.#map().size;
  }

  get(key: string): string | undefined {
    return this.#map().get(key);
  }

  has(key: string): boolean {
    return this.#map().has(key);
  }

  entries(): MapIterator<[string, string]> {
    return this.#map().entries();
  }

  keys(): MapIterator<string> {
    return this.#map().keys();
  }

  values(): MapIterator<string> {
    return this.#map().values();
  }

  [Symbol.iterator](): MapIterator<[string, string]> {
    return this.entries();
  }

  forEach(callback: (value: string, key: string, map: ReadonlyMap<string, string>) => void): void {
    for (const [key, value] of this.#map()) callback(value, key, this);
  }

  #map(): ReadonlyMap<string, string> {
    if (latest.of !== this) {
      latest.map = this.compute();
      latest.of = this;
    }
    return latest.map;
  }
}
