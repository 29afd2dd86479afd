import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { boltBootstrap, boltEntries, boltRoutes, boltSubsets, toBolt } from './support/bolt-mesh.ts';
import type { MeshRoute } from './support/mesh.ts';
import { suiteOwner } from './support/owner.ts';
import type { Answer } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePorts } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';
import { SofaConsumer, SofaProvider, type SofaServiceName } from './support/sofa-peers.ts';
import { startTap } from './support/tap.ts';

const INTERFACE = '/io.polywire.peers';
const STABLE: MeshRoute = { to: { v1: 1 } };
const HOWS = ['sync', 'future', 'callback'] as const;
/** What SOFARPC makes of a timeout by itself, and of the status. A future has what sofa-bolt throws. */
const TIMEOUTS = {
  sync: 'com.alipay.sofa.rpc.core.exception.SofaTimeOutException',
  future: 'com.alipay.remoting.rpc.exception.InvokeTimeoutException',
  callback: 'com.alipay.sofa.rpc.core.exception.SofaTimeOutException',
};

/** To v2 when a header says so. */
function gray(name: string, value: object): readonly MeshRoute[] {
  return [{ match: [{ headers: { [name]: value } }], to: { v2: 1 } }, STABLE];
}

describe('routing SOFARPC', { skip: requireJava() }, () => {
  const owner = suiteOwner();
  let proxy: Polywire;
  let java: SofaConsumer;
  let node: SofaConsumer;
  let ports: readonly number[];
  let late = 0;

  before(async () => {
    ports = await freePorts(3);
    const [v1 = 0, v2 = 0, blue = 0] = ports;
    [proxy, java, node] = await Promise.all([
      Polywire.start(owner, {
        'polywire.yaml': boltBootstrap({
          upstream: { balance: 'request' },
          listeners: [
            { name: 'rpc', address: '127.0.0.1:0', protocols: ['bolt'] },
            { name: 'routed', address: '127.0.0.1:0', protocols: ['bolt'], deadline: 'route' },
          ],
        }),
        'mesh/entries.yaml': boltEntries([
          {
            endpoints: [
              { port: v1, labels: { version: 'v1' } },
              { port: v2, labels: { version: 'v2' } },
            ],
          },
          { version: '2.0:blue', endpoints: [{ port: blue }] },
        ]),
        'mesh/subsets.yaml': ['CallService', 'NoteService', 'EchoService']
          .map((service) => boltSubsets(service as SofaServiceName, ['v1', 'v2']))
          .join('---\n'),
      }),
      SofaConsumer.start(owner, { application: 'shop' }),
      SofaConsumer.start(owner, {}, 'node'),
      SofaProvider.start(owner, {
        exports: [
          { name: 'v1', port: v1 },
          { name: 'v2', port: v2 },
          { name: 'blue', port: blue, version: '2.0', uniqueId: 'blue' },
        ],
      }),
    ]);
    for (const consumer of [java, node]) {
      await consumer.refer(toBolt(proxy.port, 'call', 'CallService'));
      await consumer.refer(toBolt(proxy.port, 'note', 'NoteService'));
    }
    await java.refer(toBolt(proxy.port, 'checked', 'CallService', { bolt: '2.2' }));
    await java.refer(toBolt(proxy.port, 'echo', 'EchoService', { bolt: '2.2' }));
    await java.refer(toBolt(proxy.port, 'blue', 'CallService', { version: '2.0', uniqueId: 'blue' }));
  });

  /** Replaces the routes of a service, and waits until they hold. */
  async function route(list: readonly MeshRoute[], service: SofaServiceName = 'CallService', version = ''): Promise<void> {
    const taken = (stats: string) => Number(/config_reloads_total\{result="taken"\} (\d+)/.exec(stats)?.[1]);
    const before = taken(await proxy.get('/stats'));
    proxy.replace(`mesh/${service}${version.replace(':', '-')}.yaml`, boltRoutes(service, list, version));
    await proxy.until('/stats', (stats) => taken(stats) > before);
  }

  test('a header entry decides between gray and stable', async () => {
    await route(gray('colour', { exact: 'gray' }));
    for (const on of ['call', 'checked']) {
      assert.equal((await java.who(on, { colour: 'gray' })).provider, 'v2');
      assert.equal((await java.who(on, { colour: 'green' })).provider, 'v1');
      assert.equal((await java.who(on)).provider, 'v1');
    }
  });

  test('a header entry of a protobuf call from Node decides', async () => {
    await route(gray('colour', { exact: 'gray' }), 'NoteService');
    for (const consumer of [java, node]) {
      assert.equal((await consumer.note('note', { colour: 'gray' })).provider, 'v2');
      assert.equal((await consumer.note('note')).provider, 'v1');
    }
  });

  test('baggage decides', async () => {
    await route(gray('rpc_req_baggage.colour', { exact: 'gray' }));
    assert.equal((await java.who('call', { 'baggage.colour': 'gray' })).provider, 'v2');
    assert.equal((await java.who('call', { 'baggage.colour': 'green' })).provider, 'v1');
    assert.equal((await java.who('call', { colour: 'gray' })).provider, 'v1');
  });

  test('the calling application decides', async () => {
    await route(gray(':callerApp', { exact: 'shop' }));
    assert.equal((await java.who('call')).provider, 'v2');
    assert.equal((await node.who('call')).provider, 'v1');
  });

  test('the application that is called decides', async () => {
    await route(gray(':app', { exact: 'peer-provider' }));
    assert.equal((await node.who('call')).provider, 'v1');
    await route(gray(':app', { exact: 'peer-provider' }), 'NoteService');
    assert.equal((await node.note('note')).provider, 'v2');
  });

  test('the method decides, also when only the content names it', async () => {
    await route([{ match: [{ uri: { exact: `${INTERFACE}.CallService/slow` } }], to: { v2: 1 } }, STABLE]);
    for (const consumer of [java, node]) {
      assert.equal(((await consumer.call({ on: 'call', method: 'slow', args: [1, 't'] })) as Answer).provider, 'v2');
      assert.equal((await consumer.who('call')).provider, 'v1');
    }
  });

  test('the first argument decides', async () => {
    await route(gray(':argument[0]', { prefix: 'vip-' }));
    assert.equal((await java.who('call', {}, 'vip-1')).provider, 'v2');
    assert.equal((await java.who('call', {}, 'other')).provider, 'v1');
  });

  test('routes of a unique name count before those of the interface', async () => {
    await route([STABLE]);
    await route([{ to: { '': 1 }, headers: { request: { set: { 'x-set': 'blue' } } } }], 'CallService', '2.0:blue');
    const [blue, other] = [await java.who('blue'), await java.who('call')];
    assert.deepEqual(
      [blue.provider, blue.attachments['x-set'], other.provider, other.attachments['x-set']],
      ['blue', 'blue', 'v1', undefined],
    );
  });

  test('weights hold', async () => {
    await route([{ to: { v1: 90, v2: 10 } }]);
    const { byProvider, failures, mixed, lost } = await java.load({ on: 'call', calls: 3000, threads: 8 });
    assert.deepEqual({ failures, mixed, lost }, { failures: {}, mixed: 0, lost: 0 });
    const share = (byProvider['v2'] ?? 0) / 3000;
    // More than seven standard deviations.
    assert(share > 0.06 && share < 0.14, `v2 got ${share} of the calls`);
  });

  test('a route changes the header entries that the provider sees, with and without a checksum', async () => {
    const headers = { request: { set: { 'x-set': 'new', 'x-fresh': 'set' }, add: { 'x-added': 'b' }, remove: ['x-gone'] } };
    await route([{ ...STABLE, headers }]);
    await route([{ ...STABLE, headers }], 'NoteService');
    const sent = { 'x-set': 'old', 'x-gone': 'here', 'x-kept': 'kept', 'x-added': 'a', 'baggage.user': '안' };
    for (const [on, { attachments }] of [
      ['checked', await java.who('checked', sent)],
      ['note', await java.note('note', sent)],
    ] as const) {
      const { 'x-set': set, 'x-fresh': fresh, 'x-gone': gone, 'x-kept': kept, 'x-added': added, 'baggage.user': user } = attachments;
      assert.deepEqual(
        { set, fresh, gone, kept, added, user },
        // With Hessian the content has the entries too: SOFARPC takes from it what the headers lack.
        { set: 'new', fresh: 'set', gone: on === 'checked' ? 'here' : undefined, kept: 'kept', added: 'a,b', user: '안' },
      );
    }
  });

  test('a route changes the baggage that comes back', async () => {
    await route([{ ...STABLE, headers: { response: { set: { 'rpc_resp_baggage.user': 'changed' } } } }]);
    const back = await java.callForBaggage({ on: 'checked', method: 'who', args: ['t'], attachments: { 'baggage.user': 'sent' } });
    assert.deepEqual(back.baggage, { user: 'changed' });
  });

  test('4 MiB behind changed header entries are believed on both sides, checksum and all', async () => {
    const headers = { request: { set: { 'x-set': 'new' } }, response: { set: { 'x-set': 'new' } } };
    await route([{ ...STABLE, headers }], 'EchoService');
    assert.deepEqual(await java.suite('echo', ['4 MiB of bytes']), { '4 MiB of bytes': 'equal' });
  });

  test('routes change under load and no call notices', async () => {
    await route([STABLE]);
    const change = async () => {
      await callsMore();
      for (const to of ['v2', 'v1', 'v2']) {
        await route([{ to: { [to]: 1 } }]);
        await callsMore();
      }
    };
    const [{ lost, mixed, failures, byProvider }] = await Promise.all([
      java.load({ on: 'checked', threads: 8, milliseconds: 60_000 }),
      change().finally(() => java.stopLoad()),
    ]);
    assert.deepEqual({ lost, mixed, failures }, { lost: 0, mixed: 0, failures: {} });
    assert.deepEqual(Object.keys(byProvider), ['v1', 'v2']);
    assert.equal((await java.who('call')).provider, 'v2');
  });

  test('a broken change is refused with its place, and the last good routes stay', async () => {
    await route([STABLE]);
    proxy.replace('mesh/CallService.yaml', boltRoutes('CallService', [{ to: { v3: 1 } }]));
    await proxy.until('/stats', (stats) => /config_problems\{severity="error"\} [1-9]/.test(stats));
    assert.equal((await java.who('call')).provider, 'v1');
    await proxy.untilLogged(/CallService\.yaml:\d+:\d+/);
  });

  test("a route's timeout counts where the listener says so, and is one of SOFARPC's for each kind of call", async () => {
    await route([{ ...STABLE, timeout: '300ms' }]);
    const before = await timeouts();
    for (const bolt of ['1', '2.2'] as const) {
      await java.refer(toBolt(proxy.portOf('routed'), `routed ${bolt}`, 'CallService', { bolt }));
      for (const how of HOWS) {
        const call = java.call({ on: `routed ${bolt}`, method: 'slow', args: [1000, 't'], how });
        await assert.rejects(call, { className: TIMEOUTS[how] });
      }
    }
    assert.equal(await timeouts(), before + 6);
    await lateAnswers(6);
  });

  test("the caller's own timeout counts before the route's, and a late answer disturbs nobody", async () => {
    await route([{ ...STABLE, timeout: '60s' }]);
    const before = await timeouts();
    for (const how of HOWS) {
      const slow = java.call({ on: 'call', method: 'slow', args: [800, 'late'], how, timeout: 300 });
      await assert.rejects(slow, { className: TIMEOUTS[how] });
    }
    await lateAnswers(3);
    assert.equal(await timeouts(), before + 3);
    const report = await java.load({ on: 'call', calls: 200, threads: 2 });
    assert.deepEqual({ lost: report.lost, mixed: report.mixed, failures: report.failures }, { lost: 0, mixed: 0, failures: {} });
  });

  test("what was spent here is taken off the caller's time", async (t) => {
    const [v1 = 0] = ports;
    const [nobody = 0] = await freePorts(1);
    const tap = await startTap(t, v1, 'bolt frames');
    const retrying = await Polywire.start(t, {
      'polywire.yaml': boltBootstrap({ upstream: { backoff: { initial: '10ms', max: '10ms' } } }),
      'mesh/entries.yaml': boltEntries([{ endpoints: [{ port: nobody }, { port: tap.port }] }]),
    });
    await java.refer(toBolt(retrying.port, 'retried', 'CallService', { bolt: '2.2', timeout: 5000 }));
    const seen: number[] = [];
    // A call that met the endpoint where nobody is goes on to the other, some time later.
    while (!seen.some((time) => time < 5000)) {
      const from = tap.frames.length;
      assert.equal((await java.who('retried')).provider, 'v1');
      seen.push((await tap.find(from, ({ direction }) => direction === 'up')).bytes.readInt32BE(12));
    }
    assert(
      seen.every((time) => time > 0 && time <= 5000),
      String(seen),
    );
    await java.close('retried');
  });

  /** Resolves when the load that is running got more answers. */
  async function callsMore(): Promise<void> {
    const ok = () => proxy.stat('polywire_requests_total', 'outcome="ok"');
    const before = await ok();
    while ((await ok()) < before + 100);
  }

  function timeouts(): Promise<number> {
    return proxy.stat('polywire_local_replies_total', 'timeout');
  }

  /** Waits for answers that come too late, and were not waited for before. */
  async function lateAnswers(expected: number): Promise<void> {
    late += expected;
    await proxy.until('/stats', (stats) => stats.includes(`\npolywire_late_responses_total{protocol="bolt"} ${late}\n`));
  }
});
