/** Comparing costs the product of both lengths; beyond this only the common beginning and end are counted. */
const MAX_CELLS = 4_000_000;

/** How many bytes of `before` have no counterpart in `after`, when `after` is `before` with bytes inserted anywhere. */
export function fewestChanges(before: Uint8Array, after: Uint8Array): number {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < before.length - head && tail < after.length - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const left = before.subarray(head, before.length - tail);
  const right = after.subarray(head, after.length - tail);
  if (left.length * right.length > MAX_CELLS) return Math.max(0, left.length - right.length);
  // costs[i]: fewest bytes of left[0, i) lost when all of right so far was inserted or matched.
  let costs = Uint32Array.from({ length: left.length + 1 }, (_, index) => index);
  let next = new Uint32Array(left.length + 1);
  for (const byte of right) {
    for (let index = 1; index <= left.length; index++) {
      const kept = (costs[index - 1] ?? 0) + (left[index - 1] === byte ? 0 : 1);
      next[index] = Math.min(costs[index] ?? 0, (next[index - 1] ?? 0) + 1, kept);
    }
    [costs, next] = [next, costs];
  }
  return costs[left.length] ?? 0;
}
