import type { Backoff } from './backoff.ts';

/** A request that waits shorter than this for others does not notice. */
const HARDLY_US = 1000;
/** The last so many answers make most of the pace. */
const PACE_WEIGHT = 8;

/** Of a pooled connection, what a lane chooses by: see UpstreamConnection. */
export interface Laned {
  readonly connection: { readonly usable: boolean; readonly unanswered: number; readonly movedUs: number };
}

/** A pool's connections for requests of one dialect. */
export class Lane<P extends Laned> {
  readonly dialect: number;
  /** How many shared connections take turns. */
  readonly size: number;
  /** After connections that the service took and closed without a word: it may not speak this dialect, and others well. */
  readonly backoff: Backoff;
  /** Shared by all callers; an empty place is filled when it is needed. */
  readonly shared: (P | undefined)[];
  /** Exclusive connections that wait for the next request that needs one. */
  readonly idle: P[] = [];
  #turn = 0;
  #readEvent = 0;
  #used: P | undefined = undefined;
  /** What the service takes for a request, a moving average in microseconds; infinite while nothing is known. */
  #pace = Number.POSITIVE_INFINITY;

  /** @param size connections to begin with, at least 1 */
  constructor(dialect: number, size: number, backoff: Backoff) {
    this.dialect = dialect;
    this.size = size;
    this.backoff = backoff;
    this.shared = new Array<P | undefined>(size).fill(undefined);
  }

  /** The place whose turn it is: the same for one whole read event, so that adjacent frames leave as one range. */
  turn(readEvent: number): number {
    if (this.#readEvent !== readEvent) {
      this.#readEvent = readEvent;
      this.#turn = this.#turn + 1 >= this.size ? 0 : this.#turn + 1;
    }
    return this.#turn;
  }

  /**
   * The connection that this read event already uses. What one caller sent at once would stand in one queue without a proxy, too, and
   * leaves as one range.
   */
  inUse(readEvent: number): P | undefined {
    return this.#readEvent === readEvent && this.#used?.connection.usable ? this.#used : undefined;
  }
  use(readEvent: number, pooled: P | undefined): P | undefined {
    this.#readEvent = readEvent;
    this.#used = pooled;
    return pooled;
  }

  /** An answer came, `us` after the one before it, or after its request when that found the connection idle. Microseconds. */
  answered(us: number): void {
    this.#pace = this.#pace === Number.POSITIVE_INFINITY ? us : this.#pace + (us - this.#pace) / PACE_WEIGHT;
  }

  /** The first connection on which a request would hardly wait for others. */
  free(nowUs: number): P | undefined {
    for (const pooled of this.shared) if (pooled?.connection.usable && this.#waitUs(pooled, nowUs) < HARDLY_US) return pooled;
    return undefined;
  }

  /** The connection on which a request waits least; undefined when there is none. */
  least(nowUs: number): P | undefined {
    let least: P | undefined;
    for (const pooled of this.shared) {
      if (!pooled?.connection.usable) continue;
      if (least === undefined || this.#waitUs(pooled, nowUs) < this.#waitUs(least, nowUs)) least = pooled;
    }
    return least;
  }

  /** A place for another connection; -1 when there may be no more. */
  place(most: number): number {
    const empty = this.shared.indexOf(undefined);
    return empty >= 0 || this.shared.length >= most ? empty : this.shared.length;
  }

  /** Shared connections beyond those that take turns. */
  extra(): P[] {
    return this.shared.slice(this.size).filter((pooled) => pooled !== undefined);
  }

  takeIdle(): P | undefined {
    for (let pooled = this.idle.pop(); pooled !== undefined; pooled = this.idle.pop()) if (pooled.connection.usable) return pooled;
    return undefined;
  }

  remove(pooled: P): void {
    if (this.#used === pooled) this.#used = undefined;
    const place = this.shared.indexOf(pooled);
    if (place >= 0) this.shared[place] = undefined;
  }

  /** At least so long until the service begins with another request. */
  #waitUs({ connection }: P, nowUs: number): number {
    const { unanswered, movedUs } = connection;
    return unanswered === 0 ? 0 : Math.max(unanswered * this.#pace, (nowUs - movedUs) >>> 0);
  }
}
