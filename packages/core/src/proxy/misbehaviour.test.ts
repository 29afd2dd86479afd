import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { echo, ToyClient, ToyServer } from '../testing/toy-peers.ts';
import { toyFrame } from '../testing/toy-protocol.ts';
import { ToyProxy } from '../testing/toy-proxy.ts';

test('a stranger that goes on talking after its answer is not remembered, and is closed soon', async (t) => {
  const server = await ToyServer.start(echo('v1'));
  t.after(() => server.stop());
  const proxy = await ToyProxy.start(t, { upstreamPort: server.port });
  const stranger = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  t.after(() => stranger.destroy());
  stranger.on('error', () => undefined);
  let said = '';
  stranger.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  stranger.write('hello, is anybody there?');
  await once(stranger, 'end');
  assert.match(said, /^no frames in/);
  // Its reading side has ended: only a write tells that the connection is gone.
  while (!stranger.closed) {
    stranger.write(Buffer.alloc(16 * 1024));
    await new Promise(setImmediate);
  }
  assert.deepEqual(proxy.closeReasons, ['it is no caller, and goes on sending']);
});

test('a service that answers before it has the whole request loses that connection, not more', async (t) => {
  const server = await ToyServer.start(echo('v1'));
  t.after(() => server.stop());
  const proxy = await ToyProxy.start(t, { upstreamPort: server.port });
  const caller = await ToyClient.connect(proxy.port);
  t.after(() => caller.socket.destroy());
  const large = toyFrame('request', 5, `s large|${'x'.repeat(200_000)}`);
  caller.socket.write(large.subarray(0, 100_000));
  while (server.sockets.size === 0) await new Promise(setImmediate);
  const [own] = server.sockets;
  assert.ok(own);
  const gone = once(own, 'close');
  own.write(toyFrame('response', 1, 'too large for me'));
  const [early] = await caller.received(1);
  assert.deepEqual([early?.id, early?.body], [5, 'too large for me']);
  await gone;
  caller.socket.write(large.subarray(100_000));
  caller.request(6, 's m|');
  assert.equal((await caller.received(2))[1]?.body, 'v1 s m|');
  assert.equal(proxy.stats.requestsActive, 0);
  for (const pool of proxy.pools.pools()) assert.equal(pool.connectionCount, 1);
});
