import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { echo, ToyClient, ToyServer } from '../testing/toy-peers.ts';
import { type ToyFrame, toyFrame } from '../testing/toy-protocol.ts';
import { setup, ToyProxy } from '../testing/toy-proxy.ts';
import { fixedRoutes } from './fixed-routes.ts';

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

test('a large answer that waited behind another one goes on when its turn comes', async (t) => {
  const service = new Map<string, Socket>();
  const server = await ToyServer.start((frame, socket) => void service.set(frame.body.slice(2, 3), socket));
  t.after(() => server.stop());
  const proxy = await ToyProxy.start(t, { upstreamPort: server.port });
  const caller = await ToyClient.connect(proxy.port);
  t.after(() => caller.socket.destroy());
  // Large requests have connections of their own, which may be paused.
  caller.request(1, `s a|${'x'.repeat(100_000)}`);
  caller.request(2, `s b|${'x'.repeat(100_000)}`);
  while (service.size < 2) await new Promise(setImmediate);
  const answer = (body: string) => toyFrame('response', 1, body);
  const first = answer('a'.repeat(200_000));
  const received = once(caller.socket, 'data');
  service.get('a')?.write(first.subarray(0, 100_000));
  await received;
  const second = answer('b'.repeat(3_000_000));
  service.get('b')?.write(second);
  // Nothing tells from outside that the proxy has stopped reading it.
  await sleep(100);
  service.get('a')?.write(first.subarray(100_000));
  const answers = await caller.received(2);
  assert.deepEqual(
    answers.map((frame) => [frame.id, frame.body.length]),
    [
      [1, 200_000],
      [2, 3_000_000],
    ],
  );
});

test('answers that wait behind one that stands still are bounded', async (t) => {
  const server = await ToyServer.start((frame, socket) => {
    const answer = toyFrame('response', frame.id, 'x'.repeat(500_000));
    socket.write(frame.body.startsWith('s stall') ? answer.subarray(0, 100_000) : answer);
  });
  t.after(() => server.stop());
  const proxy = await ToyProxy.start(t, { upstreamPort: server.port, limits: { downstreamQueueBytes: 2 * 1024 * 1024 } });
  const caller = await ToyClient.connect(proxy.port);
  t.after(() => caller.socket.destroy());
  caller.request(1, `s stall|${'x'.repeat(100_000)}`);
  await once(caller.socket, 'data');
  // In one piece: a caller whose answers wait is not read any further.
  caller.send(...Array.from({ length: 28 }, (_, index) => toyFrame('request', index + 2, 's m|')));
  await caller.ended();
  assert.match(proxy.closeReasons[0] ?? '', /^answers wait behind a large one that stands still: \d+ bytes queued/);
  assert.equal(proxy.stats.requestsActive, 0);
});

test('a service that is full is called full, also when it could not be reached before', async (t) => {
  const { server, proxy, client } = await setup(
    t,
    (frame, socket) => {
      if (frame.body.includes('die')) socket.resetAndDestroy();
    },
    { limits: { maxPendingPerConnection: 2 }, pool: { backoff: { initialMs: 1, maxMs: 1 } } },
  );
  const [a, b] = [await client(), await client()];
  // A connection that closes before a byte was read counts as one that could not be made.
  a.request(1, 's die|');
  await a.received(1);
  assert.equal(proxy.pools.pools()[0]?.stats.connectFailures, 1);
  await sleep(5);
  a.request(2, 's m|');
  a.request(3, 's m|');
  while (server.received.length < 3) await new Promise(setImmediate);
  b.request(4, 's m|');
  assert.match((await b.received(1))[0]?.body ?? '', /^overflow: .*as many requests waiting as it may/);
});

test('a service that cannot be reached is not called full for a connection of another dialect', async (t) => {
  const { server, proxy, client } = await setup(
    t,
    (frame, socket) => {
      if (frame.body.includes('die')) socket.resetAndDestroy();
    },
    {
      codec: (toy) => ({ ...toy, dialect: (frame: ToyFrame) => (frame.body.includes('old') ? 0 : 1) }),
      pool: { backoff: { initialMs: 60_000, maxMs: 60_000 } },
    },
  );
  const caller = await client();
  caller.request(1, 's new|');
  while (server.received.length < 1) await new Promise(setImmediate);
  caller.request(2, 's old|die');
  await caller.received(1);
  assert.equal(proxy.pools.pools()[0]?.stats.connectFailures, 1);
  caller.request(3, 's old|');
  assert.match((await caller.received(2))[1]?.body ?? '', /^no-healthy-upstream: .* could not be reached/);
});

test('a caller that asks while the proxy ends is answered, and nothing is connected for it', async (t) => {
  const server = await ToyServer.start(echo('v1'));
  t.after(() => server.stop());
  const proxy = await ToyProxy.start(t, {
    upstreamPort: server.port,
    // Compiled when they are asked for, as routes to services are, and again after they were let go.
    routes: ({ heads }, endpoints) => ({
      find: (service) => {
        const upstream = { host: '127.0.0.1', port: server.port };
        return fixedRoutes({ listener: 'toy', upstream, heads, endpoints, metadata: new Map(), names: [], timeout: true }).find(service);
      },
      describeMiss: () => '',
    }),
  });
  const caller = await ToyClient.connect(proxy.port);
  t.after(() => caller.socket.destroy());
  proxy.pools.close('the proxy stopped');
  caller.request(1, 's m|');
  assert.match((await caller.received(1))[0]?.body ?? '', /^no-healthy-upstream: .* is no longer in use/);
  assert.equal(server.accepted, 0);
});
