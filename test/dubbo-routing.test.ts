import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { bootstrap, entries, type MeshRoute, routes, subsets } from './support/mesh.ts';
import { suiteOwner } from './support/owner.ts';
import { type Answer, Consumer, PeerError, Provider } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePorts } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';
import { direct, WIRES } from './support/wires.ts';

const ROUTES = 'mesh/routes.yaml';
const CALLS = '/io.polywire.peers.CallService';

const STABLE: MeshRoute = { to: { v1: 1 } };
const GRAY: MeshRoute = { match: [{ headers: { 'dubbo.tag': { exact: 'gray' } } }], to: { v2: 1 } };

for (const wire of WIRES) {
  describe(`routing ${wire.module} with ${wire.serialization}`, { skip: requireJava() }, () => {
    const owner = suiteOwner();
    let proxy: Polywire;
    let consumer: Consumer;
    let provider: Provider;
    let ports: readonly number[];

    before(async () => {
      ports = await freePorts(2);
      const versions = ['v1', 'v2'].map((name, i) => ({ name, port: ports[i] ?? 0, serialization: wire.serialization }));
      [proxy, consumer, provider] = await Promise.all([
        Polywire.start(owner, {
          'polywire.yaml': bootstrap({ upstream: { balance: 'request' } }),
          'mesh/entries.yaml': entries(versions.map(({ name, port }) => ({ port, labels: { version: name } }))),
          'mesh/subsets.yaml': subsets('CallService', 'version', ['v1', 'v2']),
          [ROUTES]: routes('CallService', [GRAY, STABLE]),
        }),
        Consumer.start(owner, wire.module),
        Provider.start(owner, wire.module, { exports: versions }),
      ]);
      await consumer.refer(direct(wire, proxy.port, 'call', 'CallService'));
      await consumer.refer(direct(wire, proxy.port, 'generic', 'CallService', { generic: true }));
    });

    async function route(list: readonly MeshRoute[]): Promise<void> {
      const taken = (stats: string) => Number(/config_reloads_total\{result="taken"\} (\d+)/.exec(stats)?.[1]);
      const before = taken(await proxy.get('/stats'));
      proxy.replace(ROUTES, routes('CallService', list));
      await proxy.until('/stats', (stats) => taken(stats) > before);
    }

    /** Resolves when a provider gets more calls. */
    async function serves(name: string): Promise<void> {
      const served = async () => (await provider.served())[name] ?? 0;
      const before = await served();
      while ((await served()) === before);
    }

    test('an attachment decides between gray and stable', async () => {
      for (let i = 0; i < 5; i++) {
        assert.equal((await consumer.who('call', { 'dubbo.tag': 'gray' })).provider, 'v2');
        assert.equal((await consumer.who('call', { 'dubbo.tag': 'green' })).provider, 'v1');
        assert.equal((await consumer.who('call')).provider, 'v1');
      }
    });

    test('a generic call is routed as the method it means', async () => {
      await route([{ match: [{ uri: { exact: `${CALLS}/slow` } }], to: { v2: 1 } }, STABLE]);
      const slow = { method: 'slow', args: [1, 't'], types: ['int', 'java.lang.String'] };
      assert.equal(((await consumer.call({ on: 'generic', ...slow })) as Answer).provider, 'v2');
      assert.equal(((await consumer.call({ on: 'call', ...slow })) as Answer).provider, 'v2');
      assert.equal((await consumer.who('call')).provider, 'v1');
    });

    test('the first argument decides', async () => {
      await route([{ match: [{ headers: { ':argument[0]': { prefix: 'vip-' } } }], to: { v2: 1 } }, STABLE]);
      assert.equal((await consumer.who('call', {}, 'vip-1')).provider, 'v2');
      assert.equal((await consumer.who('call', {}, 'other')).provider, 'v1');
    });

    test('weights hold', async () => {
      await route([{ to: { v1: 90, v2: 10 } }]);
      const { byProvider, failures, mixed, lost } = await consumer.load({ on: 'call', calls: 3000, threads: 8 });
      assert.deepEqual({ failures, mixed, lost }, { failures: {}, mixed: 0, lost: 0 });
      const share = (byProvider['v2'] ?? 0) / 3000;
      assert(share > 0.07 && share < 0.13, `v2 got ${share} of the calls`);
    });

    test('a route changes what the provider sees', async () => {
      await route([{ ...STABLE, headers: { request: { set: { 'x-set': 'new', 'x-fresh': 'set' }, remove: ['x-gone'] } } }]);
      const { attachments } = await consumer.who('call', { 'x-set': 'old', 'x-gone': 'here', 'x-kept': 'kept' });
      const { 'x-set': set, 'x-fresh': fresh, 'x-gone': gone, 'x-kept': kept } = attachments;
      assert.deepEqual({ set, fresh, gone, kept }, { set: 'new', fresh: 'set', gone: undefined, kept: 'kept' });
    });

    test('routes change under load and no call notices', async () => {
      await route([STABLE]);
      const change = async () => {
        await serves('v1');
        for (const to of ['v2', 'v1', 'v2']) {
          await route([{ to: { [to]: 1 } }]);
          await serves(to);
        }
      };
      const [{ lost, mixed, failures, byProvider }] = await Promise.all([
        consumer.load({ on: 'call', threads: 8, milliseconds: 600_000 }),
        change().finally(() => consumer.stopLoad()),
      ]);
      assert.deepEqual({ lost, mixed, failures }, { lost: 0, mixed: 0, failures: {} });
      assert.deepEqual(Object.keys(byProvider), ['v1', 'v2']);
      assert.equal((await consumer.who('call')).provider, 'v2');
    });

    test('a broken change is refused with its place, and the last good routes stay', async () => {
      await route([STABLE]);
      proxy.replace(ROUTES, routes('CallService', [{ to: { v3: 1 } }]));
      await proxy.until('/stats', (stats) => /config_problems\{severity="error"\} [1-9]/.test(stats));
      assert.equal((await consumer.who('call')).provider, 'v1');
      await proxy.untilLogged(/routes\.yaml:\d+:\d+/);
    });

    // Dubbo 3 says its own deadline on the wire, which counts first.
    if (wire.module === 'dubbo27') {
      test("a route's timeout is a timeout for the caller", async () => {
        await route([{ ...STABLE, timeout: '300ms' }]);
        await assert.rejects(consumer.call({ on: 'call', method: 'slow', args: [2000, 't'] }), { code: 'TIMEOUT' });
        assert.equal(await proxy.stat('polywire_local_replies_total', 'timeout'), 1);
      });
    }

    test('no route and no healthy endpoint are errors with a reason, and the connection stays', async (t) => {
      const [nobody = 0] = await freePorts(1);
      const other = await Polywire.start(t, {
        'polywire.yaml': bootstrap({ upstream: { connectTimeout: '500ms' } }),
        'mesh/entries.yaml': entries([{ port: nobody }], ['EchoService']),
      });
      await consumer.refer(direct(wire, other.port, 'nowhere', 'CallService'));
      await consumer.refer(direct(wire, other.port, 'nobody', 'EchoService'));
      const noRoute = await consumer.who('nowhere').catch((error: unknown) => error);
      assert(noRoute instanceof PeerError);
      assert.equal(noRoute.code, 'NETWORK');
      assert.match(noRoute.message, /io\.polywire\.peers\.CallService/);
      const nobodyThere = await consumer.call({ on: 'nobody', method: 'nothing' }).catch((error: unknown) => error);
      assert(nobodyThere instanceof PeerError);
      assert.equal(nobodyThere.code, 'NETWORK');
      assert.equal(await other.stat('polywire_local_replies_total', 'no-route'), 1);
      assert.equal(await other.stat('polywire_local_replies_total', 'no-healthy-upstream'), 1);
      assert.equal(await other.stat('polywire_downstream_connections_total'), 1);
    });
  });
}
