import type { StreamEngine, Timed } from '@polywire/core/spi';

/** Deadlines that pass when a test says so. */
export class ManualWheel {
  now = 0;
  readonly #armed = new Map<Timed, number>();
  readonly wheel: StreamEngine['wheel'] = {
    arm: (timed: Timed, ms: number): void => void this.#armed.set(timed, this.now + ms),
    disarm: (timed: Timed): void => void this.#armed.delete(timed),
  };

  get size(): number {
    return this.#armed.size;
  }
  pass(ms: number): void {
    this.now += ms;
    for (const [timed, at] of [...this.#armed]) {
      if (at > this.now || !this.#armed.delete(timed)) continue;
      timed.onDeadline();
    }
  }
}
