import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { Filter } from '../filter/filter.ts';
import { echo, type ToyHandler } from '../testing/toy-peers.ts';
import { toyFrame } from '../testing/toy-protocol.ts';
import { setup } from '../testing/toy-proxy.ts';

/** Longer than a slow machine takes for a test. */
const LONG = { initialMs: 60_000, maxMs: 60_000 };

test('answers go back to their callers, whose equal ids come back as they were', async (t) => {
  const held: { id: number; body: string }[] = [];
  const { server, proxy, client } = await setup(t, (frame, socket) => {
    held.push({ id: frame.id, body: frame.body });
    if (held.length < 2) return;
    for (const { id, body } of held.reverse()) socket.write(toyFrame('response', id, body));
  });
  const [a, b] = [await client(), await client()];
  a.request(0xfffffff0, 's m|from a');
  b.request(0xfffffff0, 's m|from b');
  const [toA] = await a.received(1);
  const [toB] = await b.received(1);
  assert.equal(toA?.body, 's m|from a');
  assert.equal(toB?.body, 's m|from b');
  assert.equal(toA?.id, 0xfffffff0);
  assert.equal(toB?.id, 0xfffffff0);
  assert.equal(server.accepted, 1, 'both callers share one upstream connection');
  assert.notEqual(held[0]?.id, held[1]?.id);
  assert.equal(proxy.stats.outcomes.ok, 2);
});

test('requests that arrive in pieces and together are told apart', async (t) => {
  const { client } = await setup(t, echo('v1'));
  const caller = await client();
  const bytes = Buffer.concat(Array.from({ length: 20 }, (_, i) => toyFrame('request', i, `s m|${'x'.repeat(i * 7)}`)));
  for (let at = 0; at < bytes.length; at += 13) caller.socket.write(bytes.subarray(at, at + 13));
  const answers = await caller.received(20);
  assert.deepEqual(
    answers.map((frame) => frame.id).sort((x, y) => x - y),
    Array.from({ length: 20 }, (_, i) => i),
  );
  for (const answer of answers) assert.equal(answer.body, `v1 s m|${'x'.repeat(answer.id * 7)}`);
});

test('a late answer is dropped by its id after the deadline was answered', async (t) => {
  const late: (() => void)[] = [];
  const { proxy, client } = await setup(t, (frame, socket) => {
    if (frame.body.includes('slow')) late.push(() => socket.write(toyFrame('response', frame.id, 'too late')));
    else socket.write(toyFrame('response', frame.id, 'in time'));
  });
  const caller = await client();
  // Connected, so that no request waits for that.
  caller.request(1, 's fast|');
  await caller.received(1);
  caller.request(7, 's slow timeout=50|');
  const [, first] = await caller.received(2);
  assert.match(first?.body ?? '', /^timeout: s\/slow: no answer by 127\.0\.0\.1:\d+ within 50 ms/);
  while (late.length === 0) await new Promise(setImmediate);
  for (const answer of late) answer();
  caller.request(7, 's fast|');
  const [, , second] = await caller.received(3);
  assert.equal(second?.body, 'in time');
  assert.equal(proxy.counts.late, 1);
  assert.equal(proxy.stats.requestsActive, 0);
});

test('when the service dies every open request is answered, and the next one reconnects', async (t) => {
  const { server, proxy, client } = await setup(t, (frame, socket) => {
    if (frame.body.includes('die')) socket.destroy();
    else if (!frame.body.includes('wait')) socket.write(toyFrame('response', frame.id, 'alive'));
  });
  const caller = await client();
  caller.request(0, 's hello|');
  await caller.received(1);
  for (let id = 1; id <= 5; id++) caller.request(id, 's wait|');
  caller.request(6, 's die|');
  const answers = await caller.received(7);
  for (const answer of answers.slice(1)) assert.match(answer.body, /^upstream-reset: /);
  caller.request(8, 's hello|');
  const again = await caller.received(8);
  assert.equal(again[7]?.body, 'alive');
  assert.equal(server.accepted, 2);
  assert.equal(proxy.stats.requestsActive, 0);
  for (const pool of proxy.pools.pools()) assert.equal(pool.activeRequests, 0);
});

