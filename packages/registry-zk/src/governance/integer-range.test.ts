import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { integersBetween } from './integer-range.ts';

const BOUND = 2 ** 31 - 1;
const integer = fc.oneof(fc.integer({ min: -120, max: 1200 }), fc.integer({ min: -BOUND, max: BOUND }));

function matcher(range: string): (value: number) => boolean {
  const regex = new RegExp(`^(?:${integersBetween(range)})$`);
  return (value) => regex.test(String(value));
}

test('a range matches the whole numbers that are in it', () => {
  fc.assert(
    fc.property(integer, integer, integer, (a, b, value) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      const isBetween = matcher(`${low}~${high}`);
      for (const each of [value, low, high, low - 1, high + 1]) assert.equal(isBetween(each), each >= low && each <= high);
      assert.equal(matcher(`${low}~`)(value), value >= low);
      assert.equal(matcher(`~${high}`)(value), value <= high);
    }),
    { numRuns: 2000 },
  );
});

test('a range without ends, and one that is none, match nothing', () => {
  for (const range of ['~', 'a~b', '5~1', '1~2~3']) assert.equal(matcher(range)(1), false, range);
});
