import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { PublishedService, Publisher, PublisherStatus } from '@polywire/core/spi';
import type { ZkClient } from '../client/client.ts';
import { dubboService } from '../dubbo/service.ts';
import { encodeNodeName, parseNodeUrl } from '../node-url.ts';
import { createPath } from '../testing/providers.ts';
import { providerOf, publishedService } from '../testing/published.ts';
import { kind, treeServer } from '../testing/tree-server.ts';
import { skipReason } from '../testing/zookeeper-server.ts';
import { ApplicationNodes } from './application-nodes.ts';
import { zookeeperPublisherFactory } from './publisher.ts';

const ADDRESS = { host: '10.0.0.9', port: 20_880 };
const INSTANCE = '/polywire/polywire/10.0.0.9:20880';

function service(name: string, parameters: Readonly<Record<string, string>> = {}, version?: string): PublishedService {
  return publishedService(dubboService({ name, group: undefined, version }, 'dubbo'), [providerOf({ methods: 'a', ...parameters })]);
}

describe('publishing in a real ZooKeeper', { skip: skipReason(), timeout: 5 * 60_000 }, () => {
  const tree = treeServer();
  const log: string[] = [];
  const told = (level: string, message: string) => void log.push(`${level} ${message}`);
  const started: Publisher[] = [];
  after(() => Promise.all(started.map((publisher) => publisher.stop())));

  async function publisher(config: Readonly<Record<string, unknown>> = {}, address = ADDRESS, instance = 'one'): Promise<Publisher> {
    const context = {
      instance,
      protocols: ['dubbo'],
      tls: false,
      registries: [],
      log: told,
    };
    const created = zookeeperPublisherFactory.create({ address: tree.address, sessionTimeout: '15s', ...config }, context);
    started.push(created);
    await created.start(address);
    return created;
  }

  async function until(holds: () => boolean | Promise<boolean>, what: () => unknown = () => ''): Promise<void> {
    const deadline = performance.now() + 60_000;
    while (!(await holds())) {
      if (performance.now() > deadline) assert.fail(JSON.stringify(what()));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  const reaches = (one: Publisher, state: PublisherStatus['state']): Promise<void> =>
    until(
      () => one.status().state === state,
      () => one.status(),
    );

  async function providers(name: string): Promise<string[]> {
    const children = await tree.zk.getChildren(`/polywire/${encodeNodeName(name)}/providers`, false);
    return [...children].sort();
  }

  function application(client: ZkClient, instance: string): ApplicationNodes {
    const own = { application: 'polywire', instance, timestamp: 7, tls: false };
    return new ApplicationNodes({ client, instances: '/polywire', reports: '/polywire', address: ADDRESS, own, log: told });
  }

  test('one node for each service, and its successor before it goes', async () => {
    const one = await publisher({ layouts: ['dubbo'] });
    one.publish([service('a.B', {}, '1.0'), service('a.B', {}, '2.0')]);
    await reaches(one, 'published');
    const before = await providers('a.B');
    assert.deepEqual(
      before.map((node) => parseNodeUrl(node).parameters.get('version')),
      ['1.0', '2.0'],
    );
    one.publish([service('a.B', { timeout: '9' }, '1.0')]);
    await reaches(one, 'published');
    const now = await providers('a.B');
    assert.deepEqual(
      now.map((node) => [parseNodeUrl(node).parameters.get('version'), parseNodeUrl(node).parameters.get('timeout')]),
      [['1.0', '9']],
    );
    assert.deepEqual(
      one.status().services.map(({ service: named, places }) => [named, places]),
      [['a.B:1.0 (dubbo)', ['/polywire/a.B/providers']]],
    );
    await one.withdraw();
    assert.deepEqual(await providers('a.B'), []);
    assert.equal(one.status().state, 'withdrawn');
    assert.deepEqual(one.status().services, []);
  });

  test('a session that is lost, and a server that is away for longer than that', async () => {
    const one = await publisher({ sessionTimeout: '3s', connectTimeout: '300ms' });
    one.publish([service('a.C')]);
    await reaches(one, 'published');
    const { session } = one.status();
    tree.relay.partitioned = true;
    tree.relay.breakAll();
    await reaches(one, 'disconnected');
    one.publish([service('a.C'), service('a.D')]);
    await until(async () => (await providers('a.C')).length === 0);
    tree.relay.partitioned = false;
    await reaches(one, 'published');
    assert.notEqual(one.status().session, session);
    assert.equal((await providers('a.C')).length, 1);
    assert.equal((await providers('a.D')).length, 1);
    assert.deepEqual(await tree.zk.getChildren('/polywire/polywire', false), ['10.0.0.9:20880']);
  });

  test('by application: two of one application share what they have in common', async () => {
    const [one, two] = [await publisher({}, ADDRESS, 'one'), await publisher({}, { host: '10.0.0.10', port: 1 }, 'two')];
    for (const each of [one, two]) each.publish([service('a.B')]);
    await Promise.all([one, two].map((each) => reaches(each, 'published')));
    assert.equal((await tree.zk.getChildren('/polywire/metadata/polywire', false)).length, 1);
    assert.equal(String(await tree.zk.getData('/polywire/mapping/a.B', false)), 'polywire');
    two.publish([]);
    await until(async () => (await tree.zk.getChildren('/polywire/polywire', false)).length === 1);
    one.publish([service('a.B'), service('a.E')]);
    await reaches(one, 'published');
    const data = JSON.parse(String(await tree.zk.getData(INSTANCE, false)));
    const revision: unknown = data.payload.metadata['dubbo.metadata.revision'];
    const metadata = JSON.parse(String(await tree.zk.getData(`/polywire/metadata/polywire/${revision}`, false)));
    assert.deepEqual(Object.keys(metadata.services), ['a.B:dubbo', 'a.E:dubbo']);
  });

  test('mappings of many applications at once lose none', async () => {
    const applications = Array.from({ length: 12 }, (_, index) => `app${index}`);
    const all = await Promise.all(
      applications.map((application, index) => publisher({ application }, { host: '10.0.0.9', port: index + 1 })),
    );
    for (const each of all) each.publish([service('a.B')]);
    await Promise.all(all.map((each) => reaches(each, 'published')));
    assert.deepEqual(
      String(await tree.zk.getData('/polywire/mapping/a.B', false))
        .split(',')
        .sort(),
      applications.sort(),
    );
  });

  test('nodes that may not be created are said, with what to do, and made as soon as they may be', async () => {
    await tree.owner.create('/polywire', Buffer.alloc(0), { acl: 'creator' });
    const one = await publisher({ layouts: ['dubbo'] });
    one.publish([service('a.B'), service('a.C')]);
    await until(() => one.status().services.every(({ state }) => state === 'failed'));
    assert.match(one.status().problem ?? '', /^NO_AUTH: \/polywire\//);
    assert.equal(log.filter((line) => /NO_AUTH.*give auth to this entry of publish/.test(line)).length, 1);
    await tree.owner.setAcl('/polywire', 'open');
    await reaches(one, 'published');
    assert.equal(one.status().problem, undefined);
  });

  test('what a dead predecessor left at the same address is replaced', async () => {
    await createPath(tree.zk, INSTANCE, true);
    const one = await publisher();
    one.publish([service('a.B')]);
    await reaches(one, 'published');
    assert.match(String(await tree.zk.getData(INSTANCE, false)), /"polywire":"one"/);
  });

  test('a Polywire that takes back its application leaves the instance that another has put in its place', async () => {
    const [first, second] = [application(tree.zk, 'one'), application(tree.owner, 'two')];
    first.want('a.B', service('a.B'));
    await first.settle('');
    second.want('a.B', service('a.B'));
    await second.settle('');
    first.want('a.B', undefined);
    await first.settle('');
    assert.match(String(await tree.zk.getData(INSTANCE, false)), /"polywire":"two"/);
    second.want('a.B', undefined);
    await second.settle('');
    assert.equal(await tree.zk.exists(INSTANCE, false), false);
  });

  test('revisions that could not be tidied away are told of once, and the application is published', async () => {
    const nodes = application(tree.zk, 'one');
    await createPath(tree.zk, '/polywire/polywire');
    await tree.owner.create('/polywire/polywire/10.0.0.10:1', Buffer.alloc(0), { acl: 'creator' });
    for (const name of ['a.B', 'a.C', 'a.D']) {
      nodes.want(name, service(name));
      assert.equal(await nodes.settle(''), true);
    }
    const untidy = log.filter((line) => line.includes('former revisions of polywire stay in /polywire/metadata/polywire'));
    assert.deepEqual(
      untidy.map((line) => line.split(' ')[0]),
      ['warn', 'debug'],
    );
  });

  test('Polywires that read what a Polywire published find no provider', async () => {
    const one = await publisher();
    one.publish([service('a.B')]);
    await reaches(one, 'published');
    const reading = await tree.synced({
      root: 'polywire',
      roots: { 'dubbo-application': 'polywire' },
      layouts: ['dubbo', 'dubbo-application'],
    });
    assert.deepEqual(
      [...reading.entries.values()].flatMap(({ endpoints }) => endpoints),
      [],
    );
    assert.ok(
      reading.log.some((line) => /published by Polywire one/.test(line)),
      reading.log.join('\n'),
    );
    const found = reading.deliveries.next(kind('upsert'));
    await createPath(tree.zk, `/polywire/a.B/providers/${encodeNodeName('dubbo://10.0.0.1:1/a.B?interface=a.B')}`, true);
    await found;
    assert.equal([...reading.entries.values()].flatMap(({ endpoints }) => endpoints).length, 1);
  });

  test('two thousand services are published, and the event loop is not held up', async () => {
    const many = Array.from({ length: 2_000 }, (_, index) => service(`a.S${index}`));
    const one = await publisher({ layouts: ['dubbo'] });
    // Of the processor's time: a busy machine holds up everybody.
    let [last, longest] = [process.cpuUsage(), 0];
    const beat = setInterval(() => {
      const { user, system } = process.cpuUsage(last);
      longest = Math.max(longest, (user + system) / 1000);
      last = process.cpuUsage();
    }, 1);
    one.publish(many);
    await reaches(one, 'published');
    clearInterval(beat);
    assert.ok(longest < 500, `${longest} ms`);
    await one.withdraw();
    assert.deepEqual(await providers('a.S1999'), []);
  });
});
