import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { FrameProtocol, Multiplexing } from '../protocol/spi.ts';
import { echo, type ToyHandler } from '../testing/toy-peers.ts';
import { type ToyFrame, toyFrame } from '../testing/toy-protocol.ts';
import { setup } from '../testing/toy-proxy.ts';

/** The toy protocol, whose ids say more or less than usual. */
function withIds(more: Partial<Multiplexing<ToyFrame>>) {
  return (toy: FrameProtocol<ToyFrame>): FrameProtocol<ToyFrame> =>
    toy.multiplexing === undefined ? toy : { ...toy, multiplexing: { ...toy.multiplexing, ...more } };
}

/** Keeps requests until the test answers them. */
function holding() {
  const held: { readonly id: number; readonly body: string; readonly socket: Socket; readonly answer: (id?: number) => void }[] = [];
  let wanted = (): void => undefined;
  const handler: ToyHandler = ({ id, body }, socket) => {
    held.push({ id, body, socket, answer: (as = id) => socket.write(toyFrame('response', as, body)) });
    wanted();
  };
  const arrived = async (count: number) => {
    while (held.length < count) await new Promise<void>((resolve) => (wanted = resolve));
    return held;
  };
  return { handler, arrived };
}

test('a service that gives no ids back gets one request at a time, and every caller its own answer', async (t) => {
  const { handler, arrived } = holding();
  const { server, client } = await setup(t, handler, { codec: withIds({ echo: 'unproven' }) });
  const [a, b] = [await client(), await client()];
  a.request(1, 's m|a');
  b.request(1, 's m|b');
  const held = await arrived(2);
  for (const { answer } of [...held].reverse()) answer(0);
  assert.equal((await a.received(1))[0]?.body, 's m|a');
  assert.equal((await b.received(1))[0]?.body, 's m|b');
  assert.equal(server.accepted, 2);
  for (let i = 2; i < 5; i++) {
    a.request(i, `s m|again ${i}`);
    (await arrived(i + 1)).at(-1)?.answer(0);
    assert.equal((await a.received(i))[i - 1]?.body, `s m|again ${i}`);
  }
  assert.equal(server.accepted, 2, 'connections are used again');
});

test('a service that gives ids back once is trusted with many requests on one connection', async (t) => {
  const { handler, arrived } = holding();
  const { server, client } = await setup(t, handler, { codec: withIds({ echo: 'unproven' }) });
  const caller = await client();
  caller.request(1, 's m|first');
  (await arrived(1))[0]?.answer();
  await caller.received(1);
  const before = server.accepted;
  for (let i = 2; i <= 9; i++) caller.request(i, `s m|${i}`);
  for (const { answer } of (await arrived(9)).slice(1).reverse()) answer();
  const answers = await caller.received(9);
  assert.deepEqual(
    answers
      .map(({ body }) => body)
      .slice(1)
      .sort(),
    Array.from({ length: 8 }, (_, i) => `s m|${i + 2}`),
  );
  assert.equal(server.accepted - before, 1);
});

test('an answer with a wrong id, of a service that gave ids back before, is not believed', async (t) => {
  const { handler, arrived } = holding();
  const { proxy, client } = await setup(t, handler, { codec: withIds({ echo: 'unproven' }) });
  const [a, b] = [await client(), await client()];
  a.request(1, 's m|a');
  b.request(1, 's m|b');
  const [first, second] = await arrived(2);
  first?.answer();
  await (first?.body === 's m|a' ? a : b).received(1);
  second?.answer(12345);
  const [refused] = await (second?.body === 's m|a' ? a : b).received(1);
  assert.match(refused?.body ?? '', /^upstream-reset: .*an id that was not asked/);
  assert.equal(proxy.counts.late, 1);
});

test('a service known to ignore ids never shares a connection', async (t) => {
  const { server, client } = await setup(t, echo('v1'), { codec: withIds({ echo: 'ignored' }) });
  const caller = await client();
  for (let i = 1; i <= 8; i++) caller.request(i, `s m|${i}`);
  await caller.received(8);
  assert.equal(server.accepted, 8);
});

