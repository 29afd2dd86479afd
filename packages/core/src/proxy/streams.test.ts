import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setup } from '../testing/stream-path.ts';

const FIELD = { name: 'status', value: 'bad', neverIndexed: false };

test('a body, trailers and interim answers pass in order, and trailers say how it went', async (t) => {
  const { call, sent, stats } = await setup(t);
  const { caller, exchange } = call({ path: '/a' }, false);
  exchange.onRequestData(Buffer.from('one'), false);
  exchange.onRequestTrailers([FIELD]);
  const [stream] = sent();
  assert.deepEqual(stream?.events, ['data one', 'trailers status=bad']);
  stream.exchange.onResponseInterim({ path: '103' });
  stream.exchange.onResponseHead({ path: '200' }, false);
  stream.exchange.onResponseData(Buffer.from('two'), false);
  stream.exchange.onResponseTrailers([FIELD]);
  assert.deepEqual(caller.events, ['interim 103', 'head 200', 'data two', 'trailers status=bad']);
  assert.equal(stats.outcomes.failure, 1);
  assert.equal(stats.requestsActive, 0);
});

test('a request that its service did nothing with is sent again with its body', async (t) => {
  const { call, sent } = await setup(t);
  const { caller, exchange } = call({ path: '/a' }, false);
  exchange.onRequestData(Buffer.from('one'), false);
  sent()[0]?.exchange.onResponseReset('protocol-error', false, 'refused');
  exchange.onRequestData(Buffer.from('two'), true);
  const [, second] = sent();
  assert.deepEqual(second?.events, ['data one', 'data two end']);
  assert.deepEqual(caller.events, []);
  for (const another of [1, 2, 3]) sent()[another]?.exchange.onResponseReset('protocol-error', false, 'refused again');
  assert.equal(sent().length, 4);
  assert.deepEqual(caller.events, ['reply no-healthy-upstream']);
});

test('a request of which something is lost, or was answered, is not sent again', async (t) => {
  const { call, sent } = await setup(t);
  const large = call({ path: '/large' }, false);
  large.exchange.onRequestData(Buffer.alloc(65 * 1024), false);
  sent()[0]?.exchange.onResponseReset('protocol-error', false, 'refused');
  assert.deepEqual(large.caller.events, ['reply no-healthy-upstream']);
  const begun = call({ path: '/begun' }, false);
  begun.exchange.onRequestData(Buffer.from('one'), false);
  const [, stream] = sent();
  stream?.exchange.onResponseHead({ path: '200' }, false);
  stream?.exchange.onResponseReset('protocol-error', false, 'late', 8);
  assert.deepEqual(begun.caller.events, ['head 200', 'abort the service broke off its answer: late (8)']);
  assert.equal(sent().length, 2);
});

test('a request that moves outlives the default timeout, and one that stands still does not', async (t) => {
  const { call, sent } = await setup(t, { defaultTimeoutMs: 60 });
  const moving = call({ path: '/moving' }, false);
  const still = call({ path: '/still' }, false);
  const feed = setInterval(() => moving.exchange.onRequestData(Buffer.from('.'), false), 10);
  t.after(() => clearInterval(feed));
  await still.ended;
  assert.deepEqual(still.caller.events, ['reply timeout']);
  assert.deepEqual(moving.caller.events, []);
  assert.equal(sent()[1]?.events.at(-1), 'cancel timeout');
});

test('an answer that begun in time is given up when nothing of it moves', async (t) => {
  const { call, sent } = await setup(t, { streamIdleTimeoutMs: 60 });
  const { caller, ended } = call({ path: '/a' }, true);
  const [stream] = sent();
  stream?.exchange.onResponseHead({ path: '200' }, false);
  await ended;
  assert.deepEqual(caller.events, ['head 200', 'abort the answer stood still']);
  assert.deepEqual(stream?.events, ['cancel timeout']);
});

