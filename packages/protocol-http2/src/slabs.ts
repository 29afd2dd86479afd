/** Of every piece of memory that output is written into. */
export const SLAB_BYTES = 32 * 1024;
/** Slabs kept for the next turns of the loop: 2 MiB. */
const MOST_FREE = 64;

/** Output memory that no connection uses now. One per process, so that connections hold none while they are idle. */
class SlabPool {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES);
  }
  /** @param slab nobody reads from it any more */
  give(slab: Buffer): void {
    if (slab.length === SLAB_BYTES && this.#free.length < MOST_FREE) this.#free.push(slab);
  }
}

export const slabs: SlabPool = new SlabPool();
