import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TreePattern } from './tree-pattern.ts';

const NONE = new Set<string>();

test('one level of lists and a fixed name below', () => {
  const pattern = new TreePattern(['*/providers'], new Set(['config']));
  assert.deepEqual([...pattern.below('', ['com.acme.A', 'config', 'com.acme.B'])], ['com.acme.A/providers', 'com.acme.B/providers']);
  assert.deepEqual([pattern.isLeaf(''), pattern.isLeaf('com.acme.A/providers')], [false, true]);
  assert.equal(pattern.parent('com.acme.A/providers'), '');
  assert.deepEqual(pattern.names('com.acme.A/providers'), ['com.acme.A']);
});

test('two levels of lists and two leaves below', () => {
  const pattern = new TreePattern(['*/*/server', '*/*/unavailableServer'], new Set(['command']));
  assert.deepEqual([...pattern.below('', ['g', 'h'])], ['g', 'h']);
  assert.deepEqual([...pattern.below('g', ['command', 'com.acme.A'])], ['g/com.acme.A/server', 'g/com.acme.A/unavailableServer']);
  assert.equal(pattern.parent('g'), '');
  assert.equal(pattern.parent('g/com.acme.A/unavailableServer'), 'g');
  assert.deepEqual(pattern.names('g/com.acme.A/unavailableServer'), ['g', 'com.acme.A']);
});

test('a changed node leads to the followed node that it concerns', () => {
  const touched = (leaves: readonly string[], path: string): string[] =>
    new TreePattern(leaves, new Set(['config']))
      .touched(path)
      .map(({ node, child }) => (child === undefined ? node : `${node} > ${child}`));
  assert.deepEqual(touched(['*/providers'], ''), ['']);
  assert.deepEqual(touched(['*/providers'], 'A'), ['A/providers']);
  assert.deepEqual(touched(['*/providers'], 'A/providers'), ['A/providers']);
  assert.deepEqual(touched(['*/providers'], 'A/providers/url'), ['A/providers > url']);
  assert.deepEqual(touched(['*/providers'], 'A/providers/url/x'), []);
  assert.deepEqual(touched(['*/providers'], 'A/consumers/url'), []);
  assert.deepEqual(touched(['*/providers'], 'config/providers'), []);
  assert.deepEqual(touched(['*'], 'app/instance'), ['app > instance']);
  assert.deepEqual(touched(['*/*/server', '*/*/off'], 'g'), ['g']);
  assert.deepEqual(touched(['*/*/server', '*/*/off'], 'g/A'), ['g/A/server', 'g/A/off']);
  assert.deepEqual(touched(['*/*/server', '*/*/off'], 'g/A/off/x'), ['g/A/off > x']);
});

test('leaves right below the root', () => {
  const pattern = new TreePattern(['*'], NONE);
  assert.deepEqual([...pattern.below('', ['app'])], ['app']);
  assert.deepEqual([pattern.isLeaf('app'), pattern.parent('app')], [true, '']);
});
