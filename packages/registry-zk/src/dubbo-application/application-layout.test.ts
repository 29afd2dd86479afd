import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { ServiceEntry } from '@polywire/core/spi';
import { jsonObject } from '../json.ts';
import { TestLeaf } from '../testing/leaf.ts';
import { RECORDED_APPLICATION } from '../testing/recorded-application.ts';
import { ApplicationLayout } from './application-layout.ts';
import { type ExportedService, type MetadataAnswer, servicesOf } from './metadata.ts';

const CALL = 'io.polywire.peers.CallService';
const REVISION: string = RECORDED_APPLICATION.revision;
const SERVICES = parsed(RECORDED_APPLICATION.metadata) ?? [];
const ABSENT: MetadataAnswer = { kind: 'absent', reason: 'they are not in ZooKeeper' };

/** Revisions that can be had, or why one cannot. */
let known: Map<string, readonly ExportedService[] | MetadataAnswer | Error>;
let asked: string[];
let log: string[];
let announced: number[];

beforeEach(() => {
  known = new Map<string, readonly ExportedService[] | Error>([[REVISION, SERVICES]]);
  [asked, log, announced] = [[], [], []];
});

function parsed(text: string): readonly ExportedService[] | undefined {
  return servicesOf(jsonObject(text));
}

function layout(): ApplicationLayout {
  return new ApplicationLayout({
    root: '/services',
    isRequired: true,
    metadata: {
      async get(application, revision, instance) {
        asked.push(`${application} ${revision} ${instance.address}`);
        const found = known.get(revision);
        if (found instanceof Error) throw found;
        return found === undefined ? ABSENT : 'kind' in found ? found : { kind: 'known', services: found };
      },
    },
    retryMs: 60_000,
    patienceMs: 60_000,
    isAnnounced: (_, port) => announced.includes(port),
    log: (level, message) => log.push(`${level}: ${message}`),
  });
}

function instance(address: string, revision = REVISION, port = 12_100): [string, Buffer] {
  const text = RECORDED_APPLICATION.instance
    .replaceAll('127.0.0.1', address)
    .replaceAll(REVISION, revision)
    .replaceAll('12100', String(port));
  return [`${address}:${port}`, Buffer.from(text)];
}

function addresses(entries: Iterable<ServiceEntry>): Record<string, string[]> {
  return Object.fromEntries([...entries].map(({ host, endpoints }) => [host, endpoints.map(({ address, port }) => `${address}:${port}`)]));
}

/** As the follower does: reads again when more is known. */
async function settle(leaf: TestLeaf, children: readonly [string, Buffer][]): Promise<ServiceEntry[]> {
  const changed = leaf.update(new Map(children));
  const more = leaf.reading.pending ?? leaf.reading.later;
  if (more === undefined) return changed;
  await more;
  return [...changed, ...leaf.update(new Map(children))];
}

test('each service of the revision, over each protocol, at its own port', async () => {
  const leaf = new TestLeaf(layout(), ['app-one']);
  const entries = await settle(leaf, [instance('127.0.0.1')]);
  assert.deepEqual(addresses(entries), {
    'io.polywire.peers.call-service.1-0-g.dubbo': ['127.0.0.1:12100'],
    'io.polywire.peers.call-service.tri': ['127.0.0.1:12101'],
    'io.polywire.peers.call-service.0-0-0-pu.dubbo': ['127.0.0.1:12102'],
    'io.polywire.peers.call-service.0-0-0-pu.tri': ['127.0.0.1:12102'],
  });
  const [first, tri] = entries;
  assert.deepEqual([first?.protocol, first?.identity], ['dubbo', { name: CALL, group: 'g', version: '1.0' }]);
  assert.deepEqual([tri?.protocol, tri?.ports], ['tri', [{ name: 'tri', number: 50_051, protocol: 'TCP' }]]);
  const [endpoint] = first?.endpoints ?? [];
  assert.equal(endpoint?.weight, 200);
  assert.deepEqual([endpoint.startedAt, endpoint.warmUp?.durationMs], [1_795_302_597_256, 600_000], 'as the instance says');
  assert.deepEqual(Object.fromEntries(endpoint?.labels ?? []), {
    application: 'app-one',
    dubbo: '2.0.2',
    'dubbo.tag': 'gray',
    env: 'x',
    group: 'g',
    release: '3.3.6',
    version: '1.0',
  });
  assert.deepEqual(log, []);
});

test('one instance of a revision is asked, and of several revisions each instance serves what its own has', async () => {
  known.set('next', SERVICES.slice(0, 1));
  const leaf = new TestLeaf(layout(), ['app-one']);
  const children = [instance('10.0.0.1'), instance('10.0.0.2'), instance('10.0.0.3', 'next')];
  await settle(leaf, children);
  await settle(leaf, children);
  assert.deepEqual(asked.sort(), ['app-one next 10.0.0.3', `app-one ${REVISION} 10.0.0.1`].sort());
  await settle(leaf, [...children, instance('10.0.0.4')]);
  assert.equal(asked.length, 2);
  const { [`io.polywire.peers.call-service.1-0-g.dubbo`]: both, [`io.polywire.peers.call-service.tri`]: old } = addresses(
    leaf.entries.values(),
  );
  assert.deepEqual(both, ['10.0.0.1:12100', '10.0.0.2:12100', '10.0.0.3:12100', '10.0.0.4:12100']);
  assert.deepEqual(old, ['10.0.0.1:12101', '10.0.0.2:12101', '10.0.0.4:12101']);
});