test('a caller or a service that takes what waits for it, however slowly, is not given up', async (t) => {
  const { call, sent } = await setup(t, { defaultTimeoutMs: 60, streamIdleTimeoutMs: 60 });
  const up = call({ path: '/up' }, false);
  const down = call({ path: '/down' }, true);
  const still = call({ path: '/still' }, true);
  const [upload, download, third] = sent();
  download?.exchange.onResponseHead({ path: '200' }, false);
  let looks = 0;
  const enough = new Promise<void>((resolve) => {
    const feed = setInterval(() => {
      if (upload !== undefined) upload.progress = true;
      down.caller.progress = true;
      if (++looks === 40) resolve();
    }, 5);
    t.after(() => clearInterval(feed));
  });
  await Promise.all([still.ended, enough]);
  assert.deepEqual(third?.events, ['cancel timeout']);
  assert.deepEqual([up.caller.events, down.caller.events], [[], ['head 200']]);
});

test("a caller's deadline holds for the last byte, however much moves", async (t) => {
  const { call, sent, stats } = await setup(t);
  const { caller, ended } = call({ path: '/a', timeoutMs: 60 }, true);
  const [stream] = sent();
  stream?.exchange.onResponseHead({ path: '200' }, false);
  const feed = setInterval(() => stream?.exchange.onResponseData(Buffer.from('.'), false), 5);
  t.after(() => clearInterval(feed));
  await ended;
  assert.equal(caller.events.at(-1), 'abort not over within 60 ms');
  assert.equal(stats.outcomes.timeout, 1);
});

test('requests beyond what a connection takes open more of them, as many as there may be', async (t) => {
  const { call, protocol, sent } = await setup(t);
  for (let i = 0; i < 3; i++) {
    call({ path: `/${i}` }, true);
    const connection = protocol.connections.at(-1);
    if (connection !== undefined) connection.usable = false;
  }
  assert.equal(protocol.connections.length, 3);
  const { caller } = call({ path: '/over' }, true);
  assert.deepEqual(caller.events, ['reply overflow']);
  const [first, , third] = protocol.connections;
  assert(first !== undefined && third !== undefined);
  third.usable = true;
  call({ path: '/third' }, true);
  first.usable = true;
  call({ path: '/first' }, true);
  assert.deepEqual(
    sent().map(({ head, connection }) => [head.path, protocol.connections.indexOf(connection)]),
    [
      ['/0', 0],
      ['/first', 0],
      ['/1', 1],
      ['/2', 2],
      ['/third', 2],
    ],
  );
});

test('an answer whose headers cannot be edited is cancelled: nobody takes the rest of it', async (t) => {
  const { call, sent } = await setup(t);
  const { caller } = call({ path: '/a' }, true);
  caller.editable = false;
  const [stream] = sent();
  stream?.exchange.onResponseHead({ path: '200' }, false);
  assert.deepEqual(caller.events, ['reply internal']);
  assert.deepEqual(stream?.events, ['cancel local']);
});

test('connections beyond the usual are closed when they are idle, though heartbeats are off', async (t) => {
  const { call, protocol, pools } = await setup(t);
  pools.start();
  call({ path: '/first' }, true);
  const [first] = protocol.connections;
  assert(first !== undefined);
  first.usable = false;
  const { caller } = call({ path: '/second' }, true);
  const [, second] = protocol.connections;
  assert(second !== undefined);
  const closed = new Promise<void>((resolve) => {
    second.onClose = (reason) => {
      second.owner.onClosed(reason);
      resolve();
    };
  });
  second.sent[0]?.exchange.onResponseHead({ path: '200' }, true);
  assert.deepEqual(caller.events, ['head 200 end']);
  await closed;
  assert.deepEqual(
    pools.pools().map(({ connectionCount }) => connectionCount),
    [1],
  );
});

test('a connection that leaves is replaced while its streams go on', async (t) => {
  const { call, protocol } = await setup(t);
  const { caller } = call({ path: '/old' }, true);
  const [old] = protocol.connections;
  assert(old !== undefined);
  old.usable = false;
  old.owner.onLeaving();
  call({ path: '/new' }, true);
  call({ path: '/newer' }, true);
  assert.equal(protocol.connections.length, 2);
  assert.equal(protocol.connections[1]?.sent.length, 2);
  old.sent[0]?.exchange.onResponseHead({ path: '200' }, true);
  assert.deepEqual(caller.events, ['head 200 end']);
});
