/** For how long, and how much, an endpoint takes less than its share after it started. Plain data. */
export interface WarmUp {
  /** More than 0. */
  readonly durationMs: number;
  /** What it counts from the beginning on, at least. Never more than its weight. */
  readonly leastWeight: number;
  /** The same as a part of its weight, 0 to 1. */
  readonly leastShare: number;
  /** Its weight grows with the elapsed part of the duration to this power; absent: it stays at the least until the end. */
  readonly exponent?: number;
  /** Rounded down to whole weights, as peers that count in them do. */
  readonly whole?: boolean;
}

/** Of its weight, whatever is said: where nothing else is left, one must still be chosen. */
const SMALLEST_SHARE = 1e-6;

/**
 * What an endpoint counts while it warms up.
 * @param weight more than 0
 * @param elapsedMs since it started, less than the duration
 * @returns more than 0, at most the weight
 */
export function warmingWeight(weight: number, warmUp: WarmUp, elapsedMs: number): number {
  const { durationMs, leastWeight, leastShare, exponent, whole } = warmUp;
  const grown = exponent === undefined ? 0 : weight * (Math.max(0, elapsedMs) / durationMs) ** exponent;
  return Math.min(weight, Math.max(leastWeight, weight * leastShare, whole === true ? Math.floor(grown) : grown, weight * SMALLEST_SHARE));
}
