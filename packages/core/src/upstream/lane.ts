import type { PooledConnection } from './pooled-connection.ts';

/** A pool's connections for requests of one dialect. */
export class Lane<Req, Res> {
  readonly dialect: number;
  /** Shared by all callers; an empty place is filled when it is needed. */
  readonly shared: (PooledConnection<Req, Res> | undefined)[];
  /** Exclusive connections that wait for the next request that needs one. */
  readonly idle: PooledConnection<Req, Res>[] = [];
  #turn = 0;
  #readEvent = 0;
  #used: PooledConnection<Req, Res> | undefined = undefined;

  /** @param size connections to share, at least 1 */
  constructor(dialect: number, size: number) {
    this.dialect = dialect;
    this.shared = new Array<PooledConnection<Req, Res> | undefined>(size).fill(undefined);
  }

  /** The place whose turn it is: the same for one whole read event, so that adjacent frames leave as one range. */
  turn(readEvent: number): number {
    if (this.#readEvent !== readEvent) {
      this.#readEvent = readEvent;
      this.#turn = this.#turn + 1 >= this.shared.length ? 0 : this.#turn + 1;
    }
    return this.#turn;
  }

  /**
   * The connection that this read event already uses. What one caller sent at once would stand in one queue without a proxy, too, and
   * leaves as one range.
   */
  inUse(readEvent: number): PooledConnection<Req, Res> | undefined {
    return this.#readEvent === readEvent && this.#used?.connection.usable ? this.#used : undefined;
  }
  use(readEvent: number, pooled: PooledConnection<Req, Res> | undefined): PooledConnection<Req, Res> | undefined {
    this.#readEvent = readEvent;
    this.#used = pooled;
    return pooled;
  }

  /** The usable connection with the fewest requests; undefined when there is none. */
  leastOpen(): PooledConnection<Req, Res> | undefined {
    let least: PooledConnection<Req, Res> | undefined;
    for (const pooled of this.shared) {
      if (!pooled?.connection.usable) continue;
      if (pooled.connection.open === 0) return pooled;
      if (least === undefined || pooled.connection.open < least.connection.open) least = pooled;
    }
    return least;
  }

  takeIdle(): PooledConnection<Req, Res> | undefined {
    for (let pooled = this.idle.pop(); pooled !== undefined; pooled = this.idle.pop()) if (pooled.connection.usable) return pooled;
    return undefined;
  }

  remove(pooled: PooledConnection<Req, Res>): void {
    if (this.#used === pooled) this.#used = undefined;
    const place = this.shared.indexOf(pooled);
    if (place >= 0) this.shared[place] = undefined;
  }
}
