import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Filter } from '../filter/filter.ts';
import { echo, type ToyClient } from '../testing/toy-peers.ts';
import { toyFrame } from '../testing/toy-protocol.ts';
import { setup } from '../testing/toy-proxy.ts';

const MIB = 1024 * 1024;
/** Of a victim on a slow machine: one that waits for a peer that stalls is never answered. */
const SLOWEST_MS = 10_000;

function pattern(length: number): string {
  return 'abcdefghijklmnopqrstuvwxyz0123456789'.repeat(Math.ceil(length / 36)).slice(0, length);
}

/** Calls one after the other and gives the slowest, in milliseconds. */
async function slowestOf(caller: ToyClient, calls: number): Promise<number> {
  let slowest = 0;
  for (let i = 0; i < calls; i++) {
    const before = performance.now();
    const count = caller.frames.length + 1;
    caller.request(i, 's victim|');
    await caller.received(count);
    slowest = Math.max(slowest, performance.now() - before);
  }
  return slowest;
}

test('a large request and a large answer arrive byte for byte, among small ones', async (t) => {
  const { server, client } = await setup(t, echo('v1'));
  const caller = await client();
  const body = `s large|${pattern(5 * MIB)}`;
  caller.send(toyFrame('request', 1, 's m|before'), toyFrame('request', 2, body), toyFrame('request', 3, 's m|after'));
  const answers = await caller.received(3);
  const byId = new Map(answers.map((frame) => [frame.id, frame.body]));
  assert.equal(byId.get(1), 'v1 s m|before');
  assert.equal(byId.get(3), 'v1 s m|after');
  assert.ok(byId.get(2) === `v1 ${body}`, 'the large body came back unchanged');
  assert.ok(server.accepted <= 2, 'the large request had a connection of its own');
});

test('a caller that stalls inside its frame delays nobody, and takes only its own connection along when it dies', async (t) => {
  const { server, proxy, client } = await setup(t, echo('v1'));
  const [stalling, victim] = [await client(), await client()];
  await slowestOf(victim, 5);
  const large = toyFrame('request', 1, `s large|${pattern(2 * MIB)}`);
  stalling.socket.write(large.subarray(0, MIB));
  while (server.accepted < 2) await new Promise(setImmediate);
  const slowest = await slowestOf(victim, 200);
  assert.ok(slowest < SLOWEST_MS, `the victim's slowest call took ${slowest} ms`);
  const [shared, own] = [...server.sockets];
  assert.ok(shared && own);
  const gone = once(own, 'close');
  stalling.socket.resetAndDestroy();
  await gone;
  assert.equal(server.sockets.size, 1);
  await slowestOf(victim, 5);
  assert.equal(proxy.stats.requestsActive, 0);
});

test('a caller that does not read is reset at its limit; others on the same upstream connection never wait', async (t) => {
  const { server, proxy, client } = await setup(
    t,
    (frame, socket) => {
      const payload = frame.body.includes('victim') ? 'small' : pattern(2 * MIB);
      socket.write(toyFrame('response', frame.id, payload));
    },
    { limits: { downstreamQueueBytes: 3 * MIB } },
  );
  const [deaf, victim] = [await client(), await client()];
  await slowestOf(victim, 5);
  deaf.socket.pause();
  for (let id = 0; id < 20; id++) deaf.request(id, 's large|');
  const slowest = await slowestOf(victim, 100);
  assert.ok(slowest < SLOWEST_MS, `the victim's slowest call took ${slowest} ms`);
  while (proxy.closeReasons.length === 0) await sleep(5);
  assert.match(proxy.closeReasons[0] ?? '', /does not read its answers: \d+ bytes queued/);
  assert.equal(server.accepted, 1);
  await slowestOf(victim, 5);
  assert.equal(proxy.stats.requestsActive, 0);
});

test('a slow reader of a large answer on its own connection makes the service wait instead', async (t) => {
  let written = 0;
  const { client, proxy } = await setup(
    t,
    (frame, socket) => {
      const answer = toyFrame('response', frame.id, pattern(48 * MIB));
      for (let at = 0; at < answer.length; at += 64 * 1024) {
        const piece = answer.subarray(at, at + 64 * 1024);
        socket.write(piece, () => {
          written += piece.length;
        });
      }
    },
    { limits: { downstreamQueueBytes: 2 * MIB, maxFrameBytes: 64 * MIB } },
  );
  const slow = await client();
  slow.socket.pause();
  slow.request(5, `s upload|${pattern(100_000)}`);
  await sleep(150);
  assert.ok(written < 48 * MIB, 'the service could not hand over everything');
  slow.socket.resume();
  const [answer] = await slow.received(1);
  assert.equal(answer?.length, 48 * MIB + 11);
  assert.deepEqual(proxy.closeReasons, []);
});

