// How long the event loop is held up, and by whom.
import { openSync, readSync } from 'node:fs';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';

/** What monitorEventLoopDelay() and our own timer wait for anyway. */
const RESOLUTION_MS = 10;

/**
 * Two watches of one thing: Node's own histogram, and a timer that also asks the kernel for how long this thread was ready and had no core, which on a
 * machine that others use is most of what the histogram shows at its far end.
 */
export class LoopWatch {
  #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #schedstat = openSync('/proc/self/schedstat', 'r');
  #bytes = Buffer.alloc(128);
  #last = performance.now();
  #waited = this.#waitedMs();
  #own = 0;
  #gc = 0;

  constructor() {
    this.#delay.enable();
    setInterval(() => this.#tick(), RESOLUTION_MS).unref();
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) this.#gc = Math.max(this.#gc, duration);
    });
    observer.observe({ entryTypes: ['gc'] });
  }

  reset() {
    this.#delay.reset();
    this.#last = performance.now();
    this.#waited = this.#waitedMs();
    this.#own = 0;
    this.#gc = 0;
  }

  report() {
    this.#tick();
    return {
      /** Longest delay by Node's histogram, without the timer's own wait. */
      maxMs: Math.max(0, this.#delay.max / 1e6 - RESOLUTION_MS),
      p99Ms: Math.max(0, this.#delay.percentile(99) / 1e6 - RESOLUTION_MS),
      /** Longest delay without the time for which the thread had no core. */
      ownMs: this.#own,
      gcMs: this.#gc,
    };
  }

  #tick() {
    const now = performance.now();
    const waited = this.#waitedMs();
    this.#own = Math.max(this.#own, now - this.#last - RESOLUTION_MS - (waited - this.#waited));
    this.#last = now;
    this.#waited = waited;
  }

  /** Time that this thread was ready to run and did not, since it began. */
  #waitedMs() {
    const length = readSync(this.#schedstat, this.#bytes, 0, this.#bytes.length, 0);
    return Number(this.#bytes.latin1Slice(0, length).split(' ')[1]) / 1e6;
  }
}
