import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamTable } from './stream-table.ts';

test('a stream is found however many ids came after it, and never for another id', () => {
  const table = new StreamTable<{ readonly id: number }>();
  const old = [1, 3, 5].map((id) => ({ id }));
  for (const stream of old) table.add(stream);
  for (let id = 7; id < 5000; id += 2) {
    const stream = { id };
    table.add(stream);
    assert.equal(table.get(id), stream);
    for (const each of old) assert.equal(table.get(each.id), each);
    assert.equal(table.get(id + 2), undefined);
    assert.equal(table.delete(stream), true);
    assert.equal(table.delete(stream), false);
    assert.equal(table.get(id), undefined);
    assert.equal(table.size, 3);
  }
  assert.deepEqual(new Set(table.all()), new Set(old));
});

test('streams that share a place are kept when the table grows', () => {
  const table = new StreamTable<{ readonly id: number }>();
  const streams = [1, 17, 33, 49, 65].map((id) => ({ id }));
  for (const stream of streams) table.add(stream);
  for (const stream of streams) assert.equal(table.get(stream.id), stream);
  assert.equal(table.size, 5);
  for (const stream of streams) assert.equal(table.delete(stream), true);
  assert.equal(table.size, 0);
});
