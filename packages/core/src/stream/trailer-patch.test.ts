import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrailerPatch } from './trailer-patch.ts';

const MASK = Buffer.from([1, 2, 4, 8]);

test('the mask meets the last bytes, however they are split', () => {
  for (let length = 4; length < 9; length++) {
    for (let split = 0; split <= length; split++) {
      const whole = Buffer.alloc(length, 0xf0);
      const patch = new TrailerPatch(MASK, length);
      patch.apply(whole.subarray(0, split));
      patch.apply(whole.subarray(split));
      const expected = Buffer.concat([Buffer.alloc(length - 4, 0xf0), Buffer.from([0xf1, 0xf2, 0xf4, 0xf8])]);
      assert.deepEqual(whole, expected, `${length} bytes split at ${split}`);
    }
  }
});

test('byte by byte', () => {
  const whole = Buffer.alloc(6);
  const patch = new TrailerPatch(MASK, 6);
  for (let i = 0; i < 6; i++) patch.apply(whole.subarray(i, i + 1));
  assert.deepEqual([...whole], [0, 0, 1, 2, 4, 8]);
});
