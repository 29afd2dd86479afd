/**
 * Buckets are log-linear: values below 4 exactly, then four equal buckets for every power of two, so that an estimate is off by at most
 * a quarter. The last one takes everything from 2^26 us (67 s).
 */
const BUCKETS = 101;
const LAST = BUCKETS - 1;
const LIMIT_US = 2 ** 26;

/** Powers of two from 64 us to 67 s, the part of the buckets that leaves the process: finer ones would only swell a scrape. */
const EXPORTED_POWERS = Array.from({ length: 21 }, (_, index) => index + 6);

/** A histogram at one moment, as exporters want it. */
export interface HistogramSnapshot {
  /** Seconds, ascending, without the infinite one. */
  readonly upperBounds: readonly number[];
  /** Observations at or below the bound of the same index. */
  readonly cumulative: readonly number[];
  /** Seconds. */
  readonly sum: number;
  readonly count: number;
}

/** Latencies in fixed buckets. Recording allocates nothing and costs a few nanoseconds. */
export class Histogram {
  readonly #counts: number[] = new Array<number>(BUCKETS).fill(0);
  #sumUs = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @param us microseconds; a negative or unordered value (a clock that stepped back) counts as 0 */
  record(us: number): void {
    let value = 0;
    if (us > 0) value = us;
    this.#counts[bucketOf(value)]! += 1;
    this.#sumUs += value;
    this.#count += 1;
  }

  /**
   * The value below which the share `q` of the observations lies, in microseconds, linear within its bucket; 0 when empty.
   * @param q 0 to 1
   */
  quantile(q: number): number {
    if (this.#count === 0) return 0;
    const rank = Math.max(1, Math.ceil(q * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      const inside = this.#counts[bucket]!;
      if (seen + inside >= rank) {
        const low = lowerBound(bucket);
        return bucket === LAST ? low : low + ((lowerBound(bucket + 1) - low) * (rank - seen)) / inside;
      }
      seen += inside;
    }
    return LIMIT_US;
  }

  snapshot(): HistogramSnapshot {
    const cumulative: number[] = [];
    let seen = 0;
    let bucket = 0;
    for (const power of EXPORTED_POWERS) {
      for (const end = bucketOf(2 ** power); bucket < end; bucket += 1) seen += this.#counts[bucket]!;
      cumulative.push(seen);
    }
    return { upperBounds: EXPORTED_POWERS.map((power) => 2 ** power / 1e6), cumulative, sum: this.#sumUs / 1e6, count: this.#count };
  }
}

function bucketOf(us: number): number {
  if (us < 4) return us | 0;
  if (us >= LIMIT_US) return LAST;
  const power = 31 - Math.clz32(us);
  return (power - 1) * 4 + ((us >> (power - 2)) & 3);
}

function lowerBound(bucket: number): number {
  if (bucket < 4) return bucket;
  const power = (bucket >> 2) + 1;
  return 2 ** power + (bucket & 3) * 2 ** (power - 2);
}
