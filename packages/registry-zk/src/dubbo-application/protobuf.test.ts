import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMessage, writeField } from './protobuf.ts';

test('fields with a length and varints are read in order, and those of a fixed size are passed over', () => {
  const message = Buffer.concat([writeField(1, 'a'), Buffer.from([0x10, 0xac, 0x02, 0x1d, 1, 2, 3, 4]), writeField(20, 'x'.repeat(200))]);
  const fields = readMessage(message)?.map(({ number, value }) => [number, String(value)]);
  assert.deepEqual(fields, [
    [1, 'a'],
    [2, '300'],
    [20, 'x'.repeat(200)],
  ]);
});

test('what is cut off, of an unknown kind or of endless small fields is no message', () => {
  const message = writeField(1, 'text');
  assert.equal(readMessage(message.subarray(0, -1)), undefined);
  assert.equal(readMessage(Buffer.from([0x0b])), undefined);
  assert.equal(readMessage(Buffer.alloc(2 ** 20)), undefined);
});
