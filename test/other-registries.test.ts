import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { suiteOwner } from './support/owner.ts';
import { Consumer, Provider } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePort, freePorts } from './support/ports.ts';
import { RegisteredPeer } from './support/registered-peer.ts';
import { RegistryCommands } from './support/registry-command.ts';
import { requireJava } from './support/requirements.ts';
import { ZooKeeper } from './support/zookeeper.ts';

const MOTAN = 'io.polywire.peers.call-service.0-0-0-g.motan';

describe('Dubbo 2.6, Motan and Spring Cloud in ZooKeeper', { skip: requireJava() }, () => {
  const owner = suiteOwner();
  let zookeeper: ZooKeeper;
  let proxy: Polywire;

  before(async () => {
    zookeeper = await ZooKeeper.start(owner);
    proxy = await Polywire.start(owner, {
      'polywire.yaml': stringify({
        listeners: [{ name: 'rpc', address: '127.0.0.1:0', protocols: ['dubbo'] }],
        admin: { address: '127.0.0.1:0' },
        registries: [
          {
            type: 'zookeeper',
            address: zookeeper.address,
            sessionTimeout: '2s',
            layouts: ['dubbo', 'dubbo-application', 'motan', 'spring-cloud'],
          },
        ],
        upstream: { balance: 'request' },
      }),
    });
  });

  /** Resolves when the proxy knows so many endpoints of a service. */
  function endpoints(count: number, host: string): Promise<void> {
    return proxy.until('/registry', (page) => page.includes(`${host}: ${count} endpoint`));
  }

  /** The service's endpoints as `registry dump` prints them. */
  async function dumped(host: string): Promise<string> {
    const layouts = ['dubbo', 'dubbo-application', 'motan', 'spring-cloud'].flatMap((layout) => ['--layout', layout]);
    const { stdout, stderr } = await new RegistryCommands(owner).run(['dump', '--zookeeper', zookeeper.address, ...layouts]);
    const found = stdout.split('---\n').find((document) => document.includes(`- ${host}\n`));
    assert.ok(found !== undefined, `${stdout}${stderr}`);
    return found;
  }

  test('Dubbo 2.6: providers are called by consumers of 2.6 and 3, by their weights, until they are gone', async () => {
    const host = 'io.polywire.peers.call-service.1-0-old.dubbo';
    const provider = async (name: string, weight: number): Promise<Provider> => {
      const exports = [{ name, port: await freePort(), group: 'old', version: '1.0', weight }];
      return Provider.start(owner, 'dubbo26', { application: 'app-26', registry: zookeeper.url, exports });
    };
    const [heavy, light] = await Promise.all([provider('heavy', 300), provider('light', 100)]);
    await endpoints(2, host);
    // 2.6 would replace 127.0.0.1 by the machine's own address, as it does where it registers.
    const url = `dubbo://loop:${proxy.portOf('rpc')}`;
    for (const module of ['dubbo26', 'dubbo3'] as const) {
      const consumer = await Consumer.start(owner, module);
      await consumer.refer({ on: 'call', service: 'CallService', url, group: 'old', version: '1.0' });
      const answers = [];
      for (let i = 0; i < 40; i++) answers.push((await consumer.who('call', { color: 'green' })).provider);
      assert.deepEqual([answers.filter((name) => name === 'heavy').length, answers.filter((name) => name === 'light').length], [30, 10]);
    }
    await light.stop();
    await endpoints(1, host);
    await heavy.kill();
    await endpoints(0, host);
  });

  test('Motan: a provider is a service while it takes calls', async () => {
    const port = await freePort();
    const motan = await RegisteredPeer.start(owner, 'motan', { registry: zookeeper.address, group: 'g', version: '1.0', port });
    await motan.set(true);
    await endpoints(1, MOTAN);
    const entry = await dumped(MOTAN);
    for (const text of [`motan: ${port}`, 'application: peer-motan', 'module: peers', 'version: "1.0"'])
      assert.ok(entry.includes(text), entry);
    await motan.set(false);
    await endpoints(0, MOTAN);
    await motan.set(true);
    await endpoints(1, MOTAN);
    await motan.stop();
    await endpoints(0, MOTAN);
  });

  test('Spring Cloud: instances of an application are its endpoints while they are up', async () => {
    const ports = await freePorts(2);
    const start = (port: number): Promise<RegisteredPeer> =>
      RegisteredPeer.start(owner, 'springcloud', { registry: zookeeper.address, application: 'orders', port, metadata: { zone: 'a' } });
    const [first, second] = await Promise.all(ports.map(start));
    await endpoints(2, 'orders.spring-cloud');
    const entry = await dumped('orders.spring-cloud');
    for (const port of ports) assert.ok(entry.includes(`http: ${port}`), entry);
    assert.ok(entry.includes('zone: a'), entry);
    await first?.set('OUT_OF_SERVICE');
    await endpoints(1, 'orders.spring-cloud');
    await first?.set('UP');
    await endpoints(2, 'orders.spring-cloud');
    await first?.stop();
    await endpoints(1, 'orders.spring-cloud');
    await second?.kill();
    await proxy.until('/registry', (page) => !/orders\.spring-cloud: [1-9]/.test(page));
  });
});
