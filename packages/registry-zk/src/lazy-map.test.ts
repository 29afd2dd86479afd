import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LazyMap } from './lazy-map.ts';

class Counted extends LazyMap {
  computed = 0;
  readonly #entries: readonly (readonly [string, string])[];

  constructor(entries: readonly (readonly [string, string])[]) {
    super();
    this.#entries = entries;
  }

  protected override compute(): ReadonlyMap<string, string> {
    this.computed++;
    return new Map(this.#entries);
  }
}

test('it is computed when it is looked at, and once for many looks in a row', () => {
  const map = new Counted([
    ['a', '1'],
    ['b', '2'],
  ]);
  assert.equal(map.computed, 0);
  assert.deepEqual([map.get('a'), map.get('c'), map.has('b'), map.has('c'), map.size], ['1', undefined, true, false, 2]);
  assert.deepEqual([[...map], [...map.keys()], [...map.values()]], [[...map.entries()], ['a', 'b'], ['1', '2']]);
  const seen: string[] = [];
  map.forEach((value, key, of) => {
    assert.equal(of, map);
    seen.push(key + value);
  });
  assert.deepEqual(seen, ['a1', 'b2']);
  assert.equal(map.computed, 1);
});

test('two of them do not mix', () => {
  const [one, other] = [new Counted([['a', '1']]), new Counted([['a', '2']])];
  assert.deepEqual([one.get('a'), other.get('a'), one.get('a')], ['1', '2', '1']);
});
