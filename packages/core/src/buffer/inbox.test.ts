import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Inbox } from './inbox.ts';

test('whatever the cuts, every look and every take sees the same bytes', () => {
  const step = fc.record({ kind: fc.constantFrom('take', 'skip', 'piece', 'look'), size: fc.nat(40) });
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.array(fc.integer({ min: 1, max: 50 })),
      fc.array(step),
      (bytes, cuts, steps) => {
        const all = Buffer.from(bytes);
        const inbox = new Inbox();
        let pushed = 0;
        let at = 0;
        const cut = [...cuts];
        for (const { kind, size } of steps) {
          const length = cut.shift();
          if (length !== undefined && pushed < all.length) {
            const chunk = Buffer.from(all.subarray(pushed, pushed + length));
            inbox.push(chunk);
            pushed += chunk.length;
          }
          assert.equal(inbox.available, pushed - at);
          const n = Math.min(size, inbox.available);
          if (kind === 'look') {
            assert.deepEqual(Buffer.from(inbox.view(0, n)), all.subarray(at, at + n));
            const middle = Math.floor((n + inbox.available) / 2);
            assert.deepEqual(Buffer.from(inbox.view(middle, inbox.available)), all.subarray(at + middle, pushed));
            if (n >= 1) assert.equal(inbox.uint8(n - 1), all[at + n - 1]);
            if (n >= 2) assert.equal(inbox.uint16(n - 2), all.readUInt16BE(at + n - 2));
            if (n >= 4) assert.equal(inbox.uint32(n - 4), all.readUInt32BE(at + n - 4));
            const wanted = all[at + n] ?? 0;
            const found = all.subarray(0, pushed).indexOf(wanted, at + n);
            assert.equal(inbox.indexOf(wanted, n), found < 0 ? -1 : found - at);
          } else if (kind === 'piece' && n > 0) {
            const piece = inbox.takePiece(n);
            assert.ok(piece.length > 0 && piece.length <= n);
            assert.deepEqual(Buffer.from(piece), all.subarray(at, at + piece.length));
            at += piece.length;
          } else if (kind === 'take') {
            inbox.take(n);
            assert.deepEqual(Buffer.from(inbox.taken.subarray(inbox.takenFrom, inbox.takenFrom + n)), all.subarray(at, at + n));
            at += n;
          } else if (kind === 'skip') {
            inbox.skip(n);
            at += n;
          }
        }
      },
    ),
  );
});

test('a long queue of small chunks is taken in linear time', () => {
  const inbox = new Inbox();
  for (let i = 0; i < 100_000; i++) inbox.push(Buffer.from([i & 255]));
  for (let i = 0; i < 50_000; i++) {
    inbox.take(2);
    assert.equal(inbox.taken[inbox.takenFrom], (2 * i) & 255);
  }
  assert.equal(inbox.available, 0);
});

test('a long queue of chunks is looked at in linear time', () => {
  const inbox = new Inbox();
  let seen = 0;
  for (let i = 0; i < 100_000; i++) {
    inbox.push(Buffer.alloc(300, i & 255));
    seen += inbox.view(inbox.available - 300, inbox.available)[0] === (i & 255) ? 1 : 0;
    assert.equal(inbox.indexOf((i + 1) & 255, inbox.available - 1), -1);
  }
  assert.equal(seen, 100_000);
});

test('bytes that come one at a time are not kept one at a time', () => {
  const inbox = new Inbox();
  for (let i = 0; i < 10_000; i++) inbox.push(Buffer.from([i & 0xff]));
  const pieces: Buffer[] = [];
  while (inbox.available > 0) pieces.push(inbox.takePiece(10_000));
  assert.ok(pieces.length <= 4, `${pieces.length} pieces`);
  assert.deepEqual(Buffer.concat(pieces), Buffer.from(Array.from({ length: 10_000 }, (_, i) => i & 0xff)));
});

test('a piece that was handed out is not written to by what comes after it', () => {
  const inbox = new Inbox();
  for (const letter of 'abcd') inbox.push(Buffer.from(letter));
  inbox.skip(1);
  const piece = inbox.takePiece(2);
  for (const letter of 'efgh') inbox.push(Buffer.from(letter));
  assert.equal(piece.toString(), 'bc');
  assert.equal(inbox.view(0, 5).toString(), 'defgh');
});
