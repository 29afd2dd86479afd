/** How a stream came to its end. */
export const NEVER_OPEN = 0;
export const ENDED = 1;
export const RESET_BY_PEER = 2;
export const RESET_HERE = 3;

/** So many streams that were reset here are remembered at least: frames for them were on their way. */
const LEAST_RESETS = 256;
const MOST_RESETS = 16_384;
/** What is taken for them first. */
const FIRST_RESETS = 32;
/** And so many others: frames for them are errors of their sender, of which the first one ends the connection. */
const OTHERS = 64;

/** Ends of the last streams of a connection: what a late frame means depends on them. RFC 9113, section 5.1, "closed". */
export class ClosedStreams {
  readonly #mostResets: number;
  #resets: Int32Array | undefined = undefined;
  #resetAt = 0;
  #others: Int32Array | undefined = undefined;
  #otherAt = 0;

  /** @param open streams that can be open, and reset, at the same time: what their peer sent meanwhile is no error of its */
  constructor(open: number) {
    this.#mostResets = Math.min(MOST_RESETS, Math.max(LEAST_RESETS, open));
  }

  /** @param how not NEVER_OPEN */
  add(id: number, how: number): void {
    if (how === RESET_HERE) {
      const resets = this.#roomForReset();
      resets[this.#resetAt++] = id;
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

  #roomForReset(): Int32Array {
    this.#resets ??= new Int32Array(Math.min(FIRST_RESETS, this.#mostResets));
    if (this.#resetAt < this.#resets.length) return this.#resets;
    if (this.#resets.length === this.#mostResets) {
      this.#resetAt = 0;
      return this.#resets;
    }
    const larger = new Int32Array(Math.min(this.#resets.length * 2, this.#mostResets));
    larger.set(this.#resets);
    this.#resets = larger;
    return larger;
  }
}
