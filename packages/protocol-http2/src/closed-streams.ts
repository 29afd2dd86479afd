/** How a stream came to its end. */
export const NEVER_OPEN = 0;
export const ENDED = 1;
export const RESET_BY_PEER = 2;
export const RESET_HERE = 3;

/** So many streams that were reset here are remembered: frames for them were on their way. */
const RESETS = 256;
/** And so many others: frames for them are errors of their sender, of which the first one ends the connection. */
const OTHERS = 64;

/** Ends of the last streams of a connection: what a late frame means depends on them. RFC 9113, section 5.1, "closed". */
export class ClosedStreams {
  #resets: Int32Array | undefined = undefined;
  #resetAt = 0;
  #others: Int32Array | undefined = undefined;
  #otherAt = 0;

  /** @param how not NEVER_OPEN */
  add(id: number, how: number): void {
    if (how === RESET_HERE) {
      this.#resets ??= new Int32Array(RESETS);
      this.#resets[this.#resetAt] = id;
      this.#resetAt = (this.#resetAt + 1) % RESETS;
    } else {
      this.#others ??= new Int32Array(OTHERS);
      // Ids are odd: the lowest bit is free.
      this.#others[this.#otherAt] = how === RESET_BY_PEER ? id - 1 : id;
      this.#otherAt = (this.#otherAt + 1) % OTHERS;
    }
  }

  /** NEVER_OPEN when it was not, or that is long ago. */
  how(id: number): number {
    if (this.#resets?.includes(id)) return RESET_HERE;
    if (this.#others === undefined) return NEVER_OPEN;
    if (this.#others.includes(id)) return ENDED;
    return this.#others.includes(id - 1) ? RESET_BY_PEER : NEVER_OPEN;
  }
}
