import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JuteError, JuteReader, JuteWriter } from './jute.ts';

test('what is written is read back', () => {
  const text = 'é'.repeat(5_000);
  const packet = new JuteWriter()
    .int(-7)
    .long(-9_007_199_254_740_993n)
    .string(text)
    .strings(['a', ''])
    .buffer(Buffer.from([1, 2]))
    .bool(true)
    .finish();
  assert.equal(packet.readInt32BE(), packet.length - 4);
  const reader = new JuteReader(packet.subarray(4));
  assert.equal(reader.int(), -7);
  assert.equal(reader.long(), -9_007_199_254_740_993n);
  assert.equal(reader.string(), text);
  assert.deepEqual(reader.strings(), ['a', '']);
  assert.deepEqual(reader.buffer(), Buffer.from([1, 2]));
  assert.equal(reader.remaining, 1);
});

test('a null buffer, string or vector (length -1) reads as empty', () => {
  const reader = new JuteReader(Buffer.alloc(12, 0xff));
  assert.equal(reader.buffer().length, 0);
  assert.equal(reader.string(), '');
  assert.deepEqual(reader.strings(), []);
});

test('lying lengths are refused', () => {
  for (const length of [-2, 5, 0x7fff_ffff]) {
    const bytes = Buffer.alloc(8);
    bytes.writeInt32BE(length);
    assert.throws(() => new JuteReader(bytes).buffer(), JuteError);
    assert.throws(() => new JuteReader(bytes).strings(), JuteError);
  }
  assert.throws(() => new JuteReader(Buffer.alloc(3)).int(), JuteError);
  assert.throws(() => new JuteReader(Buffer.alloc(7)).long(), JuteError);
});