test('a service that cannot be reached is a reason, not a hang', async (t) => {
  const { server, client } = await setup(t, echo('v1'), { pool: { backoff: LONG } });
  await server.stop().catch(() => undefined);
  t.mock.method(server, 'stop', async () => undefined);
  const caller = await client();
  caller.request(1, 's m|');
  const [answer] = await caller.received(1);
  assert.match(answer?.body ?? '', /^no-healthy-upstream: .*ECONNREFUSED/);
  caller.request(2, 's m|');
  const [, second] = await caller.received(2);
  assert.match(second?.body ?? '', /could not be reached.*next attempt in \d+ ms/);
});

test('a caller that goes away frees its requests at once', async (t) => {
  const { server, proxy, client } = await setup(t, () => undefined);
  const caller = await client();
  for (let id = 0; id < 10; id++) caller.request(id, 's m|');
  while (server.received.length < 10) await new Promise(setImmediate);
  caller.socket.resetAndDestroy();
  while (proxy.closeReasons.length === 0) await new Promise(setImmediate);
  assert.equal(proxy.stats.requestsActive, 0);
  assert.equal(proxy.stats.cancelled, 10);
  for (const pool of proxy.pools.pools()) assert.equal(pool.activeRequests, 0);
});

test('a caller that only stops sending still gets its answers', async (t) => {
  const { proxy, client } = await setup(t, (frame, socket) => setTimeout(() => echo('v1')(frame, socket), 30));
  const caller = await client();
  caller.request(1, 's m|');
  caller.socket.end();
  assert.equal((await caller.received(1))[0]?.body, 'v1 s m|');
  await caller.ended();
  assert.equal(proxy.stats.cancelled, 0);
});

test('one-way requests are passed on, get no answer and leave nothing behind', async (t) => {
  const { server, proxy, client } = await setup(t, echo('v1'));
  const caller = await client();
  caller.send(toyFrame('oneway', 3, 's m|fire'), toyFrame('request', 4, 's m|'));
  const answers = await caller.received(1);
  assert.equal(answers[0]?.id, 4);
  assert.deepEqual(
    server.received.map((frame) => [frame.kind, frame.body]),
    [
      ['oneway', 's m|fire'],
      ['request', 's m|'],
    ],
  );
  assert.equal(server.received[0]?.id, 3, 'a frame that waits for no answer keeps its bytes');
  assert.equal(proxy.stats.requestsActive, 0);
  assert.equal(proxy.stats.oneway, 1);
});

test('heartbeats are answered here, and sent to silent services', async (t) => {
  const { server, client } = await setup(t, echo('v1'), { pool: { heartbeatIntervalMs: 60 } });
  const caller = await client();
  caller.send(toyFrame('ping', 77));
  assert.deepEqual(
    (await caller.received(1)).map((frame) => [frame.kind, frame.id]),
    [['pong', 77]],
  );
  caller.request(1, 's m|');
  await caller.received(2);
  const [upstream] = [...server.sockets];
  assert.ok(upstream);
  while (!server.received.some((frame) => frame.kind === 'ping')) await once(upstream, 'data');
  await once(upstream, 'close');
});

test('a defect costs the frame, a lost boundary the connection, and a stranger gets a line', async (t) => {
  const { proxy, client } = await setup(t, echo('v1'));
  const caller = await client();
  caller.send(toyFrame('request', 1, 's m|', 99), toyFrame('request', 2, 's m|'));
  const [bad, good] = await caller.received(2);
  assert.match(bad?.body ?? '', /^bad-request: status 99/);
  assert.equal(good?.body, 'v1 s m|');
  caller.socket.write('GET / HTTP/1.1\r\n\r\n');
  await caller.ended();
  assert.deepEqual([proxy.stats.protocolErrors, proxy.stats.localReplies['bad-request']], [2, 1]);
  const stranger = await client();
  let said = '';
  stranger.socket.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  stranger.socket.write('status -l\n  ');
  await stranger.ended();
  assert.equal(said, 'no frames in 12 bytes\n');
});