test('when the service dies inside an answer the caller is not left with half of it', async (t) => {
  const { proxy, client } = await setup(t, (frame, socket) => {
    if (!frame.body.includes('large')) return echo('v1')(frame, socket);
    socket.write(toyFrame('response', frame.id, pattern(2 * MIB)).subarray(0, MIB), () => socket.resetAndDestroy());
  });
  const [caller, other] = [await client(), await client()];
  caller.request(1, 's large|');
  await caller.ended();
  assert.match(proxy.closeReasons[0] ?? '', /broke off its answer/);
  other.request(1, 's m|');
  assert.equal((await other.received(1))[0]?.body, 'v1 s m|');
  assert.equal(proxy.stats.requestsActive, 0);
});

test('a large request that is refused leaves the connection in step', async (t) => {
  const { client } = await setup(t, echo('v1'), { limits: { maxFrameBytes: MIB } });
  const caller = await client();
  caller.send(toyFrame('request', 1, `s large|${pattern(3 * MIB)}`), toyFrame('request', 2, 's m|'));
  const [refused, next] = await caller.received(2);
  assert.match(refused?.body ?? '', /^too-large: a request of 3145747 bytes is over the limit of 1048576/);
  assert.equal(next?.body, 'v1 s m|');
});

test('a filter that needs what a front does not hold gets more of it, up to the limit', async (t) => {
  const seen: unknown[] = [];
  const filter = {
    name: 'probe',
    onRequest(context: { header(index: number): unknown }) {
      seen.push(context.header(0));
      return 'continue' as const;
    },
  };
  const { client } = await setup(t, echo('v1'), { filters: [filter], names: ['late'] });
  const caller = await client();
  // The toy head ends at the first `|`: everything before it must be at hand.
  caller.request(1, `s m ${pattern(500_000)} late=yes|${pattern(200_000)}`);
  assert.equal((await caller.received(1))[0]?.id, 1);
  assert.deepEqual(seen, ['yes']);
  caller.request(2, `s m ${pattern(2 * MIB)} late=yes|`);
  const [, refused] = await caller.received(2);
  assert.match(refused?.body ?? '', /^too-large: a rule needs a part of this 2097\d+-byte request/);
  caller.request(3, 's m late=again|');
  await caller.received(3);
  assert.deepEqual(seen, ['yes', 'again']);
});

test('a large request whose service is gone is answered while it still arrives', async (t) => {
  const { server, client } = await setup(t, echo('v1'));
  const caller = await client();
  caller.request(0, 's m|');
  await caller.received(1);
  const large = toyFrame('request', 1, `s large|${pattern(4 * MIB)}`);
  caller.socket.write(large.subarray(0, 2 * MIB));
  while (server.sockets.size < 2) await new Promise(setImmediate);
  const own = [...server.sockets][1];
  own?.resetAndDestroy();
  const [, refused] = await caller.received(2);
  assert.match(refused?.body ?? '', /^upstream-reset: /);
  caller.socket.write(large.subarray(2 * MIB));
  caller.request(2, 's m|');
  assert.equal((await caller.received(3))[2]?.body, 'v1 s m|');
});

test('a large request that a waiting filter refuses leaves its caller readable', async (t) => {
  let refuse: (() => void) | undefined;
  const filter: Filter = {
    name: 'slow gate',
    onRequest: (context) =>
      context.method === 'large'
        ? new Promise((resolve) => {
            refuse = () => resolve({ reason: 'denied', message: 'not today' });
          })
        : 'continue',
  };
  const { client } = await setup(t, echo('v1'), { filters: [filter] });
  const caller = await client();
  caller.send(toyFrame('request', 1, `s large|${pattern(100_000)}`));
  while (refuse === undefined) await new Promise(setImmediate);
  refuse();
  assert.match((await caller.received(1))[0]?.body ?? '', /^denied: /);
  caller.request(2, 's m|');
  assert.equal((await caller.received(2))[1]?.body, 'v1 s m|');
});

test('a filter that would edit a large frame is told no, in both directions', async (t) => {
  const edits = { remove: [], set: new Map([['seen', 'yes']]), add: new Map<string, string>() };
  const filter: Filter = {
    name: 'editor',
    onRouted(context) {
      if (context.method === 'up') context.editRequest(edits);
      return 'continue';
    },
    onResponse(context) {
      if (context.localReply === undefined && context.method === 'down') context.editResponse(edits);
    },
  };
  const { client } = await setup(
    t,
    (frame, socket) => {
      socket.write(toyFrame('response', frame.id, frame.body.includes('down') ? `s|${pattern(200_000)}` : 'small'));
    },
    { filters: [filter] },
  );
  const caller = await client();
  caller.request(1, `s up|${pattern(200_000)}`);
  assert.match((await caller.received(1))[0]?.body ?? '', /^bad-request: .*too large to be held whole/);
  caller.request(2, 's down|');
  assert.match((await caller.received(2))[1]?.body ?? '', /^internal: .*cannot be edited/);
  caller.request(3, 's m|');
  assert.equal((await caller.received(3))[2]?.body, 'small');
});
