import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fifo } from './fifo.ts';

test('distinct keys come in order, without those that were deleted', () => {
  const fifo = new Fifo<string>();
  for (const key of ['a', 'b', 'a', 'c', 'd']) fifo.add(key);
  fifo.delete('b');
  assert.deepEqual([fifo.has('a'), fifo.has('b')], [true, false]);
  assert.deepEqual([fifo.shift(), fifo.shift()], ['a', 'c']);
  fifo.add('a');
  assert.deepEqual([fifo.shift(), fifo.shift(), fifo.shift()], ['d', 'a', undefined]);
});

test('it stays in order when many keys went through it', () => {
  const fifo = new Fifo<number>();
  const seen: (number | undefined)[] = [];
  for (let key = 0; key < 5_000; key++) fifo.add(key);
  for (let key = 5_000; key < 10_000; key++) {
    seen.push(fifo.shift());
    fifo.add(key);
  }
  for (let key = fifo.shift(); key !== undefined; key = fifo.shift()) seen.push(key);
  assert.deepEqual(
    seen,
    Array.from({ length: 10_000 }, (_, key) => key),
  );
  fifo.add(1);
  fifo.clear();
  assert.equal(fifo.shift(), undefined);
});