test('a caller that sends more at once than there may be connections is told so, and no more are opened', async (t) => {
  const { handler, arrived } = holding();
  const { server, client } = await setup(t, handler, { codec: withIds({ echo: 'ignored' }), pool: { maxConnections: 3 } });
  const caller = await client();
  caller.send(...[1, 2, 3, 4, 5].map((id) => toyFrame('request', id, 's m|')));
  const refused = await caller.received(2);
  for (const { body } of refused) assert.match(body, /^overflow: .* has 3 connections, as many as it may \(upstream.maxConnections\)/);
  for (const { answer } of await arrived(3)) answer();
  await caller.received(5);
  caller.request(6, 's m|');
  (await arrived(4))[3]?.answer();
  assert.equal((await caller.received(6))[5]?.body, 's m|');
  assert.equal(server.accepted, 3);
});

test('a first call that takes too long is no failure to connect: the next one goes to the same service', async (t) => {
  const { handler, arrived } = holding();
  const { client } = await setup(t, handler, { codec: withIds({ echo: 'ignored' }) });
  const caller = await client();
  for (let turn = 1; turn <= 3; turn++) {
    caller.request(turn, 's m timeout=200|');
    assert.match((await caller.received(turn))[turn - 1]?.body ?? '', /^timeout: /);
    await arrived(turn);
  }
});

test('services that work on a connection’s requests in turn get more connections before any waits', async (t) => {
  const { handler, arrived } = holding();
  const { server, client } = await setup(t, handler, { codec: withIds({ spread: 3 }) });
  const callers = await Promise.all(Array.from({ length: 6 }, client));
  for (const caller of callers) caller.request(1, 's m|');
  for (const { answer } of await arrived(6)) answer();
  for (const caller of callers) await caller.received(1);
  assert.equal(server.accepted, 3);
  callers[0]?.send(toyFrame('request', 2, 's m|'), toyFrame('request', 3, 's m|'));
  const [, ...together] = (await arrived(8)).slice(5);
  assert.equal(together[0]?.socket, together[1]?.socket, 'what came at once goes together');
});

test('a connection whose service is stuck in a call that was given up is not the next one’s', async (t) => {
  const { handler, arrived } = holding();
  const { client } = await setup(t, handler, { codec: withIds({ spread: 3 }) });
  const caller = await client();
  caller.request(1, 's m timeout=200|stuck');
  await caller.received(1);
  caller.request(2, 's m|next');
  const [stuck, next] = await arrived(2);
  assert.notEqual(next?.socket, stuck?.socket);
  next?.answer();
  stuck?.answer();
  await caller.received(2);
  caller.request(3, 's m|first again');
  const again = (await arrived(3))[2];
  assert.equal(again?.socket, stuck?.socket, 'it has answered, late');
  again?.answer();
  await caller.received(3);
});

test('an exclusive connection is closed with the caller of a large answer that comes no further', { timeout: 30_000 }, async (t) => {
  const large = toyFrame('response', 0, `s m|${'x'.repeat(300_000)}`);
  const handler: ToyHandler = ({ id, body }, socket) => {
    socket.write(body.includes('large') ? large.subarray(0, 150_000) : toyFrame('response', id, body));
  };
  const { proxy, client } = await setup(t, handler, { codec: withIds({ echo: 'ignored' }) });
  const gone = await client();
  gone.request(1, 's m|large');
  await once(gone.socket, 'data');
  gone.socket.destroy();
  while (proxy.stats.requestsActive > 0 && !t.signal.aborted) await new Promise(setImmediate);
  const next = await client();
  next.request(1, 's m timeout=1000|next');
  assert.equal((await next.received(1))[0]?.body, 's m timeout=1000|next');
});

