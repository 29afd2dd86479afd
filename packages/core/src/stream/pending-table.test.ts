import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PendingTable } from './pending-table.ts';

test('ids are unique while they wait, and wrap at the largest', () => {
  const table = new PendingTable<{ id: number }>(5);
  const ids: number[] = [];
  for (let i = 0; i < 12; i++) {
    const id = table.add({ id: 0 });
    ids.push(id);
    table.take(id);
  }
  assert.deepEqual(ids, [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2]);
});

test('only the whole id finds a stream', () => {
  const table = new PendingTable<{ id: number }>(0x7fffffff);
  const id = table.add({ id: 0 });
  assert.equal(table.take(id + 16), undefined);
  assert.equal(table.take(id + 2 ** 20), undefined);
  assert.notEqual(table.get(id), undefined);
  assert.notEqual(table.take(id), undefined);
  assert.equal(table.take(id), undefined);
});

test('it agrees with a map, through growth and wrap', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(99), { maxLength: 600 }), (choices) => {
      const table = new PendingTable<{ id: number }>(300);
      const model = new Map<number, { id: number }>();
      for (const choice of choices) {
        if (choice < 60 && model.size < 150) {
          const stream = { id: 0 };
          const id = table.add(stream);
          assert.ok(!model.has(id) && id >= 1 && id <= 300);
          model.set(id, stream);
        } else {
          const id = [...model.keys()][choice % Math.max(1, model.size)] ?? choice;
          assert.equal(table.take(id), model.get(id));
          model.delete(id);
        }
        assert.equal(table.size, model.size);
      }
      assert.deepEqual(new Set(table.drain()), new Set(model.values()));
    }),
  );
});
