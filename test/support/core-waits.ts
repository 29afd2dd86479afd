import { readFileSync } from 'node:fs';

/**
 * How long processes were ready to run while others had the cores: what a busy machine adds to everything that they do, and what a bound
 * on their latency allows for. Linux counts it for the first thread of each, which is the one that runs JavaScript; elsewhere it is 0.
 */
export class CoreWaits {
  readonly #before: ReadonlyMap<number, number>;

  constructor(...processes: readonly (number | undefined)[]) {
    this.#before = new Map(processes.flatMap((pid) => (pid === undefined ? [] : [[pid, waitedBy(pid)]])));
  }

  /** Milliseconds since this was made, of all of them together. */
  get milliseconds(): number {
    let sum = 0;
    for (const [pid, before] of this.#before) sum += Math.max(0, waitedBy(pid) - before);
    return sum;
  }

  /**
   * The most that calls can have waited for cores, but for the slowest of them: of 100 calls no more than one can have waited for 100
   * times their mean.
   * @param share of the calls: 0.5 for their median, 1 for all of them
   * @param atOnce calls that wait at the same time
   */
  most(share: number, calls: number, atOnce = 1): number {
    return (this.milliseconds * atOnce) / Math.max(1, calls * (1 - share));
  }
}

/** Milliseconds; the second number of the kernel's `sched-stats`, in nanoseconds. */
function waitedBy(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}
