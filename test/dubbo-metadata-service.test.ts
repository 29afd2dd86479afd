import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { documents } from './support/mesh.ts';
import { suiteOwner } from './support/owner.ts';
import { Consumer, type Export, Provider } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePort } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';
import { ZooKeeper } from './support/zookeeper.ts';

/** Each test has a group of its own. */
const TRI_GROUPS = ['tri', 'shared'];

describe('Dubbo 3 applications whose metadata are not in ZooKeeper', { skip: requireJava() }, () => {
  const owner = suiteOwner();
  let zookeeper: ZooKeeper;
  let proxy: Polywire;
  let consumer: Consumer;
  const providers = new Map<string, Provider>();

  before(async () => {
    zookeeper = await ZooKeeper.start(owner);
    const http = TRI_GROUPS.map((group) => ({
      match: [{ headers: { 'tri-service-group': { exact: group } } }],
      route: [{ destination: { host: `io.polywire.peers.call-service.0-0-0-${group}.tri` } }],
    }));
    [proxy, consumer] = await Promise.all([
      Polywire.start(owner, {
        'polywire.yaml': stringify({
          listeners: [
            { name: 'rpc', address: '127.0.0.1:0', protocols: ['dubbo'] },
            { name: 'tri', address: '127.0.0.1:0', protocols: ['http2'] },
          ],
          admin: { address: '127.0.0.1:0' },
          registries: [{ type: 'zookeeper', address: zookeeper.address, sessionTimeout: '2s' }],
          resources: ['mesh/*.yaml'],
          upstream: { balance: 'request' },
        }),
        'mesh/tri.yaml': documents([{ kind: 'VirtualService', name: 'tri', spec: { hosts: ['127.0.0.1'], http } }]),
      }),
      Consumer.start(owner, 'dubbo3'),
      provider('one', { group: 'one' }),
      provider('tri', { group: 'tri', protocol: 'tri' }),
      provider('shared', { group: 'shared', parameters: { 'ext.protocol': 'tri' } }),
    ]);
  });

  /** Dubbo's defaults, but for the level at which it registers. */
  async function provider(name: string, settings: Omit<Export, 'name' | 'port'>, application = `app-${name}`): Promise<Provider> {
    const exports = [{ name, port: await freePort(), ...settings }];
    const started = await Provider.start(owner, 'dubbo3', {
      application,
      registry: zookeeper.url,
      registerMode: 'instance',
      exports,
    });
    providers.set(name, started);
    return started;
  }

  /** Resolves when the proxy knows so many endpoints of a group over a protocol. */
  function endpoints(count: number, group: string, protocol = 'dubbo'): Promise<void> {
    const line = new RegExp(`call-service\\.0-0-0-${group}\\.${protocol}: ${count} endpoints?\\b`);
    return proxy.until('/registry', (page) => line.test(page));
  }

  /** Who answers calls to a group. */
  async function answering(group: string, protocol: 'dubbo' | 'tri' = 'dubbo', calls = 12): Promise<string[]> {
    const on = `${protocol} ${group}`;
    const url = `${protocol}://127.0.0.1:${proxy.portOf(protocol === 'tri' ? 'tri' : 'rpc')}`;
    await consumer.refer({ on, service: 'CallService', url, group });
    const names = new Set<string>();
    for (let i = 0; i < calls; i++) names.add((await consumer.who(on)).provider);
    return [...names].sort();
  }

  test('an application is asked over dubbo for what it serves', async () => {
    await endpoints(1, 'one');
    assert.deepEqual(await answering('one'), ['one']);
  });
});
