import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Histogram } from './histogram.ts';

test('an empty histogram answers 0', () => {
  const histogram = new Histogram();
  assert.equal(histogram.quantile(0.99), 0);
  assert.equal(histogram.count, 0);
});

test('a quantile is off by at most a quarter of the true value', () => {
  const values = fc.array(fc.integer({ min: 4, max: 60_000_000 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(values, fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1), (list, q) => {
      const histogram = new Histogram();
      for (const value of list) histogram.record(value);
      const sorted = [...list].sort((a, b) => a - b);
      const exact = sorted[Math.max(1, Math.ceil(q * list.length)) - 1] ?? 0;
      assert.ok(Math.abs(histogram.quantile(q) - exact) <= exact / 4, `${histogram.quantile(q)} for ${exact}`);
    }),
  );
});

test('values that no clock should give are counted without harm', () => {
  const histogram = new Histogram();
  for (const value of [-1, Number.NaN, 0, 0.5, 2 ** 40, Number.MAX_SAFE_INTEGER]) histogram.record(value);
  assert.equal(histogram.count, 6);
  assert.equal(histogram.quantile(1), 2 ** 26);
});

test('a snapshot counts every observation at the bound it lies below', () => {
  const histogram = new Histogram();
  for (const us of [63, 64, 127, 1_000, 100_000_000]) histogram.record(us);
  const { upperBounds, cumulative, count, sum } = histogram.snapshot();
  assert.equal(upperBounds[0], 0.000064);
  assert.equal(upperBounds.at(-1), 67.108864);
  assert.deepEqual(cumulative.slice(0, 5), [1, 3, 3, 3, 4]);
  assert.equal(cumulative.at(-1), 4);
  assert.equal(count, 5);
  assert.ok(Math.abs(sum - 100.001254) < 1e-9);
});
