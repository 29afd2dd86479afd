/** Of every piece of memory that output is written into. */
const SLAB_BYTES = 32 * 1024;
/** Slabs kept for the next turns of the loop: 2 MiB. */
const MOST_FREE = 64;
/** One with less room is not worth keeping. */
const LEAST_ROOM = 8 * 1024;

/** Output memory. */
export interface Slab {
  readonly bytes: Buffer;
  /** What is before it was written by others, and may be on its way. */
  from: number;
}

/** Output memory that no connection uses now. One per process, so that connections hold none while they are idle. */
class SlabPool {
  readonly #free: Slab[] = [];

  /** With room for so many bytes behind `from`. */
  take(room: number): Slab {
    const last = this.#free.pop();
    if (last !== undefined && last.bytes.length - last.from >= room) return last;
    if (last !== undefined) this.#free.push(last);
    return { bytes: Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, room)), from: 0 };
  }
  /** @param slab from which nobody reads behind `from` any more */
  give(slab: Slab): void {
    const { bytes, from } = slab;
    if (bytes.length === SLAB_BYTES && SLAB_BYTES - from >= LEAST_ROOM && this.#free.length < MOST_FREE) this.#free.push(slab);
  }
}

export const slabs: SlabPool = new SlabPool();
