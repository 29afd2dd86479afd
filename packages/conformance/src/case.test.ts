import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSame } from './case.ts';

test('values that differ far behind their beginning are not the same, and are shown cut', () => {
  const long = 'x'.repeat(5000);
  checkSame([`${long}a`, undefined], [`${long}a`, undefined], 'equal values');
  assert.throws(
    () => checkSame([`${long}a`], [`${long}b`], 'a text'),
    ({ message }: Error) => message.startsWith('a text: got ["xxx') && message.length < 5000,
  );
});
