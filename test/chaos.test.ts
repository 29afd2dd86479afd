import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CoreWaits } from './support/core-waits.ts';
import { freePort } from './support/ports.ts';
import { WireCaller } from './support/wire/caller.ts';
import { dubbo, dubboEvent } from './support/wire/dubbo.ts';
import { assertAccounted, Load, type Tally } from './support/wire/load.ts';
import { mesh, routeTo, WireProxy } from './support/wire/proxy.ts';
import { echo, WireService } from './support/wire/service.ts';
import { startService } from './support/wire/service-process.ts';

const RESTARTS = 20;
const BACKOFF_MAX_MS = 400;
/** To find out, and to connect; what a busy machine adds is not in it. */
const SLACK_MS = 2000;
/** A drain goes on until its calls have ended, for 30 s at most. */
const AT_ONCE_MS = 10_000;
const upstream = { backoff: { initial: '50ms', max: `${BACKOFF_MAX_MS}ms` } };

describe('services that come and go under load', { concurrency: 2 }, () => {
  test('killed and restarted 20 times: every call is accounted for, and it goes on within the backoff', async (t) => {
    let service = await startService(t, dubbo, 'v1', await freePort());
    const proxy = await WireProxy.start(t, dubbo, { endpoints: [{ port: service.port }], bootstrap: { upstream } });
    const load = Load.start(t, { wire: dubbo, port: proxy.port, callers: 6, depth: 4, pauseMs: 1 });
    for (let restart = 0; restart < RESTARTS; restart++) {
      await load.answers(20);
      await service.process.kill();
      service = await startService(t, dubbo, 'v1', service.port);
      const [waits, began] = [new CoreWaits(proxy.process.pid, service.process.pid, process.pid), performance.now()];
      await load.answers(1);
      const took = performance.now() - began;
      const most = BACKOFF_MAX_MS + SLACK_MS + waits.milliseconds;
      assert.ok(took < most, `it took ${took.toFixed(0)} of ${most.toFixed(0)} ms to go on: ${load.tally}`);
    }
    const tally = await load.stop();
    assertAccounted(tally);
    assert.equal(tally.closed, 0, `no caller's connection was closed: ${tally}`);
    assertOnlyRefused(tally, [dubbo.refusals.reset, dubbo.refusals.unavailable]);
    await proxy.settled();
  });

  test('frozen beyond the deadlines: calls time out, late answers reach nobody, and it goes on after that', async (t) => {
    const service = await startService(t, dubbo, 'v1');
    const proxy = await WireProxy.start(t, dubbo, { endpoints: [{ port: service.port }], bootstrap: { upstream } });
    const load = Load.start(t, { wire: dubbo, port: proxy.port, callers: 4, depth: 4, pauseMs: 1, headers: { timeout: '150' } });
    for (let turn = 0; turn < 3; turn++) {
      await load.answers(50);
      const before = load.tally.refused.get(dubbo.refusals.timeout) ?? 0;
      service.process.signal('SIGSTOP');
      while ((load.tally.refused.get(dubbo.refusals.timeout) ?? 0) < before + 32) await new Promise((resolve) => setTimeout(resolve, 5));
      service.process.signal('SIGCONT');
    }
    await load.answers(50);
    const tally = await load.stop();
    assertAccounted(tally);
    assertOnlyRefused(tally, [dubbo.refusals.timeout]);
    const timeouts = tally.refused.get(dubbo.refusals.timeout) ?? 0;
    await proxy.settled();
    // What was sent while it was frozen was answered all the same.
    await proxy.until('late answers', (stats) => stats.sum('polywire_late_responses_total') === timeouts);
  });

  test('frozen without a deadline: heartbeats find out, and every call is answered', async (t) => {
    const service = await startService(t, dubbo, 'v1');
    const bootstrap = { upstream: { ...upstream, heartbeatInterval: '200ms' }, defaultTimeout: '60s' };
    const proxy = await WireProxy.start(t, dubbo, { endpoints: [{ port: service.port }], bootstrap });
    const load = Load.start(t, { wire: dubbo, port: proxy.port, callers: 3, depth: 4, pauseMs: 1 });
    await load.answers(50);
    service.process.signal('SIGSTOP');
    while (load.tally.failed < 12) await new Promise((resolve) => setTimeout(resolve, 5));
    service.process.signal('SIGCONT');
    await load.answers(50);
    const tally = await load.stop();
    assertAccounted(tally);
    assertOnlyRefused(tally, [dubbo.refusals.reset, dubbo.refusals.unavailable]);
    await proxy.settled();
  });

  test('one of two dies: what was not sent to it goes to the other', async (t) => {
    const port = await freePort();
    const [dying, staying] = await Promise.all([startService(t, dubbo, 'dying', port), startService(t, dubbo, 'staying')]);
    const proxy = await WireProxy.start(t, dubbo, { endpoints: [dying, staying].map(({ port }) => ({ port })), bootstrap: { upstream } });
    const load = Load.start(t, { wire: dubbo, port: proxy.port, callers: 4, depth: 4, pauseMs: 1 });
    await load.answers(200);
    assert.equal(load.tally.failed, 0, `${load.tally}`);
    const open = 4 * 4;
    await dying.process.kill();
    await load.answers(1000);
    const tally = await load.stop();
    assertAccounted(tally);
    assert.ok(tally.failed <= open, `only what was under way at that moment fails: ${tally}`);
    const stats = await proxy.settled();
    assert.ok(stats.sum('polywire_cluster_retries_total') > 0, 'somebody tried to reach the dead one');
  });

  test('a service that says READONLY gets no new calls until it says otherwise, or comes back', async (t) => {
    const [leaving, staying] = await Promise.all([
      WireService.start(t, dubbo, echo('leaving')),
      WireService.start(t, dubbo, echo('staying')),
    ]);
    const proxy = await WireProxy.start(t, dubbo, { endpoints: [leaving, staying].map(({ port }) => ({ port })), bootstrap: { upstream } });
    const load = Load.start(t, { wire: dubbo, port: proxy.port, callers: 4, depth: 4, pauseMs: 1 });
    await load.answers(100);
    for (const comeBack of [() => leaving.broadcast(dubboEvent('W')), () => destroyAll(leaving)]) {
      leaving.broadcast(dubboEvent('R'));
      await proxy.until('one is left', (stats) => stats.sum('polywire_cluster_endpoints_available') === 1);
      await proxy.until('its calls end', (stats) => activeAt(stats, leaving.port) === 0);
      const { requests } = leaving;
      await load.answers(300);
      assert.equal(leaving.requests, requests, 'it got new calls');
      comeBack();
      await proxy.until('it is back', (stats) => stats.sum('polywire_cluster_endpoints_available') === 2);
      await load.answers(100);
      assert.ok(leaving.requests > requests, 'it gets calls again');
    }
    const tally = await load.stop();
    assertAccounted(tally);
    assert.equal(tally.ok, tally.started, `nothing was refused: ${tally}`);
    await proxy.settled();
  });
});

