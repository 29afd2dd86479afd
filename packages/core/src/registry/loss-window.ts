/** What counts as a loss that nobody trusts at once. */
export interface LossLimits {
  /** More than this share of what there was must be missing, between 0 and 1. */
  readonly loss: number;
  /** There must have been at least so many. */
  readonly least: number;
}

/**
 * Milliseconds in which losses count together, from the first on. Processes that are killed together vanish one by one: their sessions end a
 * timeout after each was last heard of, which it is each third of the timeout (30 s by default), and servers look at their clocks each few seconds.
 */
export const LOSS_WINDOW_MS = 15_000;

/** How many there were before the first of several losses, and how many are left. */
export class LossWindow {
  #opened = Number.NEGATIVE_INFINITY;
  #had = 0;

  /** The most there were since the first loss. */
  get had(): number {
    return this.#had;
  }

  isOpen(now: number): boolean {
    return now - this.#opened < LOSS_WINDOW_MS;
  }

  /** Something is missing. @param before how many there were a moment ago */
  lost(before: number, now: number): void {
    if (!this.isOpen(now)) {
      this.#opened = now;
      this.#had = before;
    } else if (before > this.#had) {
      this.#had = before;
    }
  }

  /** Whether so many are missing that it is not to be trusted. */
  exceeds({ loss, least }: LossLimits, left: number): boolean {
    return this.#had >= least && this.#had - left > loss * this.#had;
  }

  /** What is missing now is known. */
  reset(): void {
    this.#opened = Number.NEGATIVE_INFINITY;
    this.#had = 0;
  }
}