for (const echo of ['certain', 'unproven', 'ignored'] as const) {
  test(`an answer to a one-way request reaches nobody, where it is ${echo} that ids are given back`, { timeout: 30_000 }, async (t) => {
    const { handler, arrived } = holding();
    const { proxy, client } = await setup(t, handler, { codec: withIds({ echo }) });
    const [oneway, other] = [await client(), await client()];
    oneway.send(...[1, 2, 3].map((id) => toyFrame('oneway', id, `s m|unasked ${id}`)));
    const unasked = [...(await arrived(3))];
    other.request(9, 's m|asked');
    const asked = (await arrived(4))[3];
    for (const { answer } of unasked) answer();
    while (proxy.counts.late < 3 && !t.signal.aborted) await new Promise(setImmediate);
    asked?.answer();
    assert.equal((await other.received(1))[0]?.body, 's m|asked');
    assert.deepEqual(oneway.frames, []);
  });
}

test('a request whose id cannot be changed has its connection to itself', async (t) => {
  const { handler, arrived } = holding();
  const assignable = (frame: ToyFrame) => !frame.body.includes('sealed');
  const { server, client } = await setup(t, handler, {
    codec: withIds({
      assignable,
      restoreId: (answer) => void (answer.id < 1000 && answer.chunk.writeUInt32BE(answer.id, answer.from + 3)),
    }),
  });
  const caller = await client();
  caller.request(77, 's sealed|a');
  caller.request(78, 's sealed|b');
  const held = await arrived(2);
  assert.deepEqual(held.map(({ id }) => id).sort(), [77, 78]);
  assert.equal(server.accepted, 2);
  for (const { answer } of [...held].reverse()) answer();
  const answers = await caller.received(2);
  for (const answer of answers) assert.equal(answer.body, answer.id === 77 ? 's sealed|a' : 's sealed|b');
});

test('of connections that one request had to itself no more than eight are kept', { timeout: 30_000 }, async (t) => {
  const { handler, arrived } = holding();
  const { server, client } = await setup(t, handler, { codec: withIds({ assignable: () => false, restoreId: () => undefined }) });
  const caller = await client();
  for (let id = 1; id <= 10; id++) caller.request(id, 's m|');
  for (const { answer } of await arrived(10)) answer();
  await caller.received(10);
  while (server.sockets.size !== 8 && !t.signal.aborted) await new Promise(setImmediate);
  assert.equal(server.accepted, 10);
});

test('requests with equal ids of one caller are sent on one after the other, others at once', async (t) => {
  const { handler, arrived } = holding();
  const { client } = await setup(t, handler, { codec: withIds({ callerId: (request) => request.id }) });
  const caller = await client();
  caller.send(
    toyFrame('request', 5, 's m|1'),
    toyFrame('request', 6, 's m|2'),
    toyFrame('request', 5, 's m|3'),
    toyFrame('request', 7, 's m|4'),
  );
  const first = [...(await arrived(2))];
  assert.deepEqual(
    first.map(({ body }) => body),
    ['s m|1', 's m|2'],
  );
  first[0]?.answer();
  const held = await arrived(4);
  assert.deepEqual(
    held.map(({ body }) => body),
    ['s m|1', 's m|2', 's m|3', 's m|4'],
  );
  for (const { answer } of held.slice(1)) answer();
  const answers = await caller.received(4);
  assert.deepEqual(
    answers.filter(({ id }) => id === 5).map(({ body }) => body),
    ['s m|1', 's m|3'],
  );
});

test('many requests with one id, sent at once, are answered in order', async (t) => {
  const { handler, arrived } = holding();
  const { client } = await setup(t, handler, { codec: withIds({ callerId: (request) => request.id }) });
  const caller = await client();
  const wanted = Array.from({ length: 10 }, (_, turn) => `s m|${turn}`);
  caller.send(...wanted.map((body) => toyFrame('request', 0, body)));
  for (let turn = 0; turn < wanted.length; turn++) {
    const held = await arrived(turn + 1);
    assert.equal(held.length, turn + 1, 'one at a time');
    held[turn]?.answer();
  }
  const answers = await caller.received(wanted.length);
  assert.deepEqual(
    answers.map(({ body }) => body),
    wanted,
  );
});

