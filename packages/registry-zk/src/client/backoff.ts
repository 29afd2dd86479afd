const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 5_000;

/** Delay before the next attempt: doubles from 50 ms to 5 s, with full jitter in its upper half so that a fleet does not return at once. */
export function reconnectDelayMs(failures: number): number {
  const ceiling = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures, 10));
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}

/** A copy in random order, so that a fleet spreads over an ensemble. */
export function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((item) => ({ item, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
