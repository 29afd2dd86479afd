import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { bootstrap, routes, subsets } from './support/mesh.ts';
import { assertStopCostNothing } from './support/orderly-stop.ts';
import { suiteOwner } from './support/owner.ts';
import { Consumer, type Load, type LoadReport, Provider } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePort } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';
import { direct, type Wire } from './support/wires.ts';
import { LONG_SESSION, ZooKeeper } from './support/zookeeper.ts';

const WIRES: readonly Wire[] = [
  { module: 'dubbo27', serialization: 'hessian2' },
  { module: 'dubbo3', serialization: 'fastjson2' },
];
const THREADS = 8;
const LOAD: Load = { on: 'call', threads: THREADS, milliseconds: 600_000, pause: 1 };

for (const wire of WIRES) {
  describe(`${wire.module} providers in ZooKeeper that come and go`, { skip: requireJava() }, () => {
    const owner = suiteOwner();
    let zookeeper: ZooKeeper;
    let proxy: Polywire;
    let consumer: Consumer;
    let steady: Provider;

    before(async () => {
      zookeeper = await ZooKeeper.start(owner, LONG_SESSION);
      const registries = [{ type: 'zookeeper', address: zookeeper.address, sessionTimeout: '2s' }];
      [proxy, consumer, steady] = await Promise.all([
        Polywire.start(owner, {
          'polywire.yaml': bootstrap({ registries, upstream: { balance: 'request' } }),
          'mesh/subsets.yaml': subsets('CallService', 'dubbo.tag', ['gray', '']),
          'mesh/routes.yaml': routes('CallService', [
            { match: [{ headers: { 'dubbo.tag': { exact: 'gray' } } }], to: { gray: 1 } },
            { to: { none: 1 } },
          ]),
        }),
        Consumer.start(owner, wire.module),
        provider('steady', {}, zookeeper.url),
      ]);
      await endpoints(1);
      await consumer.refer(direct(wire, proxy.port, 'call', 'CallService', { timeout: 60_000 }));
    });

    async function provider(
      name: string,
      more: { tag?: string; weight?: number } = {},
      registry: string = zookeeper.shortUrl,
    ): Promise<Provider> {
      const exports = [{ name, port: await freePort(), serialization: wire.serialization, ...more }];
      // Its own application: two of one name would be one to Dubbo 3.
      return Provider.start(owner, wire.module, { application: `peer-${name}`, registry, exports });
    }

    /** Resolves when the proxy knows so many endpoints of the service. */
    function endpoints(count: number): Promise<void> {
      return proxy.until('/registry', (page) => new RegExp(`call-service.*: ${count} endpoints?\\b`).test(page));
    }

    async function during(act: () => Promise<void>): Promise<LoadReport> {
      const [report] = await Promise.all([consumer.load(LOAD), act().finally(() => consumer.stopLoad())]);
      return report;
    }

    /** Resolves when a provider got so many more calls. */
    async function serves(which: Provider, name: string, more = 50): Promise<void> {
      const before = (await which.served())[name] ?? 0;
      while (((await which.served())[name] ?? 0) < before + more);
    }

    test('a provider that is added gets calls, and one that stops orderly costs none', async () => {
      const report = await during(async () => {
        const added = await provider('added');
        await serves(added, 'added');
        await added.stop();
        await endpoints(1);
        await serves(steady, 'steady');
      });
      assertStopCostNothing(report, wire);
      assert.deepEqual(Object.keys(report.byProvider), ['added', 'steady']);
    });

    test('calls in flight at a provider that stops orderly are answered', async () => {
      const stopping = await provider('stopping');
      await endpoints(2);
      const load = consumer.load({ ...LOAD, calls: 200, slow: 300 });
      await serves(stopping, 'stopping', 8);
      await stopping.stop();
      assertStopCostNothing(await load, wire);
      await endpoints(1);
    });

    test('a service taken back leaves its provider without calls', async () => {
      const leaving = await provider('leaving');
      const report = await during(async () => {
        await serves(leaving, 'leaving');
        await leaving.unexport('leaving');
        await endpoints(1);
        await serves(steady, 'steady');
      });
      assert.deepEqual({ lost: report.lost, failures: report.failures, samples: report.samples }, { lost: 0, failures: {}, samples: [] });
      await leaving.kill();
    });

    test('a provider that is killed costs at most the calls it was working on', async () => {
      const doomed = await provider('doomed');
      const report = await during(async () => {
        await serves(doomed, 'doomed');
        await doomed.kill();
        await serves(steady, 'steady', 300);
      });
      assert.deepEqual({ lost: report.lost, mixed: report.mixed }, { lost: 0, mixed: 0 });
      const { 'RpcException/NETWORK': network = 0, ...others } = report.failures;
      assert.deepEqual(others, {});
      assert(network <= THREADS, `${network} calls failed`);
      assert((report.byProvider['doomed'] ?? 0) >= 50 - THREADS);
      await endpoints(1);
    });

    test('a tagged provider gets the tagged calls and no other', async () => {
      const gray = await provider('gray', { tag: 'gray' });
      // Of services that nobody called there is no cluster yet.
      await consumer.who('call');
      await proxy.until('/clusters', (page) => page.includes('dubbo.tag=gray'));
      for (let i = 0; i < 5; i++) {
        assert.equal((await consumer.who('call', { 'dubbo.tag': 'gray' })).provider, 'gray');
        assert.equal((await consumer.who('call')).provider, 'steady');
      }
      await gray.stop();
      await endpoints(1);
    });

    test('a registry that is gone keeps what was known, and is followed again when it is back', async () => {
      const report = await during(async () => {
        await zookeeper.kill();
        await proxy.until('/registry', (page) => /zookeeper.*(stale|disconnected)/.test(page));
        await serves(steady, 'steady');
        await zookeeper.restart();
        const after = await provider('after');
        await serves(after, 'after');
        await endpoints(2);
        await after.stop();
        await endpoints(1);
      });
      assertStopCostNothing(report, wire);
    });
  });
}
