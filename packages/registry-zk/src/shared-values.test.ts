import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedValues } from './shared-values.ts';

test('equal values are one object, and values that never come again do not pile up', () => {
  const shared = new SharedValues<object>();
  let created = 0;
  const get = (key: string): object =>
    shared.get(key, () => {
      created++;
      return {};
    });
  const first = get('first');
  assert.equal(get('first'), first);
  for (let i = 0; i < 5_000; i++) get(String(i));
  assert.equal(created, 5_001);
  assert.notEqual(get('first'), first);
});
