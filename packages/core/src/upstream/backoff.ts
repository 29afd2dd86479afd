/** How long to wait before the next attempt to connect, in milliseconds. */
export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** Doubling waits with jitter, so that many proxies do not come back at the same moment. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #failures = 0;
  #until = 0;

  /** @param random uniform in [0, 1) */
  constructor(options: BackoffOptions, random: () => number = Math.random) {
    this.#options = options;
    this.#random = random;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** @param nowMs of a clock that never goes back */
  failed(nowMs: number): void {
    const { initialMs, maxMs } = this.#options;
    const wait = Math.min(maxMs, initialMs * 2 ** Math.min(this.#failures, 30));
    this.#failures++;
    this.#until = nowMs + wait * (0.5 + this.#random() / 2);
  }
  /** Waits the longest time at once: the other side said that it goes, and may accept connections for a while all the same. */
  leave(nowMs: number): void {
    this.#failures = Math.max(1, this.#failures);
    this.#until = nowMs + this.#options.maxMs;
  }
  succeeded(): void {
    this.#failures = 0;
    this.#until = 0;
  }

  /** Milliseconds until the next attempt; 0: now. */
  remainingMs(nowMs: number): number {
    return this.#until === 0 ? 0 : Math.max(0, this.#until - nowMs);
  }
}
