import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Transport } from '../transport/transport.ts';
import { AnswerOrder } from './answer-order.ts';

function recorder(): { readonly transport: Transport; readonly written: string[] } {
  const written: string[] = [];
  const transport: Transport = {
    peer: 'test',
    peerAddress: 'test',
    queuedBytes: 0,
    full: false,
    closed: false,
    writeRange: (buffer, from, to) => written.push(buffer.toString('latin1', from, to)),
    write: (buffer) => written.push(buffer.toString('latin1')),
    pause: () => undefined,
    resume: () => undefined,
    end: () => undefined,
    destroy: () => undefined,
  };
  return { transport, written };
}

test('answers come whole and in the order of their beginnings, whoever ends first', () => {
  const { transport, written } = recorder();
  const [a, b, c, d] = [{}, {}, {}, {}];
  const order = new AnswerOrder(transport, a);
  const write = (owner: object, text: string, end: boolean) => order.write(owner, Buffer.from(text), end);
  assert.equal(write(a, 'a1', false), false);
  assert.equal(write(b, 'b1', false), false);
  assert.equal(write(c, 'c', true), false);
  assert.equal(order.heldBytes, 3);
  assert.equal(write(a, 'a2', true), false);
  assert.deepEqual(written, ['a1', 'a2', 'b1']);
  assert.equal(write(d, 'd', true), false);
  assert.ok(order.isActive(b) && order.waiting);
  assert.equal(write(b, 'b2', true), true);
  assert.deepEqual(written, ['a1', 'a2', 'b1', 'b2', 'c', 'd']);
  assert.equal(order.heldBytes, 0);
});

test('a hundred thousand answers may wait behind one', { timeout: 5000 }, () => {
  const { transport, written } = recorder();
  const first = {};
  const order = new AnswerOrder(transport, first);
  const small = Buffer.from('x');
  for (let i = 0; i < 100_000; i++) order.write({}, small, true);
  assert.equal(order.write(first, Buffer.from('end'), true), true);
  assert.equal(written.length, 100_001);
});
