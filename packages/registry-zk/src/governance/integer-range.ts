/** Matches nothing. */
const NEVER = '[^\\s\\S]';

/**
 * The regular expression of the whole numbers of a range as Dubbo's RangeValuePattern reads it: `1~5`, `~5`, `5~`. A range without ends, or of
 * other texts, is none.
 */
export function integersBetween(range: string): string {
  const [, low, high] = /^(-?\d{1,10})?~(-?\d{1,10})?$/.exec(range) ?? [];
  if (low === undefined && high === undefined) return NEVER;
  const [from, to] = [low === undefined ? -(2 ** 31) : Number(low), high === undefined ? 2 ** 31 - 1 : Number(high)];
  const parts = [...natural(Math.max(from, 0), to), ...natural(Math.max(-to, 1), -from).map((each) => `-${each}`)];
  return parts.length === 0 ? NEVER : `(?:${parts.join('|')})`;
}

/** Expressions of the numbers from 0 that are between two, both included. */
function natural(from: number, to: number): string[] {
  const parts: string[] = [];
  for (let low = from; low <= to; ) {
    // The most numbers from `low` on that differ in their last digits only.
    let size = 1;
    while (low % (size * 10) === 0 && low + size * 10 - 1 <= to && low >= size * 10) size *= 10;
    const first = Math.floor(low / size);
    const last = Math.min(first - (first % 10) + 9, Math.floor((to + 1) / size) - 1);
    const digits = String(first).slice(0, -1);
    parts.push(`${digits}[${first % 10}-${last % 10}]${'[0-9]'.repeat(String(size).length - 1)}`);
    low = (last + 1) * size;
  }
  return parts;
}
