import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoopShare } from './loop-share.ts';

test('work in small pieces lets the event loop turn, however many there are', async () => {
  const share = new LoopShare();
  let turns = 0;
  const turn = (): void => {
    turns++;
    immediate = setImmediate(turn);
  };
  let immediate = setImmediate(turn);
  const pieces = Array.from({ length: 20 }, async () => {
    while (share.isSpent) await share.next();
    const until = performance.now() + 4;
    while (performance.now() < until) {
      // works
    }
  });
  assert.equal(turns, 0);
  await Promise.all(pieces);
  clearImmediate(immediate);
  // Three pieces of 4 ms spend a share of 8 ms.
  assert.ok(turns >= 6, `the loop turned ${turns} times`);
});