test('an instance that changes its revision keeps what it had until the new one is known', async () => {
  known.set('next', SERVICES.slice(0, 1));
  const leaf = new TestLeaf(layout(), ['app-one']);
  await settle(leaf, [instance('10.0.0.1')]);
  assert.deepEqual(leaf.update(new Map([instance('10.0.0.1', 'next')])), []);
  const changed = await settle(leaf, [instance('10.0.0.1', 'next')]);
  assert.deepEqual(addresses(changed), {
    'io.polywire.peers.call-service.1-0-g.dubbo': ['10.0.0.1:12100'],
    'io.polywire.peers.call-service.tri': [],
    'io.polywire.peers.call-service.0-0-0-pu.dubbo': [],
    'io.polywire.peers.call-service.0-0-0-pu.tri': [],
  });
});

test('services that cannot be read are no reason to drop those that were', async () => {
  const leaf = new TestLeaf(layout(), ['app-one']);
  await settle(leaf, [instance('10.0.0.1')]);
  known.set('next', new Error('denied'));
  assert.deepEqual(await settle(leaf, [instance('10.0.0.1', 'next')]), []);
  assert.equal(leaf.reading.failure?.message, 'denied');
  await settle(leaf, [instance('10.0.0.1', 'next')]);
  assert.equal(asked.length, 2, 'not asked at every read');
});

test('an instance without metadata in ZooKeeper is held back, and named with what to switch on, once', async () => {
  const applications = layout();
  const leaf = new TestLeaf(applications, ['app-local']);
  const local: [string, Buffer] = ['127.0.0.1:12103', Buffer.from(RECORDED_APPLICATION.localInstance)];
  assert.deepEqual(await settle(leaf, [local]), []);
  assert.deepEqual([leaf.reading.failure, log], [undefined, []]);
  applications.synced();
  await settle(leaf, [local]);
  applications.synced();
  assert.equal(log.length, 1);
  assert.match(
    log[0] ?? '',
    /^warn: held back instance \/p\/127\.0\.0\.1:12103: nobody tells the services of app-local .*: they are not in ZooKeeper; with dubbo\.application\.metadata-type=remote/,
  );
});

test('nobody is warned of an instance that registered by interface, too', async () => {
  announced = [12_103];
  const applications = layout();
  const leaf = new TestLeaf(applications, ['app-local']);
  await settle(leaf, [['127.0.0.1:12103', Buffer.from(RECORDED_APPLICATION.localInstance)]]);
  applications.synced();
  assert.deepEqual(
    log.map((line) => line.slice(0, 16)),
    ['debug: held back'],
  );
});

test('metadata that come with a later instance count for all of its revision', async () => {
  known.clear();
  const leaf = new TestLeaf(layout(), ['app-one']);
  await settle(leaf, [instance('10.0.0.1')]);
  known.set(REVISION, SERVICES);
  await settle(leaf, [instance('10.0.0.1'), instance('10.0.0.2')]);
  assert.deepEqual(addresses(leaf.entries.values())['io.polywire.peers.call-service.tri'], ['10.0.0.1:12101', '10.0.0.2:12101']);
});

test('instances without services, of Spring Cloud and of nobody announce nothing', async () => {
  const leaf = new TestLeaf(layout(), ['app-one']);
  const spring =
    '{"name":"web","id":"1","address":"h","port":80,"payload":{"@class":"org.springframework.cloud.X","id":"web","metadata":{}}}';
  const children: [string, Buffer][] = [
    instance('10.0.0.1', '0'),
    ['1', Buffer.from(spring)],
    ['2', Buffer.from('junk')],
    ['3', Buffer.from('{"address":7}')],
    ['4', Buffer.from('{"address":"h","enabled":false}')],
    ['5', Buffer.from('{"address":"h","payload":null}')],
  ];
  assert.deepEqual(await settle(leaf, children), []);
  assert.deepEqual(asked, []);
  assert.deepEqual(
    log.map((line) => line.replace('debug: ignored provider of app-one: ', '')),
    ['no dubbo.metadata.revision', ...Array(2).fill('no instance in JSON with an address'), 'enabled=false', 'no dubbo.metadata.revision'],
  );
});

test('services that nobody here speaks and metadata that are none', async () => {
  const odd = parsed(
    JSON.stringify({
      services: {
        a: { name: 'com.acme.A', protocol: 'rest', port: 1, params: {} },
        b: { name: 'com.acme.B', protocol: 'dubbo', params: { weight: 5 } },
        c: { name: 'com.acme.C', protocol: 'tri' },
        d: 'x',
        e: { protocol: 'dubbo' },
      },
    }),
  );
  known.set(REVISION, odd ?? []);
  const leaf = new TestLeaf(layout(), ['app-one']);
  // The instance's own port for dubbo, and none for tri
  const entries = await settle(leaf, [instance('10.0.0.1')]);
  assert.deepEqual(addresses(entries), { 'com.acme.b.dubbo': ['10.0.0.1:12100'] });
  for (const text of ['', '[]', '{}', '{"services":[]}']) assert.equal(parsed(text), undefined, text);
});