test('without ids answers come back in order, one request at a time on a connection', async (t) => {
  const { server, client } = await setup(
    t,
    (frame, socket) => {
      setTimeout(() => socket.write(toyFrame('response', 0, frame.body)), frame.body.includes('slow') ? 30 : 0);
    },
    { multiplexed: false },
  );
  const [a, b] = [await client(), await client()];
  a.request(0, 's slow|1');
  a.request(0, 's fast|2');
  b.request(0, 's fast|3');
  const [toB] = await b.received(1);
  assert.equal(toB?.body, 's fast|3');
  const toA = await a.received(2);
  assert.deepEqual(
    toA.map((frame) => frame.body),
    ['s slow|1', 's fast|2'],
  );
  assert.equal(server.accepted, 2);
});

test('a request that overruns its caller limit is refused in its own words', async (t) => {
  const { client } = await setup(t, () => undefined, { limits: { maxPendingPerConnection: 2 } });
  const caller = await client();
  for (let id = 1; id <= 3; id++) caller.request(id, 's m|');
  const [answer] = await caller.received(1);
  assert.equal(answer?.id, 3);
  assert.match(answer?.body ?? '', /^overflow: /);
});

test('drain says goodbye, lets open requests finish and closes', async (t) => {
  const { proxy, client } = await setup(t, (frame, socket) => setTimeout(() => echo('v1')(frame, socket), 40));
  const caller = await client();
  caller.request(1, 's m|');
  while (proxy.stats.requestsActive === 0) await new Promise(setImmediate);
  const drained = proxy.listener.drain(20);
  const frames = await caller.received(2);
  assert.deepEqual(
    frames.map((frame) => frame.kind),
    ['goaway', 'response'],
  );
  await drained;
  await caller.ended();
});

test('a caller that does not look whether it was told to go holds no drain up', { timeout: 30_000 }, async (t) => {
  const { proxy, client } = await setup(t, echo('v1'));
  const caller = await client();
  caller.request(1, 's m|');
  await caller.received(1);
  caller.socket.pause();
  await proxy.listener.drain(20);
  assert.equal(proxy.stats.connectionsActive, 0);
});

test('a caller that is called back has a connection of its own, over which the service reaches it', async (t) => {
  const { server, client } = await setup(t, (frame, socket) => {
    if (frame.kind === 'request') socket.write(toyFrame('response', frame.id, 'bound'));
    if (frame.kind === 'request' && frame.body.includes('callback')) socket.write(toyFrame('request', 0xabcdef01, 'listener event|hello'));
  });
  const [bound, other] = [await client(), await client()];
  other.request(1, 's m|');
  await other.received(1);
  bound.request(1, 's subscribe callback=yes|');
  const frames = await bound.received(2);
  const call = frames.find((frame) => frame.kind === 'request');
  assert.equal(call?.body, 'listener event|hello');
  bound.send(toyFrame('response', call?.id ?? 0, 'heard'));
  while (!server.received.some((frame) => frame.kind === 'response')) await new Promise(setImmediate);
  const answer = server.received.find((frame) => frame.kind === 'response');
  assert.deepEqual([answer?.id, answer?.body], [0xabcdef01, 'heard']);
  assert.equal(server.accepted, 2);
  bound.request(2, 's m|');
  await bound.received(3);
  assert.equal(server.accepted, 2, 'the caller stays on its own connection');
  bound.socket.destroy();
  while (server.sockets.size > 1) await new Promise(setImmediate);
  other.request(2, 's m|');
  await other.received(2);
});

test('a service that goes away takes along the caller that it calls back', async (t) => {
  const { server, client } = await setup(t, echo('v1'));
  const caller = await client();
  caller.request(1, 's subscribe callback=yes|');
  await caller.received(1);
  for (const socket of server.sockets) socket.resetAndDestroy();
  await caller.ended();
});