describe('the proxy itself comes to an end or changes under load', { concurrency: 2 }, () => {
  test('SIGTERM drains: callers are told, no accepted call is lost, and the exit code is 0', async (t) => {
    const service = await WireService.start(t, dubbo, (received) => void setTimeout(() => echo('v1')(received), 50));
    const bootstrap = { drain: { quiet: '200ms', timeout: '10s' } };
    const proxy = await WireProxy.start(t, dubbo, { endpoints: [{ port: service.port }], bootstrap });
    const load = Load.start(t, { wire: dubbo, port: proxy.port, callers: 8, depth: 8 });
    await load.answers(200);
    proxy.process.signal('SIGTERM');
    assert.equal(await proxy.process.exited, 'exit code 0');
    const tally = await load.stop();
    assertAccounted(tally);
    assert.equal(tally.ok, tally.started, `every call was answered: ${tally}`);
    assert.equal(tally.sentAway, 8, 'every caller was told');
  });

  test('a second SIGTERM ends it at once', async (t) => {
    const service = await WireService.start(t, dubbo, () => undefined);
    const proxy = await WireProxy.start(t, dubbo, { endpoints: [{ port: service.port }] });
    const caller = await WireCaller.connect(t, dubbo, proxy.port);
    const answer = caller.say('never');
    await proxy.until('it is on its way', (stats) => stats.sum('polywire_endpoint_requests_active') === 1);
    const told = new Promise((resolve) => caller.socket.once('data', resolve));
    proxy.process.signal('SIGTERM');
    await told;
    assert.ok(caller.sentAway);
    const before = performance.now();
    proxy.process.signal('SIGTERM');
    assert.equal(await proxy.process.exited, 'exit code 143');
    assert.ok(performance.now() - before < AT_ONCE_MS);
    assert.equal((await answer).kind, 'closed');
  });

  test('routes change under load: every call is answered by a version that was in force, also beside a bad file', async (t) => {
    const [v1, v2] = await Promise.all([WireService.start(t, dubbo, echo('v1')), WireService.start(t, dubbo, echo('v2'))]);
    const endpoints = [
      { port: v1.port, version: 'v1' },
      { port: v2.port, version: 'v2' },
    ];
    const proxy = await WireProxy.start(t, dubbo, { endpoints, routes: [routeTo('v1')] });
    const answers: { by: string; began: number; ended: number }[] = [];
    const onAnswer = (by: string, began: number, ended: number) => void answers.push({ by, began, ended });
    const load = Load.start(t, { wire: dubbo, port: proxy.port, callers: 4, depth: 4, pauseMs: 1, onAnswer });
    const inForce = [{ version: 'v1', from: 0, until: Number.POSITIVE_INFINITY }];
    const swap = async (content: string, result: 'taken' | 'refused') => {
      const count = async () => (await proxy.stats()).sum('polywire_config_reloads_total', { result });
      const before = await count();
      const from = performance.now();
      await proxy.replaceMesh(content);
      await proxy.until(`a change is ${result}`, (stats) => stats.sum('polywire_config_reloads_total', { result }) > before);
      return { from, until: performance.now() };
    };
    for (let turn = 0; turn < 8; turn++) {
      const version = turn % 2 === 0 ? 'v2' : 'v1';
      await load.answers(50);
      const { from, until } = await swap(mesh(dubbo, endpoints, [routeTo(version)]), 'taken');
      const last = inForce.at(-1);
      if (last !== undefined) last.until = until;
      inForce.push({ version, from, until: Number.POSITIVE_INFINITY });
      await load.answers(50);
      if (turn % 4 === 0) await swap(`${mesh(dubbo, endpoints, [routeTo('v9')])}---\nkind: [`, 'refused');
    }
    const tally = await load.stop();
    assertAccounted(tally);
    assert.equal(tally.ok, tally.started, `nothing was refused: ${tally}`);
    const stale = answers.filter(
      ({ by, began, ended }) => !inForce.some(({ version, from, until }) => version === by && from <= ended && began <= until),
    );
    assert.deepEqual(stale, []);
    await proxy.settled();
  });
});

function assertOnlyRefused(tally: Tally, statuses: readonly string[]): void {
  for (const status of tally.refused.keys()) assert.ok(statuses.includes(status), `status ${status}: ${tally}`);
}

function activeAt(stats: Awaited<ReturnType<WireProxy['stats']>>, port: number): number {
  return stats.sum('polywire_endpoint_requests_active', { endpoint: `127.0.0.1:${port}` });
}

function destroyAll(service: WireService): void {
  for (const socket of service.sockets) socket.destroy();
}
