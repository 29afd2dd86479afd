/** Something with bytes to hand to its socket at the end of this turn of the event loop. */
export interface Flushable {
  flush(): void;
}

/**
 * One per process: the time and the number of the current read event, and who has bytes to flush. Reading the clock once per read event
 * instead of once per frame, and writing once per dirty connection per turn, is most of the engine's speed.
 */
class Loop {
  /** Microseconds as int32. It wraps: compare with `(a - b) >>> 0`, good for 71 minutes. */
  nowUs = 0;
  /** Grows by one with every read event; wraps as int32. */
  readEvent = 0;
  /** Told of what should never be thrown: the connection at fault is closed, the process lives on. */
  onError: (error: unknown) => void = () => undefined;
  #dirty: Flushable[] = [];
  #armed = false;
  readonly #flush = (): void => {
    this.#armed = false;
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const item of dirty) {
      try {
        item.flush();
      } catch (error) {
        this.onError(error);
      }
    }
  };

  /** Called by a transport before it hands bytes up, and by timers that act on requests. */
  begin(): void {
    this.nowUs = (performance.now() * 1000) | 0;
    this.readEvent = (this.readEvent + 1) | 0;
  }

  /** setImmediate runs after the poll phase: all sockets readable in this turn were read by then. */
  flushLater(item: Flushable): void {
    this.#dirty.push(item);
    if (this.#armed) return;
    this.#armed = true;
    setImmediate(this.#flush);
  }
}

/** The process's event loop as the engine sees it. */
export const loop: Loop = new Loop();