test('a service that says goodbye gets no new requests until it takes them again', async (t) => {
  const { server, client } = await setup(t, (frame, socket) => {
    if (frame.body.includes('leave')) socket.write(toyFrame('goaway', 0));
    echo('v1')(frame, socket);
  });
  const caller = await client();
  caller.request(1, 's leave|');
  await caller.received(1);
  caller.request(2, 's m|');
  const [, refused] = await caller.received(2);
  assert.match(refused?.body ?? '', /^no-healthy-upstream: .*takes no new requests/);
  const [upstream] = [...server.sockets];
  upstream?.write(toyFrame('resume', 0));
  upstream?.write(toyFrame('ping', 9));
  while (!server.received.some((frame) => frame.kind === 'pong')) await new Promise(setImmediate);
  caller.request(3, 's m|');
  assert.equal((await caller.received(3))[2]?.body, 'v1 s m|');
});

test('filters see each phase, may wait, answer, and edit both ways', async (t) => {
  const seen: string[] = [];
  const none = new Map<string, string>();
  const filter: Filter = {
    name: 'recorder',
    async onRequest(context) {
      seen.push(`request ${context.service}/${context.method} ${String(context.header(0))}`);
      await Promise.resolve();
      return context.header(0) === 'bad' ? { reason: 'denied', message: 'not you' } : 'continue';
    },
    onRouted(context) {
      seen.push(`routed ${context.route?.name !== undefined}`);
      context.editRequest({ remove: ['user'], set: new Map([['tenant', 'x']]), add: none });
      return 'continue';
    },
    onAttempt: (context) => void seen.push(`attempt ${context.attempt} ${context.endpoint?.address}`),
    onResponse(context) {
      seen.push(`response ${context.outcome}`);
      if (context.localReply === undefined) context.editResponse({ remove: [], set: new Map([['seen', 'yes']]), add: none });
    },
    onLog: (context) => void seen.push(`log ${context.outcome}`),
  };
  const { server, client } = await setup(t, echo('v1'), { filters: [filter], names: ['user'] });
  const caller = await client();
  caller.request(1, 's m user=ann|body');
  assert.equal((await caller.received(1))[0]?.body, 'v1 s m tenant=x seen=yes|body');
  assert.equal(server.received[0]?.body, 's m tenant=x|body');
  assert.deepEqual(seen, ['request s/m ann', 'routed true', 'attempt 1 127.0.0.1', 'response ok', 'log ok']);
  seen.length = 0;
  caller.request(2, 's m user=bad|body');
  assert.match((await caller.received(2))[1]?.body ?? '', /^denied: not you/);
  assert.deepEqual(seen, ['request s/m bad', 'response denied', 'log denied']);
  assert.equal(server.received.length, 1);
});

test('a service that said goodbye and closed is left alone for a while, though its port accepts', async (t) => {
  const leave: ToyHandler = (frame, socket) => {
    if (frame.body.includes('leave')) socket.write(toyFrame('goaway', 0));
    echo('v1')(frame, socket);
  };
  const { server, client } = await setup(t, leave, { pool: { backoff: LONG } });
  const caller = await client();
  caller.request(1, 's leave|');
  await caller.received(1);
  const [upstream] = [...server.sockets];
  upstream?.end();
  while (server.sockets.size > 0) await new Promise(setImmediate);
  caller.request(2, 's m|');
  const [, refused] = await caller.received(2);
  assert.match(refused?.body ?? '', /^no-healthy-upstream: .*said that it is shutting down; next attempt in \d+ ms/);
  assert.equal(server.accepted, 1);
});

test('a filter that never decides costs its caller the deadline, not for ever', async (t) => {
  const filter: Filter = { name: 'undecided', onRequest: () => new Promise(() => undefined) };
  const { client } = await setup(t, echo('v1'), { filters: [filter], defaultTimeoutMs: 50 });
  const caller = await client();
  caller.request(1, 's m|');
  assert.match((await caller.received(1))[0]?.body ?? '', /^timeout: .*within 50 ms/);
});
