import assert from 'node:assert/strict';
import { test } from 'node:test';
import { combineEdits } from './edits.ts';

const edits = (remove: string[], set: Record<string, string>, add: Record<string, string>) => ({
  remove,
  set: new Map(Object.entries(set)),
  add: new Map(Object.entries(add)),
});

test('later edits act on what earlier ones made', () => {
  assert.deepEqual(combineEdits(undefined, edits(['a'], {}, {})), edits(['a'], {}, {}));
  assert.deepEqual(combineEdits(edits([], { a: '1' }, { b: '2' }), edits(['a', 'b'], {}, {})), edits(['a', 'b'], {}, {}));
  assert.deepEqual(combineEdits(edits([], {}, { a: '1' }), edits([], { a: '2' }, {})), edits([], { a: '2' }, {}));
  assert.deepEqual(combineEdits(edits([], { a: '1' }, { b: '2' }), edits([], {}, { b: '3' })), edits([], { a: '1' }, { b: '2,3' }));
});
