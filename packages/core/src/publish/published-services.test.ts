import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint } from '../cluster/endpoint.ts';
import { formatServiceKey } from '../identity/service-key.ts';
import type { ServiceEntry } from '../registry/registry.ts';
import { ServiceEntryStore } from '../registry/service-entry-store.ts';
import { PublishedServices } from './published-services.ts';

const REGISTRY = { name: 'registry', exactIdentity: true };
const FILES = { name: 'files', exactIdentity: false };

function endpoint(port: number): Endpoint {
  return { address: '10.0.0.1', port, weight: 1, labels: new Map(), metadata: new Map(), origin: 'test' };
}

function entry(name: string, more: Partial<ServiceEntry> = {}): ServiceEntry {
  return {
    ...{ host: `${name.toLowerCase()}.toy`, aliases: [], identity: { name, group: undefined, version: undefined }, protocol: 'toy' },
    ...{ resolution: 'STATIC', location: 'MESH_INTERNAL', ports: [{ name: 'toy', number: 1, protocol: 'TCP' }] },
    ...{ endpoints: [endpoint(1)], annotations: new Map(), origin: 'test', ...more },
  };
}

function names(services: PublishedServices): string[] {
  return services.current().map(({ identity, registered }) => `${formatServiceKey(identity)} ${registered.length}`);
}

test('nothing is said of a source before it was read whole, and what it had stays while it is away', () => {
  const store = new ServiceEntryStore();
  const services = new PublishedServices(store, ['toy']);
  const registry = store.source(REGISTRY);
  registry.upsert(entry('A'));
  assert.deepEqual(names(services), []);
  registry.stale(new Error('away'));
  assert.deepEqual(names(services), []);
  let synced = 0;
  store.onFirstSync(() => synced++);
  registry.synced();
  registry.synced();
  assert.equal(synced, 1);
  assert.deepEqual(names(services), ['A 1']);
  registry.stale(new Error('away'));
  registry.hold('a.toy', 'denied');
  assert.deepEqual(names(services), ['A 1']);
});

test('a service is there as long as it has endpoints', () => {
  const store = new ServiceEntryStore();
  const services = new PublishedServices(store, ['toy']);
  const registry = store.source(REGISTRY);
  registry.replaceAll([entry('A'), entry('B')]);
  registry.upsert(entry('A', { endpoints: [] }));
  assert.deepEqual(names(services), ['B 1']);
  registry.upsert(entry('A', { endpoints: [endpoint(2)] }));
  registry.remove('b.toy');
  assert.deepEqual(names(services), ['A 1']);
});

test('of all services those that the listener speaks, whoever announces them', () => {
  const store = new ServiceEntryStore();
  const services = new PublishedServices(store, ['toy']);
  const identity = { name: 'A', group: 'g', version: '1' };
  store
    .source(REGISTRY)
    .replaceAll([
      entry('A'),
      entry('A', { host: 'a-g.toy', identity }),
      entry('B', { protocol: 'other' }),
      entry('C', { identity: undefined }),
    ]);
  store.source(FILES).replaceAll([entry('A', { host: 'written' }), entry('D', { protocol: undefined })]);
  assert.deepEqual(names(services), ['A 1', 'g/A:1 1', 'D 0']);
  assert.deepEqual(
    new PublishedServices(store, ['toy', 'other']).current().map(({ identity: { name }, protocol }) => `${name} ${protocol}`),
    ['A toy', 'A toy', 'B other'],
  );
});

test('what did not change is the same object', () => {
  const store = new ServiceEntryStore();
  const services = new PublishedServices(store, ['toy']);
  const registry = store.source(REGISTRY);
  registry.replaceAll([entry('A'), entry('B')]);
  const [a, b] = services.current();
  registry.upsert(entry('B', { endpoints: [endpoint(1), endpoint(2)] }));
  const [sameA, otherB] = services.current();
  assert.equal(sameA, a);
  assert.notEqual(otherB, b);
});

test('a change of one service is no work on the others', () => {
  const store = new ServiceEntryStore();
  const registry = store.source(REGISTRY);
  let looks = 0;
  const watched = (index: number, port = 1): ServiceEntry => {
    const name = `Service${index}`;
    const get = (): string => {
      looks++;
      return name;
    };
    const identity = Object.defineProperty({ name, group: undefined, version: undefined }, 'name', { get });
    return entry(name, { identity, endpoints: [endpoint(port)] });
  };
  registry.replaceAll(Array.from({ length: 1_000 }, (_, index) => watched(index)));
  const services = new PublishedServices(store, ['toy']);
  let told = 0;
  const end = services.follow(() => told++);
  const before = services.current();
  registry.upsert(watched(7, 2));
  assert.equal(told, 1);
  looks = 0;
  const now = services.current();
  assert.ok(looks < 20, `${looks} looks at names`);
  assert.deepEqual([now.length, now.filter((each) => !before.includes(each)).length], [1_000, 1]);
  end();
  registry.upsert(watched(8, 2));
  assert.equal(told, 1);
});

test('whatever changes, what is looked at alone is what a look at everything finds', () => {
  const store = new ServiceEntryStore();
  const services = new PublishedServices(store, ['toy', 'other']);
  const [registry, late, files] = [store.source(REGISTRY), store.source({ ...REGISTRY, name: 'late' }), store.source(FILES)];
  services.follow(() => undefined);
  const check = (count: number): void => {
    const [followed, whole] = [services.current(), new PublishedServices(store, ['toy', 'other']).current()];
    assert.deepEqual(followed, whole);
    assert.equal(followed.length, count);
  };
  check(0);
  registry.replaceAll([entry('B'), entry('A')]);
  check(2);
  late.upsert(entry('C'));
  late.upsert(entry('A', { host: 'a.late' }));
  check(2);
  late.synced();
  check(3);
  files.replaceAll([entry('A', { host: 'Written', aliases: ['a.alias'] }), entry('0')]);
  check(4);
  registry.remove('a.toy');
  check(4);
  late.upsert(entry('A', { host: 'a.late', identity: { name: 'A', group: 'g', version: undefined } }));
  check(5);
  late.upsert(entry('A', { host: 'a.late', protocol: 'other' }));
  check(5);
  late.upsert(entry('A', { host: 'a.late', protocol: 'unspoken' }));
  check(4);
  files.replaceAll([]);
  check(2);
  registry.upsert(entry('B', { endpoints: [] }));
  check(1);
  registry.upsert(entry('B', { host: 'B.Toy', endpoints: [endpoint(2)] }));
  check(2);
});
