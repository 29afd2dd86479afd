import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { bootstrap } from './support/mesh.ts';
import { suiteOwner } from './support/owner.ts';
import { Consumer, Provider } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePort } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';
import { ZooKeeper } from './support/zookeeper.ts';

describe('consumers that find Polywire in ZooKeeper', { skip: requireJava() }, () => {
  const owner = suiteOwner();
  let zookeeper: ZooKeeper;
  let consumer: Consumer;
  let proxy: Polywire;

  before(async () => {
    zookeeper = await ZooKeeper.start(owner);
    const port = await freePort();
    [proxy, consumer] = await Promise.all([
      Polywire.start(owner, {
        'polywire.yaml': bootstrap({
          registries: [{ type: 'zookeeper', address: zookeeper.address, sessionTimeout: '2s' }],
          publish: [{ type: 'zookeeper', address: zookeeper.address, listener: 'rpc', sessionTimeout: '2s' }],
        }),
      }),
      Consumer.start(owner, 'dubbo27'),
      Provider.start(owner, 'dubbo27', { registry: zookeeper.url, exports: [{ name: 'a', port, serialization: 'hessian2' }] }),
    ]);
  });

  test('by one changed line', async () => {
    await proxy.until('/publish', (page) => /CallService \(dubbo\): published/.test(page));
    await consumer.refer({ on: 'call', service: 'CallService', registry: `${zookeeper.url}?group=polywire` });
    assert.equal((await consumer.who('call')).provider, 'a');
    assert.equal(await proxy.stat('polywire_requests_total', 'outcome="ok"'), 1);
  });
});
