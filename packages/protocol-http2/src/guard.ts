import { ConnectionError, ENHANCE_YOUR_CALM } from './frame.ts';

/** So many events in a while, and so many more for what speaks for their sender. The clock is read only when they are used up. */
export class Allowance {
  readonly #most: number;
  readonly #refillMs: number;
  #left: number;
  #since: number = performance.now();

  /**
   * @param most events at once
   * @param refillMs milliseconds in which so many come back
   */
  constructor(most: number, refillMs: number) {
    this.#most = most;
    this.#refillMs = refillMs;
    this.#left = most;
  }

  /** False: it is too much. */
  take(cost: number): boolean {
    this.#left -= cost;
    return this.#left >= 0 || this.#refill();
  }
  give(amount: number): void {
    if (this.#left < this.#most) this.#left += amount;
  }

  #refill(): boolean {
    const now = performance.now();
    const came = ((now - this.#since) / this.#refillMs) * this.#most;
    this.#left = Math.min(this.#most, this.#left + came);
    this.#since = now;
    return this.#left >= 0;
  }
}

/** Limits of what a peer may make of its connection without using it. */
export interface GuardOptions {
  /** Frames that carry nothing. */
  readonly idleFrames: number;
  /** Streams that the peer resets before they are answered. */
  readonly streamResets: number;
  /** Streams that had to be reset for the peer's errors. */
  readonly streamErrors: number;
  /** Milliseconds in which so many are allowed. */
  readonly floodWindowMs: number;
}

/** A SETTINGS frame changes every stream, and has to be answered. */
const SETTINGS_COST = 10;
/** Frames that carry nothing, allowed for each that does: windows are opened, pings measure what is received. */
const PER_USEFUL_FRAME = 4;

/** Tells floods from use. */
export class Guard {
  readonly #idle: Allowance;
  readonly #resets: Allowance;
  readonly #errors: Allowance;
  readonly #options: GuardOptions;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#idle = new Allowance(options.idleFrames, options.floodWindowMs);
    this.#resets = new Allowance(options.streamResets, options.floodWindowMs);
    this.#errors = new Allowance(options.streamErrors, options.floodWindowMs);
  }

  /** A header block or data, either way. */
  useful(): void {
    this.#idle.give(PER_USEFUL_FRAME);
  }
  /** @throws ConnectionError when it is one too many, as all below */
  idleFrame(what: string): void {
    if (!this.#idle.take(1)) this.#flood(what, this.#options.idleFrames, 'idle-frames');
  }
  settings(): void {
    if (!this.#idle.take(SETTINGS_COST)) this.#flood('SETTINGS', this.#options.idleFrames, 'idle-frames');
  }
  /** CVE-2023-44487. A stream that was answered makes up for one that was not. */
  reset(): void {
    if (!this.#resets.take(1)) this.#flood('RST_STREAM', this.#options.streamResets, 'stream-resets');
  }
  answered(): void {
    this.#resets.give(1);
  }
  /** CVE-2025-8671: errors that make us reset streams are as good as resets. */
  streamError(): void {
    if (!this.#errors.take(1)) this.#flood('streams with errors', this.#options.streamErrors, 'stream-errors');
  }

  #flood(what: string, most: number, option: string): never {
    throw new ConnectionError(ENHANCE_YOUR_CALM, `too many ${what}: more than ${most} in ${this.#options.floodWindowMs} ms (${option})`);
  }
}
