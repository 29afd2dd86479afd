import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { boltBootstrap, boltRoutes, toBolt } from './support/bolt-mesh.ts';
import { documents } from './support/mesh.ts';
import { suiteOwner } from './support/owner.ts';
import type { Load, LoadReport } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePort } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';
import { SofaConsumer, type SofaExport, SofaProvider } from './support/sofa-peers.ts';
import { LONG_SESSION, ZooKeeper } from './support/zookeeper.ts';

const CALL = 'io.polywire.peers.CallService';
/** In milliseconds, of one that is killed. */
const SHORT_SESSION = 4000;
/** In milliseconds: the first calls of a Java process take long on a slow machine. */
const PATIENCE = 60_000;
const LOAD: Load = { on: 'call', threads: 4, milliseconds: 600_000, pause: 1 };

describe('SOFARPC providers in ZooKeeper that come and go', { skip: requireJava() }, () => {
  const owner = suiteOwner();
  let zookeeper: ZooKeeper;
  let proxy: Polywire;
  let consumer: SofaConsumer;

  before(async () => {
    zookeeper = await ZooKeeper.start(owner, LONG_SESSION);
    const registries = [{ type: 'zookeeper', address: zookeeper.address, layouts: ['sofarpc'], sessionTimeout: '2s' }];
    const subsets = [
      { name: 'gray', labels: { env: 'gray' } },
      { name: 'stable', labels: { env: '' } },
    ];
    [proxy, consumer] = await Promise.all([
      Polywire.start(owner, {
        'polywire.yaml': boltBootstrap({ registries, upstream: { balance: 'request' } }),
        'mesh/subsets.yaml': documents([{ kind: 'DestinationRule', name: 'call', spec: { host: CALL, subsets } }]),
        'mesh/routes.yaml': boltRoutes('CallService', [
          { match: [{ headers: { 'rpc_req_baggage.colour': { exact: 'gray' } } }], to: { gray: 1 } },
          { to: { stable: 1 } },
        ]),
      }),
      SofaConsumer.start(owner),
      provider('steady'),
    ]);
    await endpoints(1);
    await consumer.refer(toBolt(proxy.port, 'call', 'CallService', { timeout: PATIENCE }));
  });

  async function provider(name: string, more: Partial<SofaExport> = {}, session: number = LONG_SESSION): Promise<SofaProvider> {
    return SofaProvider.start(owner, { registry: zookeeper.address, session, exports: [{ name, port: await freePort(), ...more }] });
  }

  /** Resolves when the proxy knows so many endpoints of the service without uniqueId. */
  function endpoints(count: number): Promise<void> {
    return proxy.until('/registry', (page) => new RegExp(`call-service\\.1-0\\.sofarpc: ${count} endpoints?\\b`).test(page));
  }

  async function during(act: () => Promise<void>): Promise<LoadReport> {
    const [report] = await Promise.all([consumer.load(LOAD), act().finally(() => consumer.stopLoad())]);
    return report;
  }

  async function serves(which: SofaProvider, name: string, more = 30): Promise<void> {
    const served = async (): Promise<number> => (await which.served())[name] ?? 0;
    const before = await served();
    while ((await served()) < before + more);
  }

  test('a provider that is added gets calls, and one that is taken back none', async () => {
    const added = await provider('added');
    const report = await during(async () => {
      await endpoints(2);
      await serves(added, 'added');
      await added.unexport('added');
      await endpoints(1);
    });
    assert.deepEqual({ lost: report.lost, mixed: report.mixed }, { lost: 0, mixed: 0 });
    assert.deepEqual(Object.keys(report.byProvider), ['added', 'steady']);
    for (let i = 0; i < 5; i++) assert.equal((await consumer.who('call')).provider, 'steady');
    await added.stop();
  });

  test('a provider that registers out of service gets no calls', async () => {
    const off = await provider('off', { dynamic: false });
    const on = await provider('on');
    await endpoints(2);
    for (let i = 0; i < 10; i++) assert.notEqual((await consumer.who('call')).provider, 'off');
    await Promise.all([off.stop(), on.stop()]);
    await endpoints(1);
  });

  test("a uniqueId is a service of its own, and a parameter of the owner's a subset", async () => {
    const [blue, gray] = [await provider('blue', { uniqueId: 'blue' }), await provider('gray', { parameters: { env: 'gray' } })];
    await endpoints(2);
    await proxy.until('/registry', (page) => page.includes('call-service.1-0-blue.sofarpc: 1 endpoint'));
    await consumer.refer(toBolt(proxy.port, 'blue', 'CallService', { uniqueId: 'blue', timeout: PATIENCE }));
    assert.equal((await consumer.who('blue')).provider, 'blue');
    const gold = { 'baggage.colour': 'gold' };
    for (let i = 0; i < 3; i++) {
      assert.equal((await consumer.who('call', { 'baggage.colour': 'gray' })).provider, 'gray');
      assert.equal((await consumer.who('call', gold)).provider, 'steady');
    }
    await gray.stop();
    await blue.stop();
    await endpoints(1);
  });

  test('a provider that is killed goes with its session', async () => {
    const doomed = await provider('doomed', {}, SHORT_SESSION);
    await endpoints(2);
    await doomed.kill();
    await endpoints(1);
    assert.equal((await consumer.who('call')).provider, 'steady');
  });

  test('a registry that is gone keeps what was known, and is followed again when it is back', async () => {
    await zookeeper.kill();
    await proxy.until('/registry', (page) => /zookeeper.*(stale|disconnected)/.test(page));
    assert.equal((await consumer.who('call')).provider, 'steady');
    await zookeeper.restart();
    const after = await provider('after');
    await endpoints(2);
    await after.stop();
    await endpoints(1);
  });
});