test('a request costs the same however many of its caller are open', async (t) => {
  const open = 2000;
  const { handler, arrived } = holding();
  let looks = 0;
  const callerId = ({ id }: ToyFrame) => {
    looks++;
    return id;
  };
  const { client } = await setup(t, handler, { codec: withIds({ callerId }), limits: { maxPendingPerConnection: open } });
  (await client()).send(...Array.from({ length: open }, (_, id) => toyFrame('request', id, 's m|')));
  await arrived(open);
  assert.ok(looks <= 3 * open, `${looks} looks at the ids of ${open} requests`);
});

test('a large request with the id of one that is open waits as well', async (t) => {
  const { handler, arrived } = holding();
  const { client } = await setup(t, handler, { codec: withIds({ callerId: (request) => request.id }) });
  const caller = await client();
  const large = `s m|${'x'.repeat(200_000)}`;
  caller.send(toyFrame('request', 5, 's m|1'), toyFrame('request', 5, large));
  (await arrived(1))[0]?.answer();
  (await arrived(2))[1]?.answer();
  const [, second] = await caller.received(2);
  assert.equal(second?.body, large);
});

test('requests of different dialects share no connection', async (t) => {
  const dialect = (frame: ToyFrame) => (frame.body.includes('old') ? 0 : 1);
  const sockets = new Map<string, Set<unknown>>();
  const handler: ToyHandler = (frame, socket) => {
    const kind = frame.body.includes('old') ? 'old' : 'new';
    sockets.set(kind, (sockets.get(kind) ?? new Set()).add(socket));
    socket.write(toyFrame('response', frame.id, frame.body));
  };
  const { server, client } = await setup(t, handler, { codec: (toy) => ({ ...toy, dialect }) });
  const caller = await client();
  for (let i = 1; i <= 10; i++) caller.request(i, `s ${i % 2 === 0 ? 'old' : 'new'}|`);
  await caller.received(10);
  assert.equal(server.accepted, 2);
  assert.deepEqual(
    [...sockets.values()].map((set) => set.size),
    [1, 1],
  );
});

test('what services cannot be sent is refused in words, and the next request goes through', async (t) => {
  const objection = (frame: ToyFrame) => (frame.body.includes('square') ? 'it is square, and the hole is round' : undefined);
  const { server, client } = await setup(t, echo('v1'), { codec: withIds({ objection }) });
  const caller = await client();
  caller.request(1, 's square|');
  assert.match((await caller.received(1))[0]?.body ?? '', /^bad-request: it is square/);
  caller.request(2, 's round|');
  assert.equal((await caller.received(2))[1]?.body, 'v1 s round|');
  assert.equal(server.received.length, 1);
});

test('the checksum behind large frames follows what was changed in front, both ways', async (t) => {
  const { handler, arrived } = holding();
  const mask = Buffer.from([0x20, 0x20, 0x20, 0x20]);
  const { client } = await setup(t, handler, { codec: (toy) => ({ ...toy, integrity: { trailerMask: () => mask } }) });
  const caller = await client();
  const large = `s m|${'x'.repeat(300_000)}SUMS`;
  caller.request(1, large);
  const [request] = await arrived(1);
  assert.equal(request?.body, large.replace('SUMS', 'sums'));
  request?.answer();
  const [answer] = await caller.received(1);
  assert.equal(answer?.body, large, 'changed back by the same mask');
});

test('a caller of a dialect that a service does not speak takes the service from nobody else', async (t) => {
  const dialect = (frame: ToyFrame) => (frame.body.includes('old') ? 0 : 1);
  const handler: ToyHandler = (frame, socket) => {
    if (frame.body.includes('old')) socket.destroy();
    else socket.write(toyFrame('response', frame.id, frame.body));
  };
  const backoff = { initialMs: 60_000, maxMs: 60_000 };
  const { client } = await setup(t, handler, { codec: (toy) => ({ ...toy, dialect }), pool: { backoff } });
  const [old, modern] = [await client(), await client()];
  old.request(1, 's old|');
  await old.received(1);
  old.request(2, 's old|');
  const [, refused] = await old.received(2);
  assert.match(refused?.body ?? '', /^no-healthy-upstream: /, 'it is left alone for a while');
  modern.request(1, 's new|');
  assert.equal((await modern.received(1))[0]?.body, 's new|');
});
