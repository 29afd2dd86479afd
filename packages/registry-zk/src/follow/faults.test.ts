import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Faults } from './faults.ts';

test('a node that two trees cannot read is said once, and that it can be read when both can', () => {
  const faults = new Faults();
  assert.deepEqual([faults.begin('/a', 'denied'), faults.begin('/a', 'denied'), faults.begin('/b', 'denied')], [true, false, true]);
  assert.deepEqual([faults.end('/a'), faults.end('/a'), faults.end('/a')], [false, true, false]);
  assert.equal(faults.begin('/a', 'denied'), true);
});

test('another reason is said, too', () => {
  const faults = new Faults();
  assert.deepEqual([faults.begin('/a', 'denied'), faults.begin('/a', 'too large')], [true, true]);
});
