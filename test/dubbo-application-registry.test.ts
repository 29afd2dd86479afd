import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { documents } from './support/mesh.ts';
import { suiteOwner } from './support/owner.ts';
import { Consumer, type Export, Provider, type ProviderSettings } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePort, freePorts } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';
import { ZooKeeper } from './support/zookeeper.ts';

/** Each test has a group of its own. */
const TRI_GROUPS = ['ports', 'shared'];

describe('Dubbo 3 applications in ZooKeeper', { skip: requireJava() }, () => {
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
    const remote = { 'dubbo.application.metadata-type': 'remote', 'dubbo.metadata-report.address': zookeeper.url };
    const [port = 0, triPort = 0, shared = 0, level = 0] = await freePorts(4);
    const ports: Export[] = [
      { name: 'ports', port, group: 'ports' },
      { name: 'ports-tri', port: triPort, group: 'ports', protocol: 'tri' },
      { name: 'shared', port: shared, group: 'shared', parameters: { 'ext.protocol': 'tri' } },
      { name: 'instance', port: level, group: 'levels' },
    ];
    const one = async (name: string, group: string): Promise<Export[]> => [{ name, port: await freePort(), group }];
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
      provider('instance', ports, remote),
      provider('interface', await one('interface', 'levels')),
      provider('all', await one('all', 'levels'), remote),
    ]);
  });

  /** An application of its own, named as its first export. */
  async function provider(
    registerMode: NonNullable<ProviderSettings['registerMode']>,
    exports: readonly Export[],
    properties: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const name = exports[0]?.name ?? '';
    const settings: ProviderSettings = { application: `app-${name}`, registry: zookeeper.url, registerMode, exports };
    providers.set(name, await Provider.start(owner, 'dubbo3', settings, properties));
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

  test('an application with two protocols on two ports is called over both, until it takes one back', async () => {
    await endpoints(1, 'ports');
    await endpoints(1, 'ports', 'tri');
    assert.deepEqual([await answering('ports'), await answering('ports', 'tri')], [['ports'], ['ports-tri']]);
    await providers.get('ports')?.unexport('ports-tri');
    await endpoints(0, 'ports', 'tri');
    await endpoints(1, 'ports');
  });

  test('two protocols on one port', async () => {
    await endpoints(1, 'shared');
    await endpoints(1, 'shared', 'tri');
    assert.deepEqual([await answering('shared'), await answering('shared', 'tri')], [['shared'], ['shared']]);
  });

  test('providers by application, by interface and by both are endpoints of one service, each once', async () => {
    await endpoints(3, 'levels');
    assert.deepEqual(await answering('levels', 'dubbo', 30), ['all', 'instance', 'interface']);
    await providers.get('all')?.stop();
    await endpoints(2, 'levels');
    await providers.get('ports')?.kill();
    await endpoints(1, 'levels');
    assert.deepEqual(await answering('levels'), ['interface']);
  });
});
