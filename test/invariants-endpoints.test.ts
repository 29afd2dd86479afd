import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { freePort } from './support/ports.ts';
import { ALL_WIRES } from './support/wire/all.ts';
import { assertClean, WireCaller } from './support/wire/caller.ts';
import { fullPort } from './support/wire/full-port.ts';
import { assertAccounted, Load } from './support/wire/load.ts';
import { type Stats, WireProxy } from './support/wire/proxy.ts';
import { noise } from './support/wire/random.ts';
import type { RawWire } from './support/wire/raw-wire.ts';
import { echo, hold, WireService } from './support/wire/service.ts';

const CALLERS = 4;
const DEPTH = 4;
const CONNECT_MS = 200;
const TIMEOUT_MS = 8000;
/** Of which one of two goes to the endpoint that is meant. */
const MOST_TURNS = 60;
/** Together more than the system buffers for a service that does not read. */
const MANY = 800;
const LARGEST_WHOLE = 30_000;

for (const wire of ALL_WIRES) describe(`where requests go, over ${wire.name}`, { timeout: 180_000, concurrency: 2 }, () => endpoints(wire));

function endpoints(wire: RawWire): void {
  test('a request whose connection is refused goes to the next endpoint', async (t) => {
    const service = await WireService.start(t, wire, echo('v1'));
    const proxy = await WireProxy.start(t, wire, {
      endpoints: [{ port: await freePort() }, { port: service.port }],
      bootstrap: { upstream: { backoff: { initial: '1ms', max: '1ms' } } },
    });
    const caller = await WireCaller.connect(t, wire, proxy.port);
    for (let turn = 0; turn < 20; turn++) {
      const answer = await caller.say('echo', `turn ${turn}`);
      assert.equal(answer.kind === 'answer' ? answer.text : answer.kind, `v1|turn ${turn}`);
    }
    const stats = await proxy.settled();
    assert.ok(stats.sum('polywire_cluster_retries_total') > 0, 'the other endpoint was tried');
    assertClean(caller);
  });

  test('a service that dies costs at most what it was working on, and all of that is answered', async (t) => {
    // Nobody else may listen there when it is dead.
    const services = [await WireService.start(t, wire, echo('v1'), await freePort()), await WireService.start(t, wire, echo('v2'))];
    const proxy = await WireProxy.start(t, wire, { endpoints: services.map(({ port }) => ({ port })) });
    const load = Load.start(t, { wire, port: proxy.port, callers: CALLERS, depth: DEPTH, pauseMs: 1 });
    await load.answers(200);
    await services[0]?.stop();
    await load.answers(400);
    const tally = await load.stop();
    assertAccounted(tally);
    assert.equal(tally.closed, 0, `no caller's connection was closed: ${tally}`);
    assert.ok(tally.failed <= CALLERS * DEPTH, `${tally}`);
    assert.deepEqual(
      [...tally.refused.keys()].filter((status) => status !== wire.refusals.reset),
      [],
    );
    await proxy.settled();
  });

  test('what was not written yet to a service that dies goes to the next endpoint', async (t) => {
    const [deaf, good] = [await WireService.start(t, wire, echo('deaf')), await WireService.start(t, wire, echo('v1'))];
    const proxy = await WireProxy.start(t, wire, { endpoints: [{ port: deaf.port }, { port: good.port }] });
    const caller = await WireCaller.connect(t, wire, proxy.port);
    for (let turn = 0; deaf.sockets.size === 0; turn++) await caller.say('echo', `${turn}`);
    for (const socket of deaf.sockets) socket.pause();
    const body = noise(1, LARGEST_WHOLE);
    const known = deaf.requests;
    let settled = 0;
    const answers = Array.from({ length: MANY }, () => caller.say('echo', '', { body }).finally(() => settled++));
    await proxy.until('the other service answered its part', () => good.requests >= MANY / 4);
    await proxy.until('all that is left waits', (stats) => settled + waiting(stats, deaf.port) === MANY);
    for (const socket of deaf.sockets) socket.resetAndDestroy();
    const statuses = (await Promise.all(answers)).map((answer) => (answer.kind === 'answer' ? answer.status : answer.kind));
    const lost = statuses.filter((status) => status !== 'ok');
    assert.deepEqual([...new Set(lost)], lost.length === 0 ? [] : [wire.refusals.reset]);
    const stats = await proxy.settled();
    const retries = stats.sum('polywire_cluster_retries_total');
    assert.ok(retries > 0, 'nothing was taken elsewhere');
    assert.equal(deaf.requests, known);
    assertClean(caller);
  });

  if (wire.has.heartbeat) {
    test('a silent connection is kept by heartbeats that its service understands', async (t) => {
      const service = await WireService.start(t, wire, echo('v1'));
      const bootstrap = { upstream: { heartbeatInterval: '1s' } };
      const proxy = await WireProxy.start(t, wire, { endpoints: [{ port: service.port }], bootstrap });
      const caller = await WireCaller.connect(t, wire, proxy.port);
      await caller.say('echo');
      // After three without an answer it would be closed.
      await proxy.until('heartbeats come', () => service.heartbeats >= 4 || service.broken !== undefined);
      assert.equal(service.broken, undefined);
      await caller.say('echo');
      assert.equal(service.accepted, 1);
      assert.deepEqual(service.others, []);
      assertClean(caller);
    });
  }

  if (!wire.has.timeout) return;

  test('a deadline of the caller is handed on, less the time that was spent', async (t) => {
    const service = await WireService.start(t, wire, echo('v1'));
    const proxy = await WireProxy.start(t, wire, {
      endpoints: [{ port: await fullPort(t) }, { port: service.port }],
      bootstrap: { upstream: { connectTimeout: `${CONNECT_MS}ms`, backoff: { initial: '1ms', max: '1ms' } } },
    });
    const caller = await WireCaller.connect(t, wire, proxy.port);
    const id = caller.nextId();
    const request = wire.request(id, { method: 'echo', body: noise(1, 500), timeoutMs: TIMEOUT_MS });
    // One of two goes to the endpoint that does not answer first.
    for (let turn = 0; ; turn++) {
      const arrived = hold(service, 1);
      const began = performance.now();
      const answer = caller.send(id, request);
      const [received] = await arrived;
      const spent = Math.ceil(performance.now() - began);
      assert.ok(received !== undefined);
      received.reply('in time');
      assert.equal((await answer).kind, 'answer');
      const { bytes, timeoutMs = 0, id: assigned } = received.message;
      if (timeoutMs > TIMEOUT_MS - CONNECT_MS && turn < MOST_TURNS) continue;
      assert.ok(timeoutMs <= TIMEOUT_MS - CONNECT_MS + 1 && timeoutMs >= TIMEOUT_MS - spent, `${timeoutMs} of ${TIMEOUT_MS} ms are left`);
      assert.deepEqual(bytes, wire.withTimeout?.(wire.withId(request, assigned), timeoutMs), 'nothing else changed');
      break;
    }
    await proxy.settled();
  });

  test('a deadline of the caller counts before all others', async (t) => {
    const service = await WireService.start(t, wire, echo('v1'));
    const proxy = await WireProxy.start(t, wire, { endpoints: [{ port: service.port }] });
    const caller = await WireCaller.connect(t, wire, proxy.port);
    // Connected, so that nothing waits here.
    await caller.say('echo');
    const arrived = hold(service, 2);
    const patient = caller.say('echo', '', { timeoutMs: TIMEOUT_MS });
    const hasty = await caller.say('echo', '', { timeoutMs: 50 });
    assert.equal(hasty.kind === 'answer' ? hasty.status : hasty.kind, wire.refusals.timeout);
    for (const { reply } of await arrived) reply('at last');
    const answer = await patient;
    assert.equal(answer.kind === 'answer' ? answer.text : answer.kind, 'at last');
    await proxy.settled();
    assertClean(caller);
  });
}

function waiting(stats: Stats, port: number): number {
  return stats.sum('polywire_endpoint_requests_active', { endpoint: `127.0.0.1:${port}` });
}
