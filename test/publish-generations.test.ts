import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { suiteOwner } from './support/owner.ts';
import { Consumer, Provider } from './support/peers.ts';
import type { Polywire } from './support/polywire.ts';
import { freePort } from './support/ports.ts';
import { publishingPolywire, standing, throughPolywire } from './support/publishing.ts';
import { requireJava } from './support/requirements.ts';
import { LONG_SESSION, ZooKeeper } from './support/zookeeper.ts';

const MODULES = ['dubbo26', 'dubbo27', 'dubbo3'] as const;

describe('providers of several generations of Dubbo behind what Polywire publishes', { skip: requireJava() }, () => {
  const owner = suiteOwner();
  let zookeeper: ZooKeeper;
  let proxy: Polywire;

  before(async () => {
    zookeeper = await ZooKeeper.start(owner, LONG_SESSION);
    // 2.6 would replace 127.0.0.1 by the machine's own address.
    [proxy] = await Promise.all([publishingPolywire(owner, zookeeper, { host: 'loop' }), ...MODULES.map(provider)]);
    await standing(proxy, 'g/io.polywire.peers.CallService:1.0.0');
    await proxy.until('/registry', (page) => /call-service\.1-0-0-g\.dubbo: 3 endpoints/.test(page));
  });

  async function provider(module: (typeof MODULES)[number]): Promise<Provider> {
    const exports = [{ name: module, port: await freePort(), group: 'g', version: '1.0.0' }];
    return Provider.start(owner, module, { application: `peer-${module}`, registry: zookeeper.url, exports });
  }

  for (const module of MODULES) {
    test(`consumers of ${module} find one provider, and reach all`, async () => {
      const consumer = await Consumer.start(owner, module);
      await consumer.refer({ on: 'call', service: 'CallService', group: 'g', version: '1.0.0', registry: throughPolywire(zookeeper) });
      const answering = new Set<string>();
      for (let i = 0; i < 30; i++) answering.add((await consumer.who('call', { color: 'green' })).provider);
      assert.deepEqual([...answering].sort(), [...MODULES]);
      await consumer.kill();
    });
  }
});
