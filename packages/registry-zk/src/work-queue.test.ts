import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkQueue } from './work-queue.ts';

test('a bounded number runs at a time, each key once, in order', async () => {
  const finish: (() => void)[] = [];
  const begun: string[] = [];
  const queue = new WorkQueue(2, (key) => {
    begun.push(key);
    return new Promise((resolve) => finish.push(resolve));
  });
  for (const key of ['a', 'b', 'c', 'c', 'd']) queue.add(key);
  assert.deepEqual(begun, ['a', 'b']);
  finish[1]?.();
  await new Promise(setImmediate);
  assert.deepEqual(begun, ['a', 'b', 'c']);
  queue.clear();
  finish[0]?.();
  await new Promise(setImmediate);
  assert.deepEqual(begun, ['a', 'b', 'c']);
});

test('a key that comes again while it runs is run after that, not beside it', async () => {
  const finish: (() => void)[] = [];
  let running = 0;
  const queue = new WorkQueue(5, async () => {
    assert.equal(++running, 1);
    await new Promise<void>((resolve) => finish.push(resolve));
    running--;
  });
  queue.add('a');
  queue.add('a');
  assert.equal(finish.length, 1);
  finish[0]?.();
  await new Promise(setImmediate);
  assert.equal(finish.length, 2);
  finish[1]?.();
  await new Promise(setImmediate);
  assert.equal(finish.length, 2);
});

test('urgent keys begin first, and do not keep the others from beginning', async () => {
  const finish: (() => void)[] = [];
  const begun: string[] = [];
  const queue = new WorkQueue(1, (key) => {
    begun.push(key);
    return new Promise((resolve) => finish.push(resolve));
  });
  for (const key of ['a', 'b', 'c']) queue.add(key);
  for (const key of ['c', 'd', 'e', 'f', 'g']) queue.addUrgent(key);
  queue.add('d');
  while (finish.length > 0) {
    finish.shift()?.();
    await new Promise(setImmediate);
  }
  assert.deepEqual(begun, ['a', 'c', 'd', 'e', 'b', 'f', 'g']);
});
