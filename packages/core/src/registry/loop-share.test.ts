import assert from 'node:assert/strict';
import { test } from 'node:test';
import { turns, works } from '../testing/event-loop.ts';
import { LoopShare } from './loop-share.ts';

test('work in small pieces lets the event loop turn, however many there are', async () => {
  const share = new LoopShare();
  const turned = turns();
  const pieces = Array.from({ length: 20 }, async () => {
    while (share.isSpent) await share.next();
    works(4);
  });
  assert.equal(turned.count, 0);
  await Promise.all(pieces);
  turned.end();
  // Three pieces of 4 ms spend a share of 8 ms.
  assert.ok(turned.count >= 6, `the loop turned ${turned.count} times`);
});

test('few pieces are done at once, many in several turns, and all of them', async () => {
  const share = new LoopShare();
  const done: number[] = [];
  const take = (piece: number): void => {
    done.push(piece);
    works(1);
  };
  const numbers = (length: number): number[] => Array.from({ length }, (_, index) => index);
  works(20);
  assert.equal(share.each(numbers(15), take), undefined);
  assert.deepEqual(done.splice(0), numbers(15));
  const turned = turns();
  const rest = share.each(numbers(100), take);
  assert.ok(rest !== undefined && done.length === 16, `${done.length} pieces are done at once`);
  await rest;
  turned.end();
  assert.deepEqual(done, numbers(100));
  assert.ok(turned.count >= 4, `the loop turned ${turned.count} times`);
});

test('pieces that were added meanwhile are done, too, and none after the last one', async () => {
  const share = new LoopShare();
  const pieces = new Set(Array.from({ length: 40 }, (_, index) => index));
  const done: number[] = [];
  const rest = share.each(pieces, (piece) => {
    done.push(piece);
    works(1);
    return piece !== 41;
  });
  for (const late of [40, 41, 42]) pieces.add(late);
  await rest;
  assert.deepEqual(done.slice(-2), [40, 41]);
  assert.equal(done.length, 42);
});

test('two that work through many pieces get on side by side', async () => {
  const share = new LoopShare();
  const done = { first: 0, second: 0 };
  const pieces = Array.from({ length: 200 }, () => 0);
  const first = share.each(pieces, () => {
    done.first++;
    works(0.5);
  });
  const second = share.each(pieces, () => {
    done.second++;
    works(0.5);
  });
  await Promise.race([first, second]);
  assert.ok(Math.min(done.first, done.second) >= 100, `${done.first} and ${done.second} of 200 pieces are done`);
  await Promise.all([first, second]);
});
