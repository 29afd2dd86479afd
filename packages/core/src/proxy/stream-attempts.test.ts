import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Filter, FilterVerdict } from '../filter/filter.ts';
import { setup } from '../testing/stream-path.ts';
import type { ToyHead } from '../testing/toy-streams.ts';

test('a whole request is sent again with its trailers', async (t) => {
  const { call, sent } = await setup(t);
  const { exchange } = call({ path: '/a' }, false);
  exchange.onRequestData(Buffer.from('one'), false);
  exchange.onRequestTrailers([{ name: 'sum', value: '1', neverIndexed: false }]);
  sent()[0]?.exchange.onResponseReset('protocol-error', false, 'refused');
  assert.deepEqual(sent()[1]?.events, ['data one', 'trailers sum=1']);
});

test('another attempt is told what is left of the deadline, and a first one that waited for nothing is not', async (t) => {
  const { call, sent, protocol } = await setup(t);
  const told: number[] = [];
  Object.assign(protocol.heads, { setRemainingMs: (_: ToyHead, ms: number) => told.push(ms) });
  call({ path: '/a', timeoutMs: 1000 }, true);
  assert.deepEqual(told, []);
  sent()[0]?.exchange.onResponseReset('protocol-error', false, 'refused');
  assert.equal(told.length, 1);
  assert.ok((told[0] ?? 0) > 0 && (told[0] ?? 0) <= 1000);
});

test("a caller's own timer runs out before the proxy answers for it", async (t) => {
  const { call } = await setup(t, { defaultTimeoutMs: 60 });
  const own = call({ path: '/own', timeoutMs: 60 }, true);
  const usual = call({ path: '/usual' }, true);
  const order: string[] = [];
  await Promise.all([own.ended.then(() => order.push('own')), usual.ended.then(() => order.push('usual'))]);
  assert.deepEqual(order, ['usual', 'own']);
  assert.deepEqual([usual.caller.events, own.caller.events], [['reply timeout'], ['reply timeout']]);
});

test('a body waits while a filter does, its caller is asked to pause, and to go on when it is on its way', async (t) => {
  let decide: (verdict: FilterVerdict) => void = () => undefined;
  const slow: Filter = { name: 'slow', onRequest: () => new Promise((resolve) => (decide = resolve)) };
  const { call, sent } = await setup(t, { filters: [slow] });
  const { caller, exchange } = call({ path: '/a' }, false);
  assert.equal(exchange.onRequestData(Buffer.from('one'), false), false);
  assert.equal(exchange.onRequestData(Buffer.from('two'), true), false);
  assert.deepEqual([sent().length, caller.resumed], [0, 0]);
  decide('continue');
  await new Promise(setImmediate);
  assert.deepEqual(sent()[0]?.events, ['data one', 'data two end']);
  assert.equal(caller.resumed, 1);
});
