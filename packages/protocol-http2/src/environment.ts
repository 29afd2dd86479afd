import type { StreamEngine, Timed } from '@polywire/core/spi';
import type { Http2Counters } from './counters.ts';
import type { Http2Options } from './options.ts';

/** What all connections of one form of the protocol share. */
export interface Http2Environment {
  readonly engine: StreamEngine;
  readonly options: Http2Options;
  readonly counters: Http2Counters;
}

/** Something that must have happened by then. */
export class Deadline implements Timed {
  wheelTick = 0;
  wheelNext: Timed | undefined = undefined;
  wheelPrevious: Timed | undefined = undefined;
  armed = false;
  readonly #wheel: StreamEngine['wheel'];
  readonly #late: () => void;

  constructor(wheel: StreamEngine['wheel'], late: () => void) {
    this.#wheel = wheel;
    this.#late = late;
  }

  /** Counts anew when it is armed. */
  arm(ms: number): void {
    if (this.armed) this.#wheel.disarm(this);
    this.armed = true;
    this.#wheel.arm(this, ms);
  }
  disarm(): void {
    if (!this.armed) return;
    this.armed = false;
    this.#wheel.disarm(this);
  }
  onDeadline(): void {
    this.armed = false;
    this.#late();
  }
}
