import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JuteReader } from './jute.ts';
import { Watches } from './watches.ts';

test('every watch is armed again once, in packets below 128 KiB', () => {
  const watches = new Watches();
  for (let i = 0; i < 3_000; i++) {
    watches.data.add(`/data/${'d'.repeat(100)}/${i}`);
    watches.exist.add(`/exist/${i}`);
    watches.child.add(`/child/${'é'.repeat(30)}/${i}`);
  }
  watches.recursive.add('/r');
  const armed = { data: [] as string[], exist: [] as string[], child: [] as string[], recursive: [] as string[] };
  for (const packet of watches.rearm(0x1_0000_0001n)) {
    assert.ok(packet.length < 128 * 1024 + 100, `${packet.length} bytes`);
    const reader = new JuteReader(packet.subarray(4));
    assert.equal(reader.int(), -8);
    const op = reader.int();
    assert.equal(reader.long(), 0x1_0000_0001n);
    armed.data.push(...reader.strings());
    armed.exist.push(...reader.strings());
    armed.child.push(...reader.strings());
    if (op === 105) {
      assert.deepEqual(reader.strings(), []);
      armed.recursive.push(...reader.strings());
    } else assert.equal(op, 101);
    assert.equal(reader.remaining, 0);
  }
  for (const kind of ['data', 'exist', 'child', 'recursive'] as const) assert.deepEqual(armed[kind], [...watches[kind]]);
});

test('nothing watched needs no packet', () => {
  assert.deepEqual(new Watches().rearm(0n), []);
});

test('a notification uses up the watches it stands for, never the recursive ones', () => {
  const watches = new Watches();
  for (const set of [watches.data, watches.exist, watches.child, watches.recursive]) set.add('/a');
  watches.fired({ kind: 'children', path: '/a' });
  assert.deepEqual([watches.child.size, watches.data.size], [0, 1]);
  watches.child.add('/a');
  watches.fired({ kind: 'created', path: '/a' });
  assert.deepEqual([watches.child.size, watches.data.size, watches.exist.size], [1, 0, 0]);
  watches.fired({ kind: 'deleted', path: '/a' });
  assert.deepEqual([watches.child.size, watches.recursive.size], [0, 1]);
});
