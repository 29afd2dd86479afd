import assert from 'node:assert/strict';
import { before, beforeEach, describe, test } from 'node:test';
import { suiteOwner } from './support/owner.ts';
import { freePort } from './support/ports.ts';
import { ALL_WIRES } from './support/wire/all.ts';
import { type Answer, assertClean, WireCaller } from './support/wire/caller.ts';
import { routeTo, WireProxy, whenMethod } from './support/wire/proxy.ts';
import { noise } from './support/wire/random.ts';
import { type RawWire, type Refusal, SERVICE } from './support/wire/raw-wire.ts';
import { echo, hold, WireService } from './support/wire/service.ts';

const KIB = 1024;
const MOST_PENDING = 20;
const MOST_BYTES = 256 * KIB;
const TIMEOUT_MS = 150;

for (const wire of ALL_WIRES) describe(`every request is answered, over ${wire.name}`, { timeout: 180_000 }, () => answered(wire));

function answered(wire: RawWire): void {
  const owner = suiteOwner();
  let service: WireService;
  let proxy: WireProxy;

  before(async () => {
    service = await WireService.start(owner, wire, echo('v1'));
    const endpoints = [
      { port: service.port, version: 'v1' },
      { port: await freePort(), version: 'dead' },
    ];
    const routes = [
      routeTo('v1', { ...whenMethod('slow'), timeout: `${TIMEOUT_MS}ms` }),
      routeTo('dead', whenMethod('dead')),
      routeTo('v1'),
    ];
    const limits = { maxPendingPerConnection: MOST_PENDING, maxFrameBytes: MOST_BYTES, maxBufferedFrontBytes: MOST_BYTES };
    proxy = await WireProxy.start(owner, wire, { endpoints, routes, bootstrap: { limits } });
  });
  beforeEach(() => {
    service.handler = echo('v1');
  });

  function assertRefused(answer: Answer, refusal: Refusal, reason = /./): void {
    assert.ok(answer.kind === 'answer', 'the connection was closed');
    assert.equal(answer.status, wire.refusals[refusal], answer.text);
    assert.match(answer.text, reason);
  }
  async function assertUsable(caller: WireCaller): Promise<void> {
    service.handler = echo('v1');
    const answer = await caller.say('echo', 'after');
    assert.equal(answer.kind === 'answer' ? answer.text : answer.kind, 'v1|after');
    assertClean(caller);
    await proxy.settled();
  }

  test('a service that nobody offers, by its name', async (t) => {
    const caller = await WireCaller.connect(t, wire, proxy.port);
    assertRefused(await caller.say('echo', '', { service: 'com.acme.Nobody' }), 'noRoute', /com\.acme\.Nobody/);
    await assertUsable(caller);
  });

  test('a service whose endpoint refuses connections, by its address', async (t) => {
    const caller = await WireCaller.connect(t, wire, proxy.port);
    for (let turn = 0; turn < 3; turn++) assertRefused(await caller.say('dead'), 'unavailable', /127\.0\.0\.1:\d+/);
    await assertUsable(caller);
  });

  test('a service that does not answer in time', async (t) => {
    const caller = await WireCaller.connect(t, wire, proxy.port);
    void hold(service, 1);
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: 5 }, () => caller.say('slow')));
    assert.ok(performance.now() - began >= TIMEOUT_MS - 1, 'not before its time');
    for (const answer of answers) assertRefused(answer, 'timeout', new RegExp(`${TIMEOUT_MS} ms`));
    await assertUsable(caller);
  });

  test('a service that resets its connection with requests in flight', async (t) => {
    const callers = [await WireCaller.connect(t, wire, proxy.port), await WireCaller.connect(t, wire, proxy.port)];
    const arrived = hold(service, 10);
    const open = callers.flatMap((caller) => Array.from({ length: 5 }, () => caller.say('echo')));
    await arrived;
    for (const socket of service.sockets) socket.resetAndDestroy();
    for (const answer of await Promise.all(open)) assertRefused(answer, 'reset', /127\.0\.0\.1:\d+/);
    for (const caller of callers) await assertUsable(caller);
  });

  test('a service that closes its connection inside an answer', async (t) => {
    const caller = await WireCaller.connect(t, wire, proxy.port);
    service.handler = ({ message, method, socket }) => {
      const answer = wire.answer(message.id, method, noise(1, 1000));
      socket.end(answer.subarray(0, answer.length - 1));
    };
    assertRefused(await caller.say('echo'), 'reset', /127\.0\.0\.1:\d+/);
    await assertUsable(caller);
  });

  test('a service whose answer is none', async (t) => {
    const caller = await WireCaller.connect(t, wire, proxy.port);
    service.handler = ({ socket }) => void socket.write(Buffer.alloc(100, 0xee));
    assertRefused(await caller.say('echo'), 'reset');
    await assertUsable(caller);
  });

  test('more requests at a time than a connection may have', async (t) => {
    const caller = await WireCaller.connect(t, wire, proxy.port);
    const arrived = hold(service, MOST_PENDING);
    const taken = Array.from({ length: MOST_PENDING }, () => caller.say('echo', 'taken'));
    const held = await arrived;
    for (let turn = 0; turn < 3; turn++) assertRefused(await caller.say('echo'), 'overflow', /maxPendingPerConnection/);
    for (const { reply } of held) reply('at last');
    for (const answer of await Promise.all(taken)) assert.equal(answer.kind === 'answer' ? answer.text : answer.kind, 'at last');
    await assertUsable(caller);
  });

  test('a request that is too large', async (t) => {
    const caller = await WireCaller.connect(t, wire, proxy.port);
    const body = noise(1, 2 * MOST_BYTES);
    if (!wire.has.lengthInFront) {
      // Where it would end is not known.
      assert.equal((await caller.say('echo', '', { body })).kind, 'closed');
      return;
    }
    for (let turn = 0; turn < 3; turn++) {
      const [large, small] = [caller.say('echo', '', { body }), caller.say('echo', 'behind it')];
      assertRefused(await large, 'tooLarge', /maxFrameBytes/);
      const answer = await small;
      assert.equal(answer.kind === 'answer' ? answer.text : answer.kind, 'v1|behind it');
    }
    await assertUsable(caller);
  });

  test('an answer that is too large', async (t) => {
    const caller = await WireCaller.connect(t, wire, proxy.port);
    service.handler = ({ reply }) => reply(noise(1, 2 * MOST_BYTES));
    const answer = await caller.say('echo');
    assert.ok(answer.kind === 'answer', 'the connection was closed');
    assert.match(answer.text, /maxFrameBytes/);
    await assertUsable(caller);
  });

  test('a request that cannot be read, when its end is known', async (t) => {
    const caller = await WireCaller.connect(t, wire, proxy.port);
    for (const id of wire.ids) assertRefused(await caller.send(id, wire.unreadable(id)), 'badRequest');
    await assertUsable(caller);
  });

  test('but not what asks for no answer', async (t) => {
    const caller = await WireCaller.connect(t, wire, proxy.port);
    const [known, refused] = [service.requests, { body: noise(1, wire.has.lengthInFront ? 2 * MOST_BYTES : 10) }];
    const calls = [{ method: 'echo' }, { method: 'slow' }, { method: 'dead' }, { method: 'echo', service: 'com.acme.Nobody' }];
    for (const call of calls) caller.socket.write(wire.oneway(caller.nextId(), { body: Buffer.from('any'), ...call }));
    caller.socket.write(wire.oneway(caller.nextId(), { method: 'echo', service: 'com.acme.Nobody', ...refused }));
    await assertUsable(caller);
    assert.equal(service.requests, known + 3, `two one-way calls of ${SERVICE} and the last one`);
    const stats = await proxy.until('they are over', (all) => all.sum('polywire_requests_active') === 0);
    assert.ok(stats.sum('polywire_requests_total', { outcome: 'oneway' }) >= 2);
  });

  const { heartbeat, heartbeatAnswer } = wire;
  if (heartbeat === undefined || heartbeatAnswer === undefined) return;

  test('a heartbeat, by the proxy, in the form of its connection', async (t) => {
    const caller = await WireCaller.connect(t, wire, proxy.port);
    const [known, before] = [service.heartbeats, service.others.length];
    for (const id of wire.ids) caller.socket.write(heartbeat(id));
    await assertUsable(caller);
    const wanted = wire.ids.map((id) => heartbeatAnswer(id).toString('hex'));
    assert.deepEqual(
      caller.heartbeatAnswers.map(({ bytes }) => bytes.toString('hex')),
      wanted,
    );
    assert.deepEqual([service.heartbeats, service.others.length], [known, before], 'the service did not hear of them');
  });
}
