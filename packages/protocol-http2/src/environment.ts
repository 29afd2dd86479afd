import type { StreamEngine, Timed } from '@polywire/core/spi';
import type { Http2Counters } from './counters.ts';
import type { Http2Options } from './options.ts';

/** What all connections of one form of the protocol share. */
export interface Http2Environment {
  readonly engine: StreamEngine;
  readonly options: Http2Options;
  readonly counters: Http2Counters;
  /** How many streams the last connection to an address could have. */
  readonly knownLimits: KnownLimits;
}

/** Addresses whose limit is remembered. */
const MOST_KNOWN = 1000;

/** What services said of the streams that a connection takes, so that the next one is not given more before it can say so. */
export class KnownLimits {
  readonly #byPeer = new Map<string, number>();

  /** undefined: nothing is known. */
  get(peer: string): number | undefined {
    return this.#byPeer.get(peer);
  }
  /** @param streams at least 1 */
  set(peer: string, streams: number): void {
    if (this.#byPeer.size >= MOST_KNOWN) this.#byPeer.clear();
    this.#byPeer.set(peer, streams);
  }
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
