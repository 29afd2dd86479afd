import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stringify } from 'yaml';
import { documents } from './support/mesh.ts';
import { suiteOwner } from './support/owner.ts';
import { Consumer, Provider } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePort } from './support/ports.ts';
import { throughPolywire } from './support/publishing.ts';
import { requireJava } from './support/requirements.ts';
import { LONG_SESSION, ZooKeeper } from './support/zookeeper.ts';

describe('Triple through what Polywire publishes', { skip: requireJava() }, () => {
  const owner = suiteOwner();

  test('calls go where the VirtualService for the published host sends them', async () => {
    const zookeeper = await ZooKeeper.start(owner, LONG_SESSION);
    const { address, url: registry } = zookeeper;
    const prefix = '/io.polywire.peers.CallService/';
    const route = [{ destination: { host: 'io.polywire.peers.call-service.tri' } }];
    const [proxy, consumer] = await Promise.all([
      Polywire.start(owner, {
        'polywire.yaml': stringify({
          listeners: [{ name: 'tri', address: '127.0.0.1:0', protocols: ['http2'] }],
          admin: { address: '127.0.0.1:0' },
          registries: [{ type: 'zookeeper', address }],
          publish: [{ type: 'zookeeper', address, listener: 'tri', protocols: ['tri'], grace: '0s' }],
          resources: ['mesh/*.yaml'],
        }),
        'mesh/tri.yaml': documents([
          { kind: 'VirtualService', name: 'tri', spec: { hosts: ['127.0.0.1'], http: [{ match: [{ uri: { prefix } }], route }] } },
        ]),
      }),
      Consumer.start(owner, 'dubbo3', {}, { 'dubbo.registry.address': throughPolywire(zookeeper) }),
      Provider.start(owner, 'dubbo3', { registry, exports: [{ name: 'tri', port: await freePort(), protocol: 'tri' }] }),
    ]);
    await proxy.until('/publish', (page) => /CallService \(tri\): published/.test(page));
    await consumer.refer({ on: 'call', service: 'CallService' });
    assert.equal((await consumer.who('call')).provider, 'tri');
    assert.equal(await proxy.stat('polywire_requests_total', 'outcome="ok"'), 1);
  });
});
